// Which hosts the playback cookie is for: the host that sets it is mostly the API's, and the files are on the playback
// host. Pure; used by rest/protected_recordings.ts.
import { getDomain } from "tldts";
import type { Config } from "../config.ts";

export interface CookieReach {
  /** undefined = only the host that sets it */
  readonly domain: string | undefined;
  readonly secure: boolean;
  /** False: a browser does not send it to the playback host. */
  readonly reaches: boolean;
}

/** @param askedHost `Host` of the request: a proxy may serve links on the playback host, too */
export function cookieReach(
  { apiUrl, playbackHost }: Pick<Config, "apiUrl" | "playbackHost">,
  askedHost: string,
): CookieReach {
  const playback = new URL(playbackHost);
  const api = new URL(apiUrl);
  const setter = URL.parse(`http://${askedHost}`)?.hostname === playback.hostname ? playback : api;
  const secure = setter.protocol === "https:";
  const domain = setter.hostname === playback.hostname ? undefined : commonDomain(setter.hostname, playback.hostname);
  const isSent = !secure || playback.protocol === "https:";
  return { domain, secure, reaches: isSent && (domain !== undefined || setter.hostname === playback.hostname) };
}

/** As long as possible; undefined for addresses, and where only what anybody can register below is common (`ac.uk`). */
function commonDomain(host: string, other: string): string | undefined {
  const owned = registeredDomain(host);
  if (owned === null || owned !== registeredDomain(other)) return undefined;
  const [labels, others] = [host.split(".").reverse(), other.split(".").reverse()];
  const end = labels.findIndex((label, index) => label !== others[index]);
  return labels.slice(0, end < 0 ? labels.length : end).reverse().join(".");
}

/** `uni.ac.uk` of `b3s.uni.ac.uk`. Browsers refuse cookies for what is above it, so no rule of thumb will do. */
const registeredDomain = (host: string): string | null => getDomain(host, { allowPrivateDomains: true });
