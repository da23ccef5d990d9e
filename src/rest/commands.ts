// placeholder
import type { Route } from "./route.ts";
export const commandRoutes: readonly Route[] = [];
