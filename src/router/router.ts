// Selects the backend of a new meeting. Middlewares are pure: they remove or order candidates, never add or change one.
import { AppError } from "../errors.ts";
import type { Backend } from "../store/backends.ts";
import { discardIneligible } from "./discard_ineligible.ts";
import { requiredTags } from "./required_tags.ts";
import { sortByLoad } from "./sort_by_load.ts";
import type { Candidate, RouterMiddleware, RoutingRequest } from "./types.ts";

/** In the order in which they apply. */
const routerChain: readonly RouterMiddleware[] = [discardIneligible, requiredTags, sortByLoad];

/** @throws no_backend_available */
export function selectBackend(candidates: readonly Candidate[], req: RoutingRequest, random: () => number): Backend {
  const left = routerChain.reduce((kept, middleware) => middleware(kept, req), candidates);
  const best = left.filter(({ load }) => load === left[0]?.load);
  const chosen = best[Math.floor(random() * best.length)];
  if (chosen === undefined) {
    throw new AppError("no_backend_available", `No backend takes a meeting of frontend "${req.frontend.key}"`);
  }
  return chosen.backend;
}
