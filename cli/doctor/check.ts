// What the doctor says: a fact of the cluster, how bad it is, and what to do about it.
import type { Clock, Fetch } from "../../src/deps.ts";

export type State = "ok" | "warning" | "problem";

export interface Finding {
  readonly state: State;
  readonly message: string;
  /** What to do, in a sentence; empty where nothing is to be done. */
  readonly hint: string;
}

export type Subject =
  | "server"
  | "token"
  | "database"
  | "clock"
  | "node"
  | "cluster"
  | "frontend"
  | "callback"
  | "queue";

export interface Check extends Finding {
  readonly check: Subject;
}

export const ok = (message: string): Finding => ({ state: "ok", message, hint: "" });
export const warning = (message: string, hint: string): Finding => ({ state: "warning", message, hint });
export const problem = (message: string, hint: string): Finding => ({ state: "problem", message, hint });

const RANK: readonly State[] = ["ok", "warning", "problem"];

/** All that was found out about one thing as one check: the worst first, and its advice. */
export function summarize(check: Subject, name: string, findings: readonly Finding[]): Check {
  const sorted = findings.toSorted((a, b) => RANK.indexOf(b.state) - RANK.indexOf(a.state));
  const { state, hint } = sorted[0] ?? ok("");
  const told = state === "ok" ? sorted : sorted.filter((finding) => finding.state !== "ok");
  return { check, state, message: `${name}: ${told.map(({ message }) => message).join("; ")}`, hint };
}

/** What examinations need of the world. */
export interface World {
  readonly apiUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Aborts when the operator interrupts. */
  readonly signal: AbortSignal;
  readonly stored: StoredToken;
  /** How far a long examination is. */
  readonly progress: (line: string) => void;
}

export interface StoredToken {
  readonly path: string;
  readonly token: string | undefined;
  /** Permission bits; null where files have none. */
  readonly mode: number | null;
}

/** For a command that an operator copies: keys, addresses and settings are also written by tenants. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
