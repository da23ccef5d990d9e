// What every command of the queue looks like to the worker.
import type { Deps } from "../deps.ts";

export type CommandDeps = Pick<Deps, "config" | "db" | "view" | "nodes" | "clock" | "random" | "log" | "metrics">;

/**
 * Idempotent: a worker may die after any step and another one begins again.
 * @returns what stands in the row's `result`; an error's text stands there instead
 */
export type CommandHandler = (deps: CommandDeps, params: unknown) => Promise<boolean>;

/** A text parameter; 1.x spells the key as given, other spellings of its case are tolerated. @throws Error */
export function textParam(params: unknown, key: string): string {
  const entries = Object.entries(typeof params === "object" && params !== null ? params : {});
  const entry = entries.find(([name]) => name === key) ??
    entries.find(([name]) => name.toLowerCase() === key.toLowerCase());
  if (typeof entry?.[1] !== "string" || entry[1] === "") throw new Error(`parameter "${key}" is missing`);
  return entry[1];
}
