// Least loaded first.
import type { RouterMiddleware } from "./types.ts";

export const sortByLoad: RouterMiddleware = (candidates) => candidates.toSorted((a, b) => a.load - b.load);
