import assert from "node:assert/strict";
import { readAnswer } from "../../../src/bbb/answer.ts";
import { NodeError, type NodeErrorReason } from "../../../src/bbb/client.ts";
import { childText } from "../../../src/bbb/xml.ts";

const read = (text: string, status = 200) =>
  readAnswer({ status, headers: new Headers(), body: new TextEncoder().encode(text), latencyMs: 1 }, "create");

const fails = (reason: NodeErrorReason, words: RegExp) => (error: unknown): boolean =>
  error instanceof NodeError && error.reason === reason && error.resource === "create" && words.test(error.message);

Deno.test("readAnswer() gives the tree of SUCCESS and of FAILED alike", () => {
  assert.equal(childText(read("<response><returncode>SUCCESS</returncode><a>ä</a></response>"), "a"), "ä");
  const failed = "<response><returncode>FAILED</returncode><messageKey>notFound</messageKey></response>";
  assert.equal(childText(read(failed), "messageKey"), "notFound");
});

Deno.test("readAnswer() takes another status, no XML and no envelope as a failure of the node", () => {
  const ok = "<response><returncode>SUCCESS</returncode></response>";
  for (const status of [302, 404, 405, 500, 502]) {
    assert.throws(() => read(ok, status), fails("status", new RegExp(`^create: HTTP status ${status}$`)));
  }
  const unreadable = [
    "",
    "not found",
    "{}",
    "<html><returncode>SUCCESS</returncode></html>",
    "<response></response>",
    ok.slice(0, -1),
  ];
  for (const text of unreadable) {
    assert.throws(() => read(text), fails("unreadable", /^create: the answer cannot be read: /), text);
  }
});

Deno.test("readAnswer() takes the node's checksumError as our fault, in either form", () => {
  const forms = ["<messageKey>checksumError</messageKey>", "<errors><error key='checksumError'/></errors>"];
  for (const form of forms) {
    const text = `<response><returncode>FAILED</returncode>${form}</response>`;
    assert.throws(() => read(text), fails("unreadable", /secret/));
  }
});

Deno.test("readAnswer() tells nothing of the answer in its errors", () => {
  assert.throws(
    () => read("<response><fullName>Mira Example"),
    (error) => !Deno.inspect(error, { depth: 9 }).includes("Mira"),
  );
});
