import assert from "node:assert/strict";
import { success } from "../../../../src/bbb/response.ts";
import { parseXml, serializeXml } from "../../../../src/bbb/xml.ts";
import { AppError } from "../../../../src/errors.ts";
import { rewriteMeetingIDs } from "../../../../src/gateway/middleware/rewrite_meeting_ids.ts";
import { clusterID, makeRequest } from "../../../support/make.ts";
import { passDown, passUp } from "../../../support/pass_down.ts";

const idAfter = async (meetingID: string, resource = "create") =>
  (await passDown(rewriteMeetingIDs, makeRequest({ resource, params: { meetingID } }))).params.get("meetingID");
const codeOf = async (asked: Promise<unknown>) => {
  const error = await asked.then(() => undefined, (thrown: unknown) => thrown);
  return error instanceof AppError ? error.code : undefined;
};

const ids: [resource: string, given: string, encoded: string][] = [
  ["create", "m-1", "WyJmZTEiLCJtLTEiLCJiM3NjbCJd"],
  ["isMeetingRunning", "m-1", "WyJmZTEiLCJtLTEiLCJiM3NjbCJd"],
  ["somethingNew", "m-1", "WyJmZTEiLCJtLTEiLCJiM3NjbCJd"],
  ["create", clusterID("m-1"), clusterID(clusterID("m-1"))], // wrapped again
  ["getRecordings", "a,b", `${clusterID("a")},${clusterID("b")}`],
  ["getRecordings", "a", clusterID("a")],
  ["getRecordings", " a,, b ,", `${clusterID("a")},${clusterID("b")}`],
  ["getRecordings", " , ", ""],
  ["join", "a,b", clusterID("a,b")],
];
for (const [resource, given, encoded] of ids) {
  Deno.test(`rewriteMeetingIDs() ${resource} with "${given}"`, async () => {
    assert.equal(await idAfter(given, resource), encoded);
  });
}

Deno.test("rewriteMeetingIDs() leaves a missing and an empty id to who needs one", async () => {
  assert.equal(await idAfter(""), "");
  assert.equal((await passDown(rewriteMeetingIDs, makeRequest())).params.has("meetingID"), false);
});

Deno.test("rewriteMeetingIDs() refuses to create what no column can hold", async () => {
  const longest = "x".repeat(171); // ["fe1","…","b3scl"] of 189 bytes is 252 characters
  assert.equal((await idAfter(longest))?.length, 252);
  assert.equal(await codeOf(idAfter(longest + "x".repeat(4))), "meeting_id_too_long");
  assert.equal(await codeOf(idAfter("ä".repeat(100))), "meeting_id_too_long");
  assert.equal(await codeOf(idAfter(longest + "xxxx", "end")), undefined);
});

Deno.test("rewriteMeetingIDs() refuses to create a comma", async () => {
  assert.equal(await codeOf(idAfter("a,b")), "meeting_id_invalid");
});

async function answered(xml: string): Promise<string> {
  const request = makeRequest({ params: { meetingID: "m-1" } });
  const response = await passUp(rewriteMeetingIDs, request, {
    kind: "xml",
    root: parseXml(xml),
    status: 200,
    headers: {},
  });
  assert(response.kind === "xml");
  return serializeXml(response.root);
}

const own = clusterID("m-1");
const foreign = clusterID("m-1", "fe2");
const answers: [name: string, xml: string, decoded: string][] = [
  [
    "the id of a create",
    `<response><meetingID>${own}</meetingID><x>${own}</x></response>`,
    `<response><meetingID>m-1</meetingID><x>${own}</x></response>`,
  ],
  [
    "the id of a join",
    `<response><meeting_id>${own}</meeting_id></response>`,
    "<response><meeting_id>m-1</meeting_id></response>",
  ],
  [
    "a parent, flat and nested",
    `<r><parentMeetingID>${own}</parentMeetingID><breakout><parentMeetingID>${own}</parentMeetingID></breakout></r>`,
    "<r><parentMeetingID>m-1</parentMeetingID><breakout><parentMeetingID>m-1</parentMeetingID></breakout></r>",
  ],
  ["an id in CDATA", `<r><meetingID><![CDATA[${own}]]></meetingID></r>`, "<r><meetingID>m-1</meetingID></r>"],
  [
    "the id of another frontend",
    `<r><meetingID>${foreign}</meetingID></r>`,
    `<r><meetingID>${foreign}</meetingID></r>`,
  ],
  ["an id that was never encoded", "<r><meetingID>plain</meetingID></r>", "<r><meetingID>plain</meetingID></r>"],
  [
    "internal ids and breakout lists",
    `<r><internalMeetingID>${own}</internalMeetingID><breakoutRooms><breakout>${own}</breakout></breakoutRooms></r>`,
    `<r><internalMeetingID>${own}</internalMeetingID><breakoutRooms><breakout>${own}</breakout></breakoutRooms></r>`,
  ],
];
for (const [name, xml, decoded] of answers) {
  Deno.test(`rewriteMeetingIDs() in answers: ${name}`, async () => assert.equal(await answered(xml), decoded));
}

Deno.test("rewriteMeetingIDs() leaves answers that are no tree alone", async () => {
  const bytes = { kind: "bytes", body: own, status: 200, headers: {} } as const;
  assert.equal(await passUp(rewriteMeetingIDs, makeRequest(), bytes), bytes);
  assert.equal((await passUp(rewriteMeetingIDs, makeRequest(), success())).kind, "xml");
});
