// Tells operators before the first meeting whether callbacks would arrive: those of frontends, which the guard judges, and
// those of nodes at the server's own public URL. Afterwards it shows those that did not.
import { type CallbackCheckJson, callbackEndpoints, type CallbackJson, MOST_CALLBACKS } from "../contract/callback.ts";
import { jsonTime } from "../contract/endpoint.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { ALLOW_ALL } from "../lib/address_ranges.ts";
import { createGuardedFetch, type GuardedResult } from "../lib/guarded_fetch.ts";
import { type CallbackRecord, deleteCallback, listCallbacks, retryCallback } from "../store/callbacks.ts";
import { isUuid } from "./input.ts";
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

/** The only place where row and JSON differ. */
const callbackJson = (row: CallbackRecord): CallbackJson => ({
  id: row.id,
  kind: row.kind,
  state: row.died_at === null ? "waiting" : "dead",
  reason: row.reason,
  frontend_id: row.frontend_id,
  frontend_key: row.frontend_key,
  target: row.origin,
  attempts: row.attempts,
  last_error: row.last_error,
  request_id: row.request_id,
  created_at: jsonTime(row.created_at),
  due_at: row.died_at === null ? jsonTime(row.due_at) : null,
  died_at: row.died_at && jsonTime(row.died_at),
});

/** @throws not_found */
async function known(id: string, work: (id: string) => Promise<CallbackRecord | undefined>): Promise<CallbackJson> {
  const row = isUuid(id) ? await work(id) : undefined;
  if (row === undefined) throw new AppError("not_found", `Callback "${id}" is unknown`);
  return callbackJson(row);
}

export const callbackRoutes = [
  route(callbackEndpoints.list, async ({ deps, query: { state, frontend_key } }) => {
    const dead = state === undefined ? undefined : state === "dead";
    return (await listCallbacks(deps.db, { dead, frontend_key, limit: MOST_CALLBACKS })).map(callbackJson);
  }),

  route(
    callbackEndpoints.retry,
    ({ deps, params: { id = "" } }) => known(id, (id) => deps.db.begin((tx) => retryCallback(tx, id))),
  ),

  route(
    callbackEndpoints.delete,
    ({ deps, params: { id = "" } }) => known(id, (id) => deleteCallback(deps.db, id)),
  ),

  route(callbackEndpoints.check, ({ deps, body }) => body.url ? checkTarget(deps, body.url) : checkPublicUrl(deps)),
];
