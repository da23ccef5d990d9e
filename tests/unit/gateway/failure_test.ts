import assert from "node:assert/strict";
import { messageKeyOf } from "../../../src/bbb/response.ts";
import { childText } from "../../../src/bbb/xml.ts";
import { AppError, type ErrorCode } from "../../../src/errors.ts";
import { renderFailure } from "../../../src/gateway/failure.ts";
import { makeLog, makeRequest } from "../../support/make.ts";

/** Every code, the key that BBB's clients know it by, and how it is logged. */
const codes: Record<ErrorCode, [messageKey: string, level: "debug" | "warn"]> = {
  checksum_mismatch: ["checksumError", "debug"],
  unsupported_request: ["unsupportedRequest", "debug"],
  unsupported_content_type: ["unsupportedContentType", "debug"],
  body_too_large: ["sizeError", "debug"],
  missing_meeting_id: ["missingParamMeetingID", "debug"],
  meeting_id_too_long: ["sizeError", "debug"],
  meeting_id_invalid: ["validationError", "debug"],
  invalid_parameter: ["validationError", "debug"],
  meeting_not_found: ["notFound", "debug"],
  join_meeting_not_found: ["invalidMeetingIdentifier", "debug"],
  chat_meeting_not_found: ["meetingNotFound", "debug"],
  meeting_id_taken: ["idNotUnique", "debug"],
  attendees_limit_reached: ["attendeesLimitReached", "debug"],
  missing_record_id: ["missingParamRecordID", "debug"],
  missing_publish: ["missingParamPublish", "debug"],
  publish_invalid: ["validationError", "debug"],
  page_invalid: ["validationError", "debug"],
  recordings_not_found: ["notFound", "debug"],
  no_backend_available: ["noBackendAvailable", "warn"],
  node_failed: ["internalError", "warn"],
  meeting_not_ready: ["internalError", "debug"],
  unavailable: ["internalError", "warn"],
  timeout: ["internalError", "warn"],
  internal: ["internalError", "warn"],
  database_newer: ["internalError", "debug"],
  token_missing: ["internalError", "debug"],
  token_invalid: ["internalError", "debug"],
  scope_missing: ["internalError", "debug"],
  forbidden: ["internalError", "debug"],
  not_found: ["internalError", "debug"],
  bad_request: ["internalError", "debug"],
  malformed_body: ["internalError", "debug"],
  unsupported_media_type: ["internalError", "debug"],
  validation_failed: ["internalError", "debug"],
  conflict: ["internalError", "debug"],
  too_many_requests: ["internalError", "debug"],
  upload_too_large: ["internalError", "debug"],
  upload_stalled: ["internalError", "debug"],
  no_space: ["internalError", "debug"],
  switched_off: ["internalError", "debug"],
};
const SECRET_TEXT = 'select secret from frontends where host = "https://n1/?checksum=1"';

for (const [code, [messageKey, level]] of Object.entries(codes)) {
  Deno.test(`renderFailure() ${code} is FAILED ${messageKey} with HTTP 200 and a fixed text`, () => {
    const { log, lines } = makeLog();
    const error = new AppError(code as ErrorCode, SECRET_TEXT, { cause: new Error("a cause") });
    const response = renderFailure(error, makeRequest(), log, "r1");
    assert(response.kind === "xml");
    assert.equal(response.status, 200);
    assert.equal(childText(response.root, "returncode"), "FAILED");
    assert.equal(messageKeyOf(response.root), messageKey);
    assert.match(childText(response.root, "message"), /^[A-Z].{10,}/);
    assert(!JSON.stringify(response).includes("select"));
    assert.deepEqual(lines.map((line) => line.level), [level]);
    assert.equal(lines[0]?.fields.request_id, "r1");
    assert.equal(lines[0]?.fields.error, SECRET_TEXT);
    assert.equal(lines[0]?.fields.cause, level === "warn" ? "a cause" : undefined);
  });
}

Deno.test("renderFailure() of anything else is a bug: logged with its stack, answered without a word of it", () => {
  for (const thrown of [new TypeError("x is undefined"), "a text", undefined]) {
    const { log, lines } = makeLog();
    const response = renderFailure(thrown, undefined, log, "r1");
    assert(response.kind === "xml");
    assert.equal(messageKeyOf(response.root), "internalError");
    assert(!JSON.stringify(response).includes("undefined"));
    assert.deepEqual(lines.map((line) => line.level), ["error"]);
    assert.equal(typeof lines[0]?.fields.stack, thrown instanceof Error ? "string" : "undefined");
  }
});

const browser = { resource: "join", accept: "text/html,application/xml" };
const notFound = new AppError("join_meeting_not_found", "Meeting is unknown");
const full = new AppError("attendees_limit_reached", "Frontend is full");
const kinds: [
  name: string,
  error: AppError,
  request: Parameters<typeof makeRequest>[0],
  kind: string,
  status?: number,
][] = [
  ["a browser: unknown meeting", notFound, browser, "page", 404],
  ["a browser: full frontend", full, browser, "page", 403],
  ["a browser: anything else", new AppError("node_failed", "x"), browser, "xml"],
  ["a browser that asks for XML", notFound, { ...browser, params: { redirect: "false" } }, "xml"],
  ["a browser with redirect=true", notFound, { ...browser, params: { redirect: "true" } }, "page", 404],
  ["a program", notFound, { ...browser, accept: "*/*" }, "xml"],
  ["a client without Accept", full, { ...browser, accept: "" }, "xml"],
  ["another call than join", full, { ...browser, resource: "create" }, "xml"],
];
for (const [name, error, request, kind, status] of kinds) {
  Deno.test(`renderFailure() for ${name} is ${kind} ${status ?? ""}`, () => {
    const response = renderFailure(error, makeRequest(request), makeLog().log, "r1");
    assert.equal(response.kind, kind);
    if (response.kind === "page") assert.equal(response.status, status);
  });
}

const errors = (key: string, message: string) =>
  encodeURIComponent(JSON.stringify([{ key, message }])).replaceAll("%20", "+");
const targets: [url: string, location: string | undefined][] = [
  ["https://lms.example/error", "https://lms.example/error?errors="],
  ["https://lms.example/error?course=1", "https://lms.example/error?course=1&errors="],
  ["https://lms.example/error#top", "https://lms.example/error?errors=#top"],
  ["HTTP://lms.example", "HTTP://lms.example?errors="],
  ["javascript:alert(1)", undefined],
  ["//evil.example", undefined],
  ["https://", undefined],
  ["https:///x", undefined],
  ["https://lms.example/ x", undefined],
  ["", undefined],
];
for (const [url, location] of targets) {
  Deno.test(`renderFailure() with errorRedirectUrl=${url} leads ${location === undefined ? "nowhere" : "there"}`, () => {
    const request = makeRequest({ resource: "join", params: { errorRedirectUrl: url } });
    const response = renderFailure(notFound, request, makeLog().log, "r1");
    if (location === undefined) return assert.equal(response.kind, "xml");
    assert(response.kind === "redirect");
    const list = errors("invalidMeetingIdentifier", "A meeting with that ID does not exist");
    assert.equal(response.location, location.replace("errors=", `errors=${list}`));
  });
}

Deno.test("renderFailure() leads to errorRedirectUrl neither for redirect=false, nor other calls, nor who did not sign", () => {
  const params = { errorRedirectUrl: "https://lms.example/error" };
  const log = makeLog().log;
  const asXml = makeRequest({ resource: "join", params: { ...params, redirect: "false" } });
  assert.equal(renderFailure(notFound, asXml, log, "r1").kind, "xml");
  assert.equal(renderFailure(notFound, makeRequest({ resource: "end", params }), log, "r1").kind, "xml");
  assert.equal(renderFailure(new AppError("checksum_mismatch", "x"), undefined, log, "r1").kind, "xml");
});
