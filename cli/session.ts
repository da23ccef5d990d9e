// The way to the server: the stored token, or one made from the shared secret, which is stored once it was accepted.
import { type ApiClient, ApiError, createApiClient } from "../src/contract/client.ts";
import { statusEndpoints } from "../src/contract/status.ts";
import { signToken } from "../src/contract/token.ts";
import { VERSION } from "../src/version.ts";
import { readToken, tokenPath, writeToken } from "./token_store.ts";
import { type CliDeps, CliError, type Session } from "./types.ts";

type SessionDeps = Pick<CliDeps, "fetch" | "clock" | "terminal" | "configDir">;

/** @throws ApiError, and CliError when the token is no admin's */
export async function connect(deps: SessionDeps, apiUrl: string): Promise<Session> {
  const stored = await readToken(deps.configDir, apiUrl);
  return stored === undefined ? await authorize(deps, apiUrl) : await openSession(apiOf(deps, apiUrl, stored));
}

/** Asks for the secret once. */
export async function authorize(deps: SessionDeps, apiUrl: string): Promise<Session> {
  const { terminal, clock, configDir } = deps;
  terminal.write(`
** Authorization required for ${apiUrl} **

Please paste your shared secret here. The generated
access token will be stored in:

   ${tokenPath(configDir, apiUrl)}

Secret: `);
  const secret = await terminal.readSecret();
  terminal.write("\n");
  if (secret === "") throw new CliError("secret should not be empty");
  const token = await signToken(secret, { sub: "b3scalectl", scope: "b3scale:admin" }, clock.now());
  const session = await openSession(apiOf(deps, apiUrl, token));
  await writeToken(configDir, apiUrl, token);
  return session;
}

function apiOf({ fetch, clock }: SessionDeps, url: string, token: string): ApiClient {
  return createApiClient({ url, token, userAgent: `b3scalectl/${VERSION}`, fetch, clock });
}

async function openSession(api: ApiClient): Promise<Session> {
  const status = await api.call(statusEndpoints.root);
  if (!status.is_admin) throw new CliError("authorization failed");
  return { api, status };
}

/** Whether the server refused the token itself. */
export const isRefused = (error: unknown): boolean => error instanceof ApiError && error.status === 401;
