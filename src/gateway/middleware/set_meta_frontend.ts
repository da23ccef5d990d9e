// Marks each meeting with its frontend's key; a recording that comes back later still finds its owner.
import type { GatewayMiddleware } from "../types.ts";

const MARKER = "meta_b3s-frontend";

/** Innermost of those that change parameters: neither settings nor clients can set another key, in whatever spelling. */
export const setMetaFrontend: GatewayMiddleware = (req, next) => {
  if (req.resource !== "create") return next(req);
  const params = new Map([...req.params].filter(([name]) => name.toLowerCase() !== MARKER));
  return next({ ...req, params: params.set(MARKER, req.frontend.key) });
};
