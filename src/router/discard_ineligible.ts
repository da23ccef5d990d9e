// Drops backends that take no new meetings: not wanted by the operator, or not healthy.
import { isEligible } from "../cluster/health.ts";
import type { RouterMiddleware } from "./types.ts";

export const discardIneligible: RouterMiddleware = (candidates) =>
  candidates.filter(({ backend }) => isEligible(backend));
