// The one error type. Thrown where the fact is known, rendered only at the edge: gateway/failure.ts for BBB clients,
// rest/problem.ts for the REST API.

/** What went wrong, independent of how an edge spells it. */
export type ErrorCode =
  | "checksum_mismatch" // wrong, missing or foreign checksum, unknown or disabled frontend
  | "unsupported_request" // a resource that BBB or we do not serve
  | "unsupported_content_type" // a body of a kind the resource does not take
  | "body_too_large"
  | "missing_meeting_id"
  | "meeting_id_too_long"
  | "meeting_id_invalid" // a comma, or bytes that are no text
  | "invalid_parameter" // a query or body that cannot be read
  | "meeting_not_found"
  | "join_meeting_not_found" // the same fact on join, where BBB uses another key
  | "chat_meeting_not_found" // and on sendChatMessage
  | "meeting_id_taken" // the row belongs to another frontend
  | "attendees_limit_reached"
  | "missing_record_id"
  | "missing_publish"
  | "publish_invalid" // neither true nor false
  | "page_invalid" // offset or limit out of range
  | "recordings_not_found" // none of the ids is a recording of the frontend
  | "no_backend_available"
  | "node_failed" // refused, timed out, unreadable: no answer to pass on
  | "meeting_not_ready" // a meeting that exists and has no node at the moment
  | "unavailable" // neither a trusted view nor a database
  | "database_newer" // a newer build has migrated it: this one must not write
  | "timeout"
  | "token_missing" // REST: no usable Authorization header
  | "token_invalid"
  | "scope_missing"
  | "forbidden"
  | "not_found"
  | "bad_request"
  | "malformed_body"
  | "unsupported_media_type"
  | "validation_failed" // with fields
  | "conflict" // with fields
  | "too_many_requests"
  | "upload_too_large"
  | "upload_stalled" // the client sends nothing any more
  | "no_space" // the disk of the recordings is full, or nearly
  | "switched_off" // the settings that it needs are not there
  | "internal";

/** @param message what failed, values "quoted", no full stop, never secrets, SQL or node URLs */
export class AppError extends Error {
  override name = "AppError";
  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; fields?: Readonly<Record<string, readonly string[]>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fields = options.fields;
  }
  /** Per field of the request, what is wrong with it. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
}

/** The text of anything thrown, for logs and `last_error`. */
export const errorText = (error: unknown): string => error instanceof Error ? error.message : String(error);
