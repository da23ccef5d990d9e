// `create` with the parameters that the operator has set for the frontend.
import { applyParams } from "../apply_params.ts";
import type { GatewayMiddleware } from "../types.ts";

export const setCreateParams: GatewayMiddleware = (req, next) => {
  if (req.resource !== "create") return next(req);
  const { create_override_params, create_default_params } = req.frontend.settings;
  return next({ ...req, params: applyParams(req.params, create_override_params, create_default_params) });
};
