import assert from "node:assert/strict";
import fc from "fast-check";
import { readMeetingBlock, readMeetingList } from "../../../src/bbb/meeting_list.ts";
import { isSuccess, messageKeyOf } from "../../../src/bbb/response.ts";
import { escapeXml, XmlError } from "../../../src/bbb/xml.ts";

const meeting = (id: string, inner = "") =>
  `<meeting><meetingName>n</meetingName><meetingID>${id}</meetingID><internalMeetingID>i-${id}</internalMeetingID>${inner}</meeting>`;
const list = (...blocks: string[]) =>
  `<response>\n<returncode>SUCCESS</returncode>\n<meetings>\n${blocks.join("\n")}\n</meetings>\n</response>`;
const idsOf = (text: string) => readMeetingList(text).blocks.map((block) => readMeetingBlock(block)?.meetingID);

Deno.test("readMeetingList() cuts an answer into its meetings and keeps the rest", () => {
  const { envelope, blocks } = readMeetingList(list(meeting("a"), meeting("b")));
  assert(isSuccess(envelope));
  assert.deepEqual(blocks, [meeting("a"), meeting("b")]);
});

Deno.test("readMeetingList() reads a list without meetings and a failure", () => {
  assert.deepEqual(readMeetingList(list()).blocks, []);
  const failed = readMeetingList(
    "<response><returncode>FAILED</returncode><messageKey>checksumError</messageKey></response>",
  );
  assert.equal(messageKeyOf(failed.envelope), "checksumError");
  assert.deepEqual(failed.blocks, []);
});

/** What a tenant can bring into a list, and the ids that are read all the same; undefined = this block cannot be read. */
const odd: [name: string, text: string, ids: (string | undefined)[]][] = [
  ["a meta that is called meeting", list(meeting("a", "<metadata><meeting>x</meeting></metadata>"), meeting("b")), [
    "a",
    "b",
  ]],
  ["metas within metas", list(meeting("a", "<m><meeting><meeting>x</meeting></meeting></m>"), meeting("b")), [
    "a",
    "b",
  ]],
  ["a closing tag in CDATA", list(meeting("a", "<x><![CDATA[</meeting>]]></x>"), meeting("b")), ["a", "b"]],
  ["an opening tag in CDATA", list(meeting("a", "<x><![CDATA[<meeting>]]></x>"), meeting("b")), ["a", "b"]],
  ["a name that is no XML", list(meeting("a", "<1x>y</1x>"), meeting("b")), [undefined, "b"]],
  ["a name with a space", list(meeting("a"), meeting("b", "<metadata><a b>c</a b></metadata>"), meeting("c")), [
    "a",
    undefined,
    "c",
  ]],
  ["a block without id", list("<meeting><meetingName>n</meetingName></meeting>", meeting("b")), [undefined, "b"]],
  ["a meta called meeting that never ends", list(meeting("a"), meeting("b", "<meeting>"), meeting("c")), [
    "a",
    undefined,
  ]],
  ["nothing in a meeting", list("<meeting></meeting>", meeting("b")), [undefined, "b"]],
  ["a meta called meetings", list(meeting("a", "<metadata><meetings>x</meetings></metadata>")), ["a"]],
];
for (const [name, text, ids] of odd) {
  Deno.test(`readMeetingList() with ${name}: the other meetings are read`, () => {
    assert.deepEqual(idsOf(text), ids);
    assert(isSuccess(readMeetingList(text).envelope));
  });
}

for (
  const text of [
    "",
    "x",
    "<response><returncode>SUCCESS</returncode><meetings><meet",
    `${list()}<more/>`,
    "</meeting>",
    "<meeting>",
  ]
) {
  Deno.test(`readMeetingList() throws XmlError for ${JSON.stringify(text)}`, () => {
    assert.throws(() => readMeetingList(text), XmlError);
  });
}

Deno.test("readMeetingList() finds every meeting, whatever texts and metas the meetings have", () => {
  const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("]]>", ""));
  const content = fc.oneof(
    text.map(escapeXml),
    text.map((value) => `<![CDATA[${value.replaceAll(/\p{Cc}/gu, "")}]]>`),
    fc.constantFrom("<![CDATA[<meeting>]]>", "<![CDATA[</meeting></meetings>]]>", "<meeting>x</meeting>"),
  );
  const name = fc.constantFrom("meeting", "meetings", "a", "meta");
  const metas = fc.array(fc.tuple(name, content).map(([tag, inner]) => `<${tag}>${inner}</${tag}>`));
  fc.assert(fc.property(fc.array(metas, { maxLength: 6 }), (all) => {
    const text = list(...all.map((inner, index) => meeting(`m${index}`, `<metadata>${inner.join("")}</metadata>`)));
    assert.deepEqual(idsOf(text), all.map((_, index) => `m${index}`));
  }));
});
