// What `b3scaled --check` does: asks the b3scaled that has the same settings how it is. For health checks of containers
// without another program in them; called by main.ts.
import type { ListenAddress } from "./setting_kinds.ts";
import type { Clock, Fetch } from "../deps.ts";
import { errorText } from "../errors.ts";

const MOST_MS = 4000;

/** @returns why it is not well; undefined = it is */
export async function askHealth(
  { fetch, clock }: { fetch: Fetch; clock: Pick<Clock, "after"> },
  listen: ListenAddress,
  path: "/healthz" | "/readyz",
): Promise<string | undefined> {
  const url = `http://${reachable(listen)}${path}`;
  const deadline = new AbortController();
  const cancel = clock.after(MOST_MS, () => deadline.abort(new Error(`no answer within ${MOST_MS / 1000} s`)));
  try {
    const response = await fetch(url, { signal: deadline.signal });
    const body = await response.text();
    return response.ok ? undefined : `${url}: status ${response.status}: ${body.slice(0, 500).trim()}`;
  } catch (error) {
    return `${url}: ${errorText(error)}`;
  } finally {
    cancel();
  }
}

/** An address to listen on may stand for all of a host. */
function reachable({ hostname, port }: ListenAddress): string {
  if (hostname === "0.0.0.0") return `127.0.0.1:${port}`;
  if (hostname === "::") return `[::1]:${port}`;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
