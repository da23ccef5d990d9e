// From what an operator types, a node's address or a tenant's key, to the object of the server. Used by the commands.
import { backendEndpoints, type BackendJson } from "../src/contract/backend.ts";
import type { Answer, ApiClient } from "../src/contract/client.ts";
import { frontendEndpoints, type FrontendJson } from "../src/contract/frontend.ts";
import { CliError } from "./types.ts";

/** As backends are stored: with a slash at its end. @throws CliError for what is no URL */
export function normalizeHost(host: string): string {
  if (!/^https?:\/\//i.test(host)) throw new CliError("host should start with http(s)://");
  return host.endsWith("/") ? host : `${host}/`;
}

/**
 * Typed without the slash, a backend that was registered without it is found too.
 * @param missing what is said when there is none @throws CliError
 */
export async function findBackend(
  api: ApiClient,
  host: string,
  missing = "backend not found",
): Promise<Answer<BackendJson>> {
  const normalized = normalizeHost(host);
  const backend = await backendByHost(api, normalized) ??
    (host === normalized ? undefined : await backendByHost(api, host));
  if (backend === undefined) throw new CliError(missing);
  return backend;
}

/** @param missing what is said when there is none @throws CliError */
export async function findFrontend(
  api: ApiClient,
  key: string,
  missing = `frontend with key ${key} not found`,
): Promise<Answer<FrontendJson>> {
  const frontend = await frontendByKey(api, key);
  if (frontend === undefined) throw new CliError(missing);
  return frontend;
}

/** @param host exactly as stored */
export async function backendByHost(api: ApiClient, host: string): Promise<Answer<BackendJson> | undefined> {
  const [backend] = await api.call(backendEndpoints.list, { query: { host } });
  return backend;
}

export async function frontendByKey(api: ApiClient, key: string): Promise<Answer<FrontendJson> | undefined> {
  const [frontend] = await api.call(frontendEndpoints.list, { query: { key } });
  return frontend;
}
