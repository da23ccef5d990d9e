// AppError → what a REST client sees: 1.x's JSON, members and statuses, nothing added (its CLI prints every member).
import { AppError, type ErrorCode, errorText } from "../errors.ts";
import { sizedResponse } from "../lib/sized_response.ts";
import type { Logger } from "../log.ts";

interface Problem {
  readonly status: number;
  /** Fixed; undefined = the error's own text is meant for the client. */
  readonly message?: string;
  readonly error?: string;
}

const INTERNAL: Problem = { status: 500, message: "Internal Server Error" };

const PROBLEMS: Readonly<Record<ErrorCode, Problem>> = {
  token_missing: { status: 401, message: "missing or malformed jwt" },
  token_invalid: { status: 401, message: "invalid or expired jwt" },
  scope_missing: { status: 403 },
  forbidden: { status: 403, message: "Forbidden" },
  not_found: { status: 404, message: "Not Found" },
  bad_request: { status: 400, message: "Bad Request" },
  malformed_body: { status: 400 },
  invalid_parameter: { status: 400 },
  unsupported_media_type: { status: 415, message: "Unsupported Media Type" },
  validation_failed: { status: 400, message: "validation failed with input", error: "validation_error" },
  conflict: { status: 409, message: "conflict with an existing resource", error: "conflict" },
  too_many_requests: { status: 429, message: "Too Many Requests" },
  upload_too_large: { status: 413 },
  upload_stalled: { status: 408 },
  no_space: { status: 507 },
  switched_off: { status: 501 },
  body_too_large: { status: 413, message: "Request Entity Too Large" },
  timeout: { status: 503, message: "Service Unavailable" },
  unavailable: INTERNAL,
  internal: INTERNAL,
  database_newer: { status: 500 },
  node_failed: INTERNAL,
  no_backend_available: INTERNAL,
  // Of the BBB API, which has a table of its own.
  checksum_mismatch: INTERNAL,
  unsupported_request: INTERNAL,
  unsupported_content_type: INTERNAL,
  missing_meeting_id: INTERNAL,
  meeting_id_too_long: INTERNAL,
  meeting_id_invalid: INTERNAL,
  meeting_not_found: INTERNAL,
  join_meeting_not_found: INTERNAL,
  chat_meeting_not_found: INTERNAL,
  meeting_id_taken: INTERNAL,
  attendees_limit_reached: INTERNAL,
  missing_record_id: INTERNAL,
  missing_publish: INTERNAL,
  publish_invalid: INTERNAL,
  page_invalid: INTERNAL,
  recordings_not_found: INTERNAL,
  meeting_not_ready: INTERNAL,
};

export function renderProblem(error: unknown, log: Logger, requestID: string): Response {
  const known = error instanceof AppError ? error : undefined;
  const problem = PROBLEMS[known?.code ?? "internal"];
  if (problem.status >= 500) {
    const stack = known === undefined && error instanceof Error ? error.stack : undefined;
    const cause = known?.cause === undefined ? undefined : errorText(known.cause);
    log.error("request failed", { error: errorText(error), cause, stack, request_id: requestID });
  }
  const fields = problem.error === undefined ? undefined : known?.fields;
  const message = problem.message ?? known?.message ?? "";
  return jsonResponse({ error: problem.error, fields, message }, problem.status);
}

/** With the line end of 1.x; no charset, which its clients do not expect. */
export const jsonResponse = (value: unknown, status = 200): Response =>
  sizedResponse(JSON.stringify(value) + "\n", status, [["content-type", "application/json"]]);

/** @throws validation_failed */
export function invalid(fields: Readonly<Record<string, readonly string[]>>): never {
  throw new AppError("validation_failed", "The input is not valid", { fields });
}

/** @throws conflict */
export function conflict(field: string, cause?: unknown): never {
  throw new AppError("conflict", `"${field}" is in use`, { fields: { [field]: ["already in use"] }, cause });
}
