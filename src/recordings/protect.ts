// Who may play a protected recording: the token of a playback link, and the cookie that such a link is exchanged for. Pure
// token work; used by the gateway (links) and by rest/protected_recordings.ts (the exchange).
import type { Config } from "../config.ts";
import { signToken, type VerifiedToken, verifyToken } from "../contract/token.ts";
import type { CookieReach } from "./cookie_reach.ts";

const PROTECTED_PATH = "/api/v1/protected/recordings";
const LINK_SECONDS = 3600;

export const COOKIE_NAME = "_b3s_protected";
const COOKIE_SECONDS = 8 * 3600;
const COOKIE_SCOPE = "b3scale:recordings";
/** A browser drops a cookie above 4096 bytes: 32 ids of BBB fit, and fewer that are longer. */
const MOST_RECORDINGS = 32;
const MOST_ID_CHARACTERS = 2400;

type TokenConfig = Pick<Config, "jwtSecret">;

export interface PlaybackLink {
  readonly frontendID: string;
  readonly format: string;
  readonly recordID: string;
}

/** @returns the URL that getRecordings gives instead of the format's own; good for an hour */
export async function protectedLink(
  { jwtSecret, apiUrl }: Pick<Config, "jwtSecret" | "apiUrl">,
  { frontendID, format, recordID }: PlaybackLink,
  nowMs: number,
): Promise<string> {
  const claims = { scope: "", sub: frontendID, aud: [`${format}:${recordID}`], lifetimeSeconds: LINK_SECONDS };
  return `${apiUrl}${PROTECTED_PATH}/${await signToken(jwtSecret, claims, nowMs)}`;
}

/** @returns undefined for a token that is wrong, has expired, or names no recording; `frontendID` may be "" */
export async function readProtectedLink(
  { jwtSecret }: TokenConfig,
  token: string,
  nowMs: number,
): Promise<PlaybackLink | undefined> {
  const verified = await verifyToken(jwtSecret, token, nowMs);
  const [, format, recordID] = /^([^:]+):(.+)$/.exec(verified?.aud[0] ?? "") ?? [];
  if (verified === undefined || format === undefined || recordID === undefined) return undefined;
  return { frontendID: verified.sub, format, recordID };
}

/** What a playback cookie opens. */
export interface Grant {
  readonly frontendID: string;
  /** Oldest first. */
  readonly recordIDs: readonly string[];
}

/** @returns undefined for any other token than that of a playback cookie */
export const grantOf = ({ scopes, sub, aud }: VerifiedToken): Grant | undefined =>
  scopes.has(COOKIE_SCOPE) && sub !== "" ? { frontendID: sub, recordIDs: aud } : undefined;

/** @param held what the browser's cookie opens already; another frontend's is given up */
export function extendGrant(held: Grant | undefined, { frontendID, recordID }: PlaybackLink): Grant {
  const others = held?.frontendID === frontendID ? held.recordIDs.filter((id) => id !== recordID) : [];
  const recordIDs = [...others, recordID].slice(-MOST_RECORDINGS);
  while (recordIDs.length > 1 && recordIDs.join("").length > MOST_ID_CHARACTERS) recordIDs.shift();
  return { frontendID, recordIDs };
}

/** The value of a `Set-Cookie` header. */
export async function playbackCookie(
  { jwtSecret }: TokenConfig,
  { frontendID, recordIDs }: Grant,
  { domain, secure }: Omit<CookieReach, "reaches">,
  nowMs: number,
): Promise<string> {
  const claims = { scope: COOKIE_SCOPE, sub: frontendID, aud: recordIDs, lifetimeSeconds: COOKIE_SECONDS };
  return [
    `${COOKIE_NAME}=${await signToken(jwtSecret, claims, nowMs)}`,
    "Path=/",
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    `Max-Age=${COOKIE_SECONDS}`,
    "HttpOnly",
    ...(secure ? ["Secure"] : []),
    "SameSite=Lax",
  ].join("; ");
}
