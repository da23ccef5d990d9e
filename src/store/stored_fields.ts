// Members of the JSON documents that 1.x reads and writes as well, as fields of our values: how stored_meeting.ts and
// stored_recording.ts spell and read them.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Property → key of the document, in the document's order. */
type Keys<T> = { readonly [name in keyof T]?: string };

/** Without what a jsonb value refuses: in a text that any tenant may have chosen it would fail the whole write. */
export const storableText = (text: string): string => text.replaceAll("\0", "").toWellFormed();

export function encodeFields<T extends object>(value: T, keys: Keys<T>): Record<string, Json> {
  const names = Object.keys(keys) as (keyof T)[];
  return Object.fromEntries(names.map((name) => {
    const field = value[name] as Json;
    return [keys[name] ?? "", typeof field === "string" ? storableText(field) : field];
  }));
}

/** Missing and wrongly typed members read as they are in `zero`. */
export function readFields<T extends object>(from: Record<string, unknown>, keys: Keys<T>, zero: T): T {
  const read = { ...zero };
  for (const name of Object.keys(keys) as (keyof T)[]) {
    const value = member(from, keys[name] ?? "");
    if (typeof value !== typeof zero[name] || (typeof value === "number" && !isCount(value))) continue;
    read[name] = value as T[keyof T];
  }
  return read;
}

/** 1.x reads integers only. */
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** A key of another case counts when the exact one is missing. */
export function member(from: Record<string, unknown>, key: string): unknown {
  if (Object.hasOwn(from, key)) return from[key];
  const lower = key.toLowerCase();
  const other = Object.keys(from).find((candidate) => candidate.toLowerCase() === lower);
  return other === undefined ? undefined : from[other];
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const recordOf = (value: unknown): Record<string, unknown> => isRecord(value) ? value : {};

export const textValues = (record: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && typeof value !== "object")
      .map(([key, value]) => [key, String(value)]),
  );
