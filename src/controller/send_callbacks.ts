// Delivers the outbox (store/callbacks.ts): claimed → committed → sent → finished, as often as it takes. Every process does;
// the database decides who sends what.
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import { every } from "../lib/every.ts";
import { createGuardedFetch, type GuardedFetch, type GuardedResult } from "../lib/guarded_fetch.ts";
import {
  buryCallback,
  CALLBACKS_CHANNEL,
  claimCallbacks,
  type ClaimedCallback,
  deleteSentCallback,
  postponeCallback,
} from "../store/callbacks.ts";
import { callbackRequest, waitAfter } from "./callback_request.ts";

/** A receiver that hangs, or a frontend with many of them, must not keep the others waiting. */
const BOUNDS = { atOnce: 16, perOrigin: 4, perFrontend: 8 };
const ROUND_MS = 1000;
/** Receivers that were warned of are remembered up to this number. */
const MOST_WARNED = 1000;

type SenderDeps = Pick<Deps, "config" | "db" | "clock" | "random" | "log">;

/** Works until the signal aborts, then finishes the tries under way. */
export async function sendCallbacks(
  deps: SenderDeps,
  signal: AbortSignal,
  send: GuardedFetch = createGuardedFetch({ allow: deps.config.callbackAllow, clock: deps.clock }),
): Promise<void> {
  const { db, clock, log } = deps;
  const warned = new Set<string>();
  const sending = new Map<ClaimedCallback, Promise<void>>();
  let wake = () => {};
  /** A row that is told of while none is waited for must not be missed. */
  let told = false;
  const notify = () => {
    told = true;
    wake();
  };
  const listening = db.listen(CALLBACKS_CHANNEL, notify).catch((error) => {
    log.debug("listening for callbacks failed", { error: errorText(error) });
    return undefined; // the outbox is looked at each second anyway
  });
  signal.addEventListener("abort", notify, { once: true });

  const attention = () =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(ROUND_MS, resolve);
      wake = () => {
        cancel();
        resolve();
      };
      if (told) wake();
    });

  async function start(): Promise<void> {
    told = false;
    const limit = BOUNDS.atOnce - sending.size;
    if (limit <= 0) return; // a place that becomes free looks again
    const claimed = await claimCallbacks(db, { ...BOUNDS, limit, busy: [...sending.keys()] });
    for (const callback of claimed) {
      const done = tryOnce(deps, send, warned, callback).catch((error) => {
        log.warn("callback could not be finished", { ...fieldsOf(callback), error: errorText(error) });
      }).finally(() => {
        sending.delete(callback);
        notify();
      });
      sending.set(callback, done);
    }
  }

  const run = async () => {
    try {
      await start();
    } finally {
      await attention();
    }
  };
  await every(deps, { ms: 0, what: "sending callbacks", isQuick: true, run }, signal);
  while (sending.size > 0) await Promise.all(sending.values());
  await (await listening)?.unlisten();
}

async function tryOnce(
  { db, clock, random, log }: SenderDeps,
  send: GuardedFetch,
  warned: Set<string>,
  callback: ClaimedCallback,
): Promise<void> {
  const result = await send(callbackRequest(callback, clock.now()));
  const fields = { ...fieldsOf(callback), status: result.status ?? undefined };
  const verdict = judge(result);
  if (verdict === "delivered") {
    await deleteSentCallback(db, callback);
    return log.info("callback delivered", fields);
  }
  const error = textOf(result);
  if (verdict === "again") {
    const alive = await postponeCallback(db, callback, { seconds: waitAfter(callback.attempts, random), error });
    if (alive) log.info("callback failed, it is tried again", { ...fields, error });
    else log.warn("callback is given up", { ...fields, error });
    return;
  }
  await buryCallback(db, callback, { reason: verdict, error });
  if (verdict === "refused") {
    if (warned.has(callback.origin)) return;
    if (warned.size < MOST_WARNED) warned.add(callback.origin);
  }
  log.warn("callback cannot be delivered", { ...fields, error });
}

/** A redirect is none: it may lead anywhere, and callbacks were not meant for there. */
function judge(result: GuardedResult): "delivered" | "again" | "gone" | "refused" | "invalid" {
  if (result.status === null) {
    if (result.reason === "refused target") return "refused";
    return result.reason === "invalid" ? "invalid" : "again";
  }
  if (result.status >= 200 && result.status < 300) return "delivered";
  return result.status === 404 || result.status === 410 ? "gone" : "again";
}

const textOf = (result: GuardedResult): string =>
  result.status === null ? result.message : `the receiver answered ${result.status}`;

/** Neither path nor query of the URL. */
const fieldsOf = ({ kind, origin, id, attempts, request_id }: ClaimedCallback) => ({
  kind,
  host: URL.parse(origin)?.host ?? "",
  callback_id: id,
  attempt: attempts,
  request_id,
});
