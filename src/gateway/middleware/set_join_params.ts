// `join` with the parameters that the operator has set for the frontend.
import { applyParams } from "../apply_params.ts";
import type { GatewayMiddleware } from "../types.ts";

export const setJoinParams: GatewayMiddleware = (req, next) => {
  if (req.resource !== "join") return next(req);
  const { join_override_params, join_default_params } = req.frontend.settings;
  return next({ ...req, params: applyParams(req.params, join_override_params, join_default_params) });
};
