// One value per REST endpoint drives validation, scopes, the typed client and OpenAPI (style: contract/ binds nothing,
// rest/ adds the handlers).
import * as v from "valibot";

export type Scope = "b3scale:admin" | "b3scale" | "b3scale:node" | "b3scale:recordings" | "b3scale:callback";

/** Errors beyond those of every endpoint: 401, 403 and 500. */
export type ErrorStatus = 400 | 404 | 408 | 409 | 413 | 415 | 429 | 501 | 507;

export interface Endpoint<Query = unknown, Body = unknown, Result = unknown> {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/api`, with `:name` for what varies. */
  readonly path: string;
  readonly summary: string;
  /** Any one suffices, and this order is the 403 message's; none = any valid token. */
  readonly scopes: readonly Scope[];
  readonly status: 200 | 202;
  /** Filters; others are ignored, and an empty one counts as absent. */
  readonly query: v.GenericSchema<unknown, Query>;
  readonly body: v.GenericSchema<unknown, Body>;
  /** Type of a body that is no JSON: the handler reads it. */
  readonly media?: string;
  readonly response: v.GenericSchema<unknown, Result>;
  readonly errors: readonly ErrorStatus[];
  /** False for what agents say many times a second: it is no change by a person. */
  readonly audited: boolean;
}

interface Given<Query, Body, Result> extends Partial<Omit<Endpoint<Query, Body, Result>, "response">> {
  readonly method: Endpoint["method"];
  readonly path: string;
  readonly summary: string;
  readonly scopes: readonly Scope[];
  readonly response: v.GenericSchema<unknown, Result>;
}

const NOTHING = v.object({});

export function endpoint<Result, Query = Record<never, never>, Body = Record<never, never>>(
  given: Given<Query, Body, Result>,
): Endpoint<Query, Body, Result> {
  return {
    status: 200,
    query: NOTHING as unknown as v.GenericSchema<unknown, Query>,
    body: NOTHING as unknown as v.GenericSchema<unknown, Body>,
    errors: [],
    audited: given.method !== "GET",
    ...given,
  };
}

/** RFC 3339 in UTC, without a fraction when it is zero, as 1.x writes it. */
export const jsonTime = (at: Date): string =>
  at.toISOString().replace(/\.(\d*?)0*Z$/, (_, digits) => digits === "" ? "Z" : `.${digits}Z`);

export const TimeJson = v.pipe(v.string(), v.description("RFC 3339, UTC"));

/** What PostgreSQL refuses is refused at the edge: it would be an error of ours else. */
export const Text = v.pipe(
  v.string(),
  v.check((text) => !text.includes("\0") && text.isWellFormed(), "should not contain NUL or broken characters"),
);
