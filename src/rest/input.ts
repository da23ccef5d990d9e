// Bodies and queries of REST requests, read by the endpoint's schemas.
import * as v from "valibot";
import { AppError } from "../errors.ts";
import { readBody } from "../lib/read_bytes.ts";

const MAX_DEPTH = 64;

/**
 * @returns the value of the JSON body; {} for an empty one, and for the form and XML bodies that 1.x binds nothing from
 * @throws unsupported_media_type, malformed_body, body_too_large, invalid_parameter for a body that was cut off
 */
export async function readJsonBody(req: Request): Promise<unknown> {
  const text = new TextDecoder().decode(await readBody(req));
  if (text.trim() === "") return {};
  const type = (req.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (IGNORED_TYPES.has(type)) return {};
  if (type !== "application/json") throw new AppError("unsupported_media_type", `Content type "${type}" is not JSON`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError("malformed_body", "The body is not valid JSON", { cause });
  }
  if (isTooDeep(value)) throw new AppError("malformed_body", `The body is nested deeper than ${MAX_DEPTH} levels`);
  return value;
}

/** Whatever works on a body may recurse after this; JSON.parse itself does not. */
function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((one) => typeof one === "object" && one !== null ? Object.values(one) : []);
  }
  return false;
}

const IGNORED_TYPES = new Set([
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "application/xml",
  "text/xml",
]);

/** Texts that a schema gives itself name the rule; those of the library quote the value, which may be a secret. */
const OWN_TEXT = /^(is|this|should|unknown) /;

/**
 * @throws validation_failed naming each field for rules of ours, malformed_body naming the field for a wrong type
 */
export function checkInput<T>(schema: v.GenericSchema<unknown, T>, given: unknown): T {
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const fields: Record<string, string[]> = {};
  for (const issue of result.issues) {
    const path = v.getDotPath(issue) ?? "";
    if (!OWN_TEXT.test(issue.message)) {
      throw new AppError(
        "malformed_body",
        `field "${path === "" ? "body" : path}" should be ${issue.expected ?? "something else"}`,
      );
    }
    (fields[path] ??= []).push(issue.message);
  }
  throw new AppError("validation_failed", "The input is not valid", { fields });
}

/** Query parameters as an object; empty ones count as absent. */
export const readQueryObject = (url: string): Record<string, string> => {
  const entries = Array.from(new URL(url).searchParams).filter(([, value]) => value !== "");
  return Object.fromEntries(entries.toReversed()); // the first of a repeated name wins
};

/** 1.x's words for true. */
export const isTrueish = (value: string | undefined): boolean =>
  ["yes", "true", "1"].includes((value ?? "").toLowerCase());

export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
