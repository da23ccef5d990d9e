// Marks each meeting with its frontend's key; a recording that comes back later still finds its owner.
import { type GatewayMiddleware, withParam } from "../types.ts";

/** Innermost of those that change parameters: neither settings nor clients can set another key. */
export const setMetaFrontend: GatewayMiddleware = (req, next) =>
  next(req.resource === "create" ? withParam(req, "meta_b3s-frontend", req.frontend.key) : req);
