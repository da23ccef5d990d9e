// Who asks: bearer token → principal.
import { type Scope } from "../contract/endpoint.ts";
import type { Clock, Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { reportAuthFailure } from "../lib/auth_failure.ts";
import type { HttpRequest } from "../lib/http.ts";
import { createKnownTokens } from "./known_tokens.ts";

export interface Principal {
  readonly sub: string;
  readonly scopes: ReadonlySet<string>;
  /** Sees everything; wins over what else the token holds. */
  readonly isAdmin: boolean;
}

export interface Authenticator {
  /** @throws token_missing, token_invalid, too_many_requests */
  authenticate(request: HttpRequest): Promise<Principal>;
}

/** Failed tokens of one address within a minute before it has to wait. */
const MOST_FAILURES = 30;
const FAILURE_WINDOW_MS = 60_000;
const WATCHED_ADDRESSES = 10_000;

type AuthDeps = Pick<Deps, "config" | "clock" | "log" | "metrics">;

export function createAuthenticator(deps: AuthDeps): Authenticator {
  const tokens = createKnownTokens(deps);
  const failures = createFailureCounter(deps.clock);

  return {
    authenticate: async (request) => {
      const { req, remoteIP } = request;
      const token = /^Bearer +(\S+)\s*$/i.exec(req.headers.get("authorization") ?? "")?.[1];
      if (token === undefined) throw new AppError("token_missing", "The request carries no bearer token");
      const verified = await tokens.verify(token);
      if (verified === undefined) {
        // Good tokens of the same address pass: a proxy may stand for many, one of them with an old token.
        if (failures.count(remoteIP) >= MOST_FAILURES) {
          throw new AppError("too_many_requests", "Too many failed tokens");
        }
        failures.add(remoteIP);
        reportAuthFailure(deps, request, "token");
        throw new AppError("token_invalid", "The token is wrong or has expired");
      }
      const { sub, scopes } = verified;
      return { sub, scopes, isAdmin: scopes.has("b3scale:admin") };
    },
  };
}

/** @throws scope_missing with the message of 1.x */
export function requireScope(principal: Principal, scopes: readonly Scope[]): void {
  if (scopes.length === 0 || scopes.some((scope) => principal.scopes.has(scope))) return;
  throw new AppError("scope_missing", `${scopes.join(", ")} scope required`);
}

/** Bounded by addresses: the one that failed first is forgotten first. */
function createFailureCounter(clock: Clock) {
  const windows = new Map<string, { startedAt: number; failures: number }>();
  const current = (address: string) => {
    const window = windows.get(address);
    return window !== undefined && clock.monotonic() - window.startedAt < FAILURE_WINDOW_MS ? window : undefined;
  };
  return {
    count: (address: string): number => current(address)?.failures ?? 0,
    add: (address: string): void => {
      const window = current(address) ?? { startedAt: clock.monotonic(), failures: 0 };
      const [oldest] = windows.keys();
      if (!windows.has(address) && windows.size >= WATCHED_ADDRESSES && oldest !== undefined) windows.delete(oldest);
      windows.set(address, { ...window, failures: window.failures + 1 });
    },
  };
}
