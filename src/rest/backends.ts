// placeholder
import type { Route } from "./route.ts";
export const backendRoutes: readonly Route[] = [];
