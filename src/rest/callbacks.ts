// Tells operators before the first meeting whether callbacks would arrive: those of frontends, which the guard judges, and
// those of nodes at the server's own public URL.
import { type CallbackCheckJson, callbackEndpoints } from "../contract/callback.ts";
import type { Deps } from "../deps.ts";
import { ALLOW_ALL } from "../lib/address_ranges.ts";
import { createGuardedFetch, type GuardedResult } from "../lib/guarded_fetch.ts";
import { invalid } from "./problem.ts";
import { route } from "./route.ts";

const DEADLINE_MS = 5000;

const checkJson = (url: string, public_url: boolean, result: GuardedResult): CallbackCheckJson => ({
  target: URL.parse(url)?.origin ?? "",
  public_url,
  allowed: result.status !== null || result.reason !== "refused target",
  reachable: result.status !== null,
  status: result.status,
  reason: result.status === null ? result.message : null,
});

/** The operator's own setting may lead anywhere. Without a token any b3scaled answers 401 there. */
async function checkPublicUrl({ config, clock }: Pick<Deps, "config" | "clock">): Promise<CallbackCheckJson> {
  const ask = createGuardedFetch({ allow: ALLOW_ALL, clock });
  const result = await ask({ url: `${config.apiUrl}/api/v1`, method: "GET", timeoutMs: DEADLINE_MS });
  return checkJson(config.apiUrl, true, result);
}

/** The host's root by HEAD: the whole URL may hold a token, and a callback that nobody sent must not arrive. */
async function checkTarget({ config, clock }: Pick<Deps, "config" | "clock">, url: string): Promise<CallbackCheckJson> {
  const ask = createGuardedFetch({ allow: config.callbackAllow, clock });
  const root = URL.parse(url);
  if (root !== null) [root.pathname, root.search, root.hash] = ["/", "", ""];
  const result = await ask({ url: root?.href ?? "", method: "HEAD", timeoutMs: DEADLINE_MS });
  if (result.status === null && result.reason === "invalid") {
    invalid({ url: ["should be an http:// or https:// URL without a user in it"] });
  }
  return checkJson(url, false, result);
}

export const callbackRoutes = [
  route(callbackEndpoints.check, ({ deps, body }) => body.url ? checkTarget(deps, body.url) : checkPublicUrl(deps)),
];
