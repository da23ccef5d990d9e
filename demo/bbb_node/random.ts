// Repeatable randomness: the same seed gives the same passwords, ids and tokens in the same order.

export interface Random {
  /** An integer from `from` up to but not including `to`. */
  integer(from: number, to: number): number;
  text(length: number, alphabet?: string): string;
}

export const lowerAlphanumerics = "abcdefghijklmnopqrstuvwxyz0123456789";
export const alphanumerics = lowerAlphanumerics + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** mulberry32: 32 bits of state are plenty for a simulation. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from));
  return {
    integer,
    text: (length, alphabet = lowerAlphanumerics) =>
      Array.from({ length }, () => alphabet.charAt(integer(0, alphabet.length))).join(""),
  };
}
