// Verified tokens are remembered: an agent shows the same one each second, a browser the same cookie with each file.
import { type VerifiedToken, verifyToken } from "../contract/token.ts";
import type { Deps } from "../deps.ts";

export interface KnownTokens {
  /** @returns undefined for a token that is wrong or has expired */
  verify(token: string): Promise<VerifiedToken | undefined>;
}

const MOST = 2000;

export function createKnownTokens({ config, clock }: Pick<Deps, "config" | "clock">): KnownTokens {
  const known = new Map<string, VerifiedToken>();
  return {
    verify: async (token) => {
      const held = known.get(token);
      if (held !== undefined && (held.exp === undefined || held.exp * 1000 > clock.now())) return held;
      const verified = await verifyToken(config.jwtSecret, token, clock.now());
      if (verified === undefined) return undefined;
      const [oldest] = known.keys();
      if (known.size >= MOST && oldest !== undefined) known.delete(oldest);
      known.set(token, verified);
      return verified;
    },
  };
}
