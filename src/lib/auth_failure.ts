// The line that whoever shuts out attackers goes by (deploy/fail2ban): a request that nobody can vouch for. Written by every
// edge that checks a checksum or a token.
import type { Deps } from "../deps.ts";
import { type HttpRequest, targetOf } from "./http.ts";

/** Somebody may send paths of any length, thousands of times. */
const MOST_PATH = 200;

/**
 * One line, whose shape the filters read: `kind` and `remote_ip` first.
 * @param frontend key of a frontend that exists; what a client made up is in the path, escaped
 */
export function reportAuthFailure(
  { log, metrics }: Pick<Deps, "log" | "metrics">,
  { req, id, remoteIP }: HttpRequest,
  kind: "checksum" | "token",
  frontend?: string,
): void {
  const [path = ""] = targetOf(req.url).split("?", 1);
  log.warn("authentication failed", {
    kind,
    remote_ip: remoteIP,
    path: path.slice(0, MOST_PATH),
    frontend,
    request_id: id,
  });
  metrics.authFailure(kind);
}
