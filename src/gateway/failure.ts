// AppError → what a BBB client sees: always HTTP 200 and FAILED with BBB's own key and a fixed text (bbb-api §1.3).
// Details stay in the log. Only join, which a browser follows, has pages.
import type { MessageKey } from "../bbb/message_keys.ts";
import { encode } from "../bbb/query.ts";
import { type BbbResponse, failure } from "../bbb/response.ts";
import { AppError, type ErrorCode, errorText } from "../errors.ts";
import { errorPage } from "../lib/html.ts";
import type { Logger } from "../log.ts";
import { type GatewayRequest, wantsPage } from "./types.ts";

interface Failure {
  readonly messageKey: MessageKey;
  readonly message: string;
  /** HTTP status and text of the page that a browser gets instead. */
  readonly page?: { readonly status: number; readonly title: string; readonly text: string };
}

const INTERNAL: Failure = {
  messageKey: "internalError",
  message: "The request could not be processed. Please try again.",
};
const NO_MEETING = "A meeting with that ID does not exist";

const FAILURES: Readonly<Record<ErrorCode, Failure>> = {
  checksum_mismatch: { messageKey: "checksumError", message: "Checksums do not match" },
  unsupported_request: { messageKey: "unsupportedRequest", message: "This request is not supported." },
  unsupported_content_type: {
    messageKey: "unsupportedContentType",
    message: "POST request Content-Type is missing or unsupported",
  },
  body_too_large: { messageKey: "sizeError", message: "The request body is too large" },
  missing_meeting_id: { messageKey: "missingParamMeetingID", message: "You must provide a meeting ID" },
  meeting_id_too_long: { messageKey: "sizeError", message: "Meeting ID must be between 2 and 256 characters" },
  meeting_id_invalid: { messageKey: "validationError", message: "Meeting ID cannot contain ','" },
  invalid_parameter: { messageKey: "validationError", message: "The parameters of the request cannot be read" },
  meeting_not_found: { messageKey: "notFound", message: NO_MEETING },
  join_meeting_not_found: {
    messageKey: "invalidMeetingIdentifier",
    message: NO_MEETING,
    page: {
      status: 404,
      title: "This meeting is not running",
      text: "It has ended, or has not begun yet. Please go back to where you came from and enter it from there.",
    },
  },
  chat_meeting_not_found: { messageKey: "meetingNotFound", message: "Meeting not found" },
  meeting_id_taken: {
    messageKey: "idNotUnique",
    message: "A meeting already exists with that meeting ID.  Please use a different meeting ID.",
  },
  attendees_limit_reached: {
    messageKey: "attendeesLimitReached",
    message: "The number of participants allowed has been reached",
    page: {
      status: 403,
      title: "All places are taken",
      text: "As many people as are allowed at the same time have joined already. Please try again later.",
    },
  },
  missing_record_id: { messageKey: "missingParamRecordID", message: "You must specify a recordID." },
  missing_publish: { messageKey: "missingParamPublish", message: "You must specify a publish value true or false." },
  publish_invalid: { messageKey: "validationError", message: "Publish must be a boolean value (true or false)" },
  page_invalid: {
    messageKey: "validationError",
    message: "Offset must be a number of at least 0, limit one between 1 and 100",
  },
  recordings_not_found: { messageKey: "notFound", message: "We could not find recordings" },
  no_backend_available: {
    messageKey: "noBackendAvailable",
    message: "No server is available for this meeting. Please try again.",
  },
  node_failed: INTERNAL,
  meeting_not_ready: INTERNAL,
  unavailable: INTERNAL,
  timeout: INTERNAL,
  // Of the REST API, which has a table of its own.
  token_missing: INTERNAL,
  token_invalid: INTERNAL,
  scope_missing: INTERNAL,
  forbidden: INTERNAL,
  not_found: INTERNAL,
  bad_request: INTERNAL,
  malformed_body: INTERNAL,
  unsupported_media_type: INTERNAL,
  validation_failed: INTERNAL,
  conflict: INTERNAL,
  too_many_requests: INTERNAL,
  upload_too_large: INTERNAL,
  upload_stalled: INTERNAL,
  no_space: INTERNAL,
  switched_off: INTERNAL,
  internal: INTERNAL,
  database_newer: INTERNAL,
};

/** Someone must act on these; the others are answers. */
const LOGGED: ReadonlySet<ErrorCode> = new Set([
  "no_backend_available",
  "node_failed",
  "unavailable",
  "timeout",
  "internal",
]);

const codeOf = (error: unknown): ErrorCode => error instanceof AppError ? error.code : "internal";

/** What the answer says, or would say if it were no page and no redirect. */
export const failureKey = (error: unknown): MessageKey => FAILURES[codeOf(error)].messageKey;

/** @param req undefined when the request was not admitted */
export function renderFailure(
  error: unknown,
  req: GatewayRequest | undefined,
  log: Logger,
  requestID: string,
): BbbResponse {
  const code = codeOf(error);
  logFailure(error, code, log, req, requestID);
  const { messageKey, message, page } = FAILURES[code];
  if (req?.resource === "join" && req.params.get("redirect") !== "false") {
    const target = errorRedirect(req.params.get("errorRedirectUrl") ?? "", messageKey, message);
    if (target !== undefined) return { kind: "redirect", location: target, page: false, headers: {} };
    if (page !== undefined && wantsPage(req)) return { kind: "page", status: page.status, html: errorPage(page) };
  }
  return failure(messageKey, message);
}

function logFailure(
  error: unknown,
  code: ErrorCode,
  log: Logger,
  req: GatewayRequest | undefined,
  requestID: string,
): void {
  const fields = {
    code,
    resource: req?.resource,
    frontend: req?.frontend.key,
    request_id: requestID,
    error: errorText(error),
  };
  if (!(error instanceof AppError)) {
    log.error("request failed", { ...fields, stack: error instanceof Error ? error.stack : undefined });
  } else if (LOGGED.has(code)) {
    const cause = error.cause === undefined ? undefined : errorText(error.cause);
    log.warn("request failed", { ...fields, cause });
  } else {
    log.debug("request refused", fields);
  }
}

/** BBB sends errors of join there as a list in JSON (bbb-api §3.2). The URL is covered by the checksum. */
function errorRedirect(url: string, key: string, message: string): string | undefined {
  if (!/^https?:\/\/[^/?#]/i.test(url) || /\s/.test(url)) return undefined;
  const [target = "", fragment] = url.split("#", 2);
  const errors = `errors=${encode(JSON.stringify([{ key, message }]))}`;
  return `${target}${target.includes("?") ? "&" : "?"}${errors}${fragment === undefined ? "" : `#${fragment}`}`;
}
