// A callback of the outbox as it is sent to the frontend, and when it is tried again. Pure; used by send_callbacks.ts.
import { type NodeClaims, signNodeToken } from "../contract/node_token.ts";
import type { GuardedRequest } from "../lib/guarded_fetch.ts";
import type { ClaimedCallback } from "../store/callbacks.ts";

const TRY_MS = 10_000;
/** As the node gives it; signed anew for each try, it does not run out while a frontend is down. */
const ANALYTICS_SECONDS = 24 * 3600;

/** Signed with the secret that the frontend has now. */
export function callbackRequest(callback: ClaimedCallback, nowMs: number): GuardedRequest {
  const { kind, url, secret, body } = callback;
  const requestID = { "x-request-id": callback.request_id };
  const claims = JSON.parse(callback.claims ?? "{}") as NodeClaims;
  switch (kind) {
    case "meeting_ended":
      return { url, method: "GET", headers: requestID, timeoutMs: TRY_MS };
    case "recording_ready":
      return {
        url,
        method: "POST",
        headers: { ...requestID, "content-type": "application/x-www-form-urlencoded" },
        body: `signed_parameters=${signNodeToken("HS256", secret, claims)}`,
        timeoutMs: TRY_MS,
      };
    case "analytics": {
      const exp = Math.floor(nowMs / 1000) + ANALYTICS_SECONDS;
      const token = signNodeToken("HS512", secret, { ...claims, exp });
      return {
        url,
        method: "POST",
        headers: { ...requestID, "content-type": "application/json", authorization: `Bearer ${token}` },
        body: body ?? "",
        timeoutMs: TRY_MS,
      };
    }
  }
}

const FIRST_WAITS = [2, 4, 8, 16, 30];
const LONGEST_WAIT = 3600;
/** Callbacks that failed together are not tried together. */
const JITTER = 0.1;

/** @param attempts how often it was tried, at least once @returns seconds until it is tried again */
export function waitAfter(attempts: number, random: () => number): number {
  const seconds = FIRST_WAITS[attempts - 1] ?? Math.min(LONGEST_WAIT, 60 * 2 ** (attempts - FIRST_WAITS.length - 1));
  return seconds * (1 + JITTER * random());
}
