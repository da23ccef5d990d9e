// The way to the server: the stored token, or one made from the shared secret, which is stored once it was accepted.
import { type ApiClient, ApiError, createApiClient } from "../src/contract/client.ts";
import { statusEndpoints } from "../src/contract/status.ts";
import { signToken } from "../src/contract/token.ts";
import { VERSION } from "../src/version.ts";
import { type CliDeps, CliError, type ConnectOptions, type Session } from "./types.ts";

type SessionDeps = Pick<CliDeps, "fetch" | "clock" | "terminal" | "tokens" | "signal">;

/** @throws ApiError, and CliError when the token is no admin's */
export async function connect(deps: SessionDeps, apiUrl: string, options?: ConnectOptions): Promise<Session> {
  const session = await openStored(deps, apiUrl, options);
  if (session !== undefined) return session;
  const secret = await askSecret(deps, apiUrl, "run `b3scalectl auth authorize --secret <secret>` first");
  return await authorizeOnce(deps, apiUrl, secret, options);
}

/** Never asks. @returns undefined when no token is stored @throws as connect() */
export async function openStored(
  deps: SessionDeps,
  apiUrl: string,
  options?: ConnectOptions,
): Promise<Session | undefined> {
  const token = await deps.tokens.read(apiUrl);
  if (token === undefined) return undefined;
  try {
    return await openSession(deps, apiUrl, token, options);
  } catch (error) {
    if (!isRefused(error)) throw error;
    throw new CliError(`${error.message} (the stored token was refused: run \`b3scalectl auth authorize\`)`);
  }
}

/** For a secret that is not asked for again. @throws as connect() */
export async function authorizeOnce(...given: Parameters<typeof authorize>): Promise<Session> {
  try {
    return await authorize(...given);
  } catch (error) {
    throw isRefused(error) ? new CliError(`${error.message} (wrong secret: no token was stored)`) : error;
  }
}

/** A token of the secret, stored once the server took it. @throws ApiError */
export async function authorize(
  deps: SessionDeps,
  apiUrl: string,
  secret: string,
  options?: ConnectOptions,
): Promise<Session> {
  const token = await signToken(secret, { sub: "b3scalectl", scope: "b3scale:admin" }, deps.clock.now());
  const session = await openSession(deps, apiUrl, token, options);
  await deps.tokens.write(apiUrl, token);
  return session;
}

/** @param otherwise what to do where nobody can be asked @throws CliError */
export async function askSecret(
  { terminal, tokens }: Pick<SessionDeps, "terminal" | "tokens">,
  apiUrl: string,
  otherwise: string,
): Promise<string> {
  // Where stdout is a file, nobody would see the question there.
  const write = terminal.readSecret !== undefined && !terminal.interactive ? terminal.prompt : terminal.write;
  write(`
** Authorization required for ${apiUrl} **

Please paste your shared secret here. The generated
access token will be stored in:

   ${tokens.pathOf(apiUrl)}

Secret: `);
  return await readSecret(terminal, write, otherwise);
}

/** @param write to where the prompt stands: what is typed leaves no line break there @throws CliError */
export async function readSecret(
  terminal: SessionDeps["terminal"],
  write: (text: string) => void,
  otherwise: string,
): Promise<string> {
  try {
    if (terminal.readSecret === undefined) {
      throw new CliError(`there is no terminal to ask for the secret: ${otherwise}`);
    }
    const secret = await terminal.readSecret();
    if (secret === "") throw new CliError("secret should not be empty");
    return secret;
  } finally {
    write("\n");
  }
}

async function openSession(
  { fetch, clock, signal }: SessionDeps,
  url: string,
  token: string,
  { timeoutMs }: ConnectOptions = {},
): Promise<Session> {
  const client = createApiClient({ url, token, userAgent: `b3scalectl/${VERSION}`, fetch, clock, timeoutMs });
  // An interrupt ends every call, not only those whose commands think of it.
  const api: ApiClient = { ...client, call: (endpoint, given) => client.call(endpoint, { signal, ...given }) };
  const status = await api.call(statusEndpoints.root);
  if (!status.is_admin) throw new CliError("authorization failed");
  return { api, status };
}

/** Whether the server refused the token itself. */
export const isRefused = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 401;
