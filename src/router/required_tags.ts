// Keeps the backends that have every tag a frontend requires.
import type { RouterMiddleware } from "./types.ts";

/** An empty tag is always satisfied, as in 1.x. */
export const requiredTags: RouterMiddleware = (candidates, { frontend }) => {
  const required = (frontend.settings.required_tags ?? []).filter((tag) => tag !== "");
  if (required.length === 0) return candidates;
  return candidates.filter(({ backend }) => required.every((tag) => backend.tags.includes(tag)));
};
