// placeholder
import type { Route } from "./route.ts";
export const agentRoutes: readonly Route[] = [];
