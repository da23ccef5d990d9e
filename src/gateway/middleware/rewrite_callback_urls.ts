// Callbacks of a node come back through us: it signs with its own secret and knows the cluster's meeting id only.
import { CALLBACK_PARAMETERS } from "../../contract/callback.ts";
import { signToken } from "../../contract/token.ts";
import type { Deps } from "../../deps.ts";
import type { GatewayMiddleware } from "../types.ts";

/** Recordings may be ready months after the meeting; 1.x's tokens never end. */
const LIFETIME_SECONDS = 180 * 86400;

export const rewriteCallbackUrls =
  ({ config, clock }: Pick<Deps, "config" | "clock">): GatewayMiddleware => async (req, next) => {
    if (req.resource !== "create") return await next(req);
    const params = new Map(req.params);
    for (const [name, url] of req.params) {
      if (url === "" || !CALLBACK_PARAMETERS.has(name.toLowerCase())) continue;
      const claims = { scope: "b3scale:callback", sub: req.frontend.id, aud: [url], lifetimeSeconds: LIFETIME_SECONDS };
      const token = await signToken(config.jwtSecret, claims, clock.now());
      params.set(name, `${config.apiUrl}/api/v1/callbacks/proxy/${token}`);
    }
    return await next({ ...req, params });
  };
