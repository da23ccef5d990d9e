// `join` with the parameters that the operator has set for the frontend.
import { applyParams, withoutOddNames } from "../apply_params.ts";
import type { GatewayMiddleware } from "../types.ts";

export const setJoinParams: GatewayMiddleware = (req, next) => {
  if (req.resource !== "join") return next(req);
  const { join_override_params, join_default_params } = req.frontend.settings;
  const params = applyParams(req.params, join_override_params, join_default_params);
  return next({ ...req, params: withoutOddNames(params, "userdata-") });
};
