// Tests of the driver itself: a comparison that lets everything pass proves nothing. Run with the vectors, because they
// are imported by tests/golden/gateway_test.ts.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { send } from "./client.ts";
import { compareForwarded } from "./compare_forwarded.ts";
import { compareResponse, recordedResponse } from "./compare_response.ts";
import { CREATE, failed, forwarded, M1 } from "./deviation.ts";
import { misfits } from "./deviations.ts";
import { type NodeRequest, startFakeNode } from "./fake_node.ts";
import { compareJson, compareToken } from "./jwt.ts";
import type { Json, Vector } from "./vector.ts";
import { compareExactly, compareWithRecorded } from "./xml_compare.ts";
import { decodeMeetingId, parseTree } from "./xml_tree.ts";

const differences = (actual: string, recorded: string, node?: string, listInOrder = false): number =>
  compareWithRecorded(parseTree(actual), parseTree(recorded), { node: node ? parseTree(node) : undefined, listInOrder })
    .length;

Deno.test("golden driver: spelling makes no difference", () => {
  const recorded = "<r><a>1 &#34;&amp;&lt;</a><b></b><c x='1' y='2'>t</c></r>";
  const actual =
    `<?xml version="1.0"?>\n<r>\n  <a> 1 &quot;&#x26;<![CDATA[<]]></a><!-- - --><b/><c y="2" x="1">t</c>\n</r>\n`;
  assert.equal(differences(actual, recorded), 0);
});

Deno.test("golden driver: an answer from state differs in text, attributes, order, missing and further elements", () => {
  const recorded = "<r><a>1</a><b>2</b></r>";
  const cases = {
    root: "<s><a>1</a><b>2</b></s>",
    text: "<r><a>1</a><b>3</b></r>",
    attribute: `<r><a x="1">1</a><b>2</b></r>`,
    order: "<r><b>2</b><a>1</a></r>",
    missing: "<r><a>1</a></r>",
    empty: "<r><a>1</a><b/></r>",
    further: "<r><a>1</a><b>2</b><c/></r>",
    twice: "<r><a>1</a><b>2</b><b>2</b></r>",
    nested: "<r><a>1</a><b>2<c/></b></r>",
  };
  for (const [what, actual] of Object.entries(cases)) assert.notEqual(differences(actual, recorded), 0, what);
  for (const [what, actual] of Object.entries(cases)) {
    assert.notEqual(compareExactly(parseTree(actual), parseTree(recorded)).length, 0, `${what}, exactly`);
  }
});

Deno.test("golden driver: an answer from a node may keep the node's order and elements and leave out zeros", () => {
  const recorded = "<r><code>S</code><id>m</id><zero>0</zero><flag>false</flag><list></list></r>";
  const node = "<r><code>S</code><more>x</more><flag>false</flag><id>m</id><key/></r>";
  assert.equal(differences(node, recorded, node), 0);
  assert.equal(differences("<r><code>S</code><id>m</id><flag>false</flag></r>", recorded, node), 0, "recorded order");
  const cases = {
    "third order": "<r><flag>false</flag><code>S</code><id>m</id></r>",
    "zero that the node sent": "<r><code>S</code><id>m</id></r>",
    "not zero": "<r><code>S</code><flag>false</flag></r>",
    "changed further element": "<r><code>S</code><more>y</more><flag>false</flag><id>m</id></r>",
    "element of nobody": "<r><code>S</code><flag>false</flag><id>m</id><other/></r>",
  };
  for (const [what, actual] of Object.entries(cases)) assert.notEqual(differences(actual, recorded, node), 0, what);
});

Deno.test("golden driver: metadata has no order, attendees have, a list is a set unless its order is asked for", () => {
  const metadata = (text: string) => `<r><metadata>${text}</metadata></r>`;
  assert.equal(differences(metadata("<b>2</b><a>1</a>"), metadata("<a>1</a><b>2</b>")), 0);
  assert.notEqual(differences(metadata("<b>2</b><a>3</a>"), metadata("<a>1</a><b>2</b>")), 0);
  const meeting = (id: string) => `<meeting><meetingID>${id}</meetingID></meeting>`;
  const list = (...ids: string[]) => `<meetings>${ids.map(meeting).join("")}</meetings>`;
  assert.equal(differences(list("b", "a"), list("a", "b")), 0);
  assert.notEqual(differences(list("b", "a"), list("a", "b"), undefined, true), 0);
  for (const other of [list("a"), list("a", "c"), list("a", "b", "b")]) {
    assert.notEqual(differences(other, list("a", "b")), 0);
  }
  const attendee = (id: string) => `<attendee><userID>${id}</userID></attendee>`;
  const attendees = (...ids: string[]) => `<attendees>${ids.map(attendee).join("")}</attendees>`;
  assert.notEqual(differences(attendees("b", "a"), attendees("a", "b")), 0);
});

Deno.test("golden driver: only the named elements may come on top of an answer from state, with the right value", () => {
  const meeting = (extra: string) => `<meeting><running>true</running>${extra}</meeting>`;
  assert.equal(differences(meeting("<hasUserJoined>true</hasUserJoined>"), meeting("")), 0);
  assert.notEqual(differences(meeting("<hasUserJoined>false</hasUserJoined>"), meeting("")), 0);
  const list = (extra: string) => `<response><returncode>SUCCESS</returncode>${extra}<meetings></meetings></response>`;
  assert.equal(differences(list("<messageKey>noMeetings</messageKey><message>none</message>"), list("")), 0);
  assert.notEqual(differences(list("<messageKey>x</messageKey>"), list("")), 0);
});

Deno.test("golden driver: what is no XML is refused", () => {
  for (const text of ["", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nope;</a>", "<a>&</a>", "<a x=1/>", "<a/>x"]) {
    assert.throws(() => parseTree(text), Error, text);
  }
});

Deno.test("golden driver: compareResponse() finds a wrong status, header, page and failure", () => {
  const answer = (status: number, type: string, body: string) => ({
    status,
    headers: [["Content-Type", type]] as const,
    body,
  });
  const page = recordedResponse({
    status: 200,
    headers: { "content-type": "text/html; charset=UTF-8" },
    body: "{{html}}",
  });
  assert.deepEqual(compareResponse(answer(200, "text/html;charset=utf-8", "<!DOCTYPE html><p>"), page, undefined), []);
  assert.notDeepEqual(compareResponse(answer(404, "text/html;charset=utf-8", "<html>"), page, undefined), []);
  assert.notDeepEqual(compareResponse(answer(200, "text/html", "<html>"), page, undefined), []);
  assert.notDeepEqual(compareResponse(answer(200, "text/html;charset=utf-8", "<response/>"), page, undefined), []);
  const failure = (key: string, message: string) =>
    answer(
      200,
      "application/xml",
      `<response><returncode>FAILED</returncode><message>${message}</message><messageKey>${key}</messageKey></response>`,
    );
  assert.deepEqual(compareResponse(failure("k", "anything"), failed("k"), undefined), []);
  assert.notDeepEqual(compareResponse(failure("other", "anything"), failed("k"), undefined), []);
  assert.notDeepEqual(compareResponse(failure("k", "anything"), failed("k", "this"), undefined), []);
  assert.notDeepEqual(compareResponse(failure("k", ""), failed("k"), undefined), []);
  assert.notDeepEqual(compareResponse(failure("k", "Get http://127.0.0.1:1/?checksum=1"), failed("k"), undefined), []);
});

Deno.test("golden driver: compareForwarded() finds missing, further and changed requests", () => {
  const request: NodeRequest = {
    to: "node1",
    method: "GET",
    resource: "create",
    params: CREATE.params,
    checksumValid: true,
    checksumAlgorithm: "sha256",
    isCanonical: true,
    headers: [["content-type", "application/xml"]],
    body: "",
  };
  const find = (...requests: NodeRequest[]) => compareForwarded(requests, [CREATE], undefined).length;
  assert.equal(find(request), 0);
  const changes: Partial<NodeRequest>[] = [
    { to: "node2" },
    { method: "PUT" },
    { resource: "end" },
    { params: CREATE.params.slice(1) },
    { params: CREATE.params.map(([name, value]) => [name, `${value}x`] as const) },
    { checksumValid: false },
    { checksumAlgorithm: "sha1" },
    { isCanonical: false },
    { headers: [] },
    { body: "<modules/>" },
  ];
  for (const change of changes) assert.notEqual(find({ ...request, ...change }), 0, JSON.stringify(change));
  assert.notEqual(find(), 0);
  assert.notEqual(find(request, request), 0);
  const optional = { ...forwarded("getMeetingInfo", [["meetingID", M1]]), optional: true };
  assert.equal(compareForwarded([request], [optional, CREATE], undefined).length, 0);
  const withBody = { ...CREATE, method: "POST", body: "<m>\n<a/></m>" };
  const posted = { ...request, method: "POST", body: "<m><a></a></m>" };
  assert.equal(compareForwarded([posted], [withBody], undefined).length, 0, "written by the server");
  assert.notEqual(compareForwarded([posted], [withBody], withBody.body).length, 0, "passed through");
});

Deno.test("golden driver: compareToken() finds a wrong secret, algorithm, claim and time", () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: "f1", iat: now, exp: now + 60, jti: "a".repeat(24) };
  const token = (payload: object, secret = "secret", alg = "HS384") => {
    const text = [{ alg, typ: "JWT" }, payload].map((part) => btoa(JSON.stringify(part)).replace(/=+$/, "")).join(".");
    return `${text}.${createHmac("sha384", secret).update(text).digest("base64url")}`;
  };
  const expected = {
    header: { alg: "HS384", typ: "JWT" },
    claims: { sub: "f1", iat: "{{now}}", exp: "{{now+60}}", jti: "{{nonce24}}" },
    signed_with: "secret",
  };
  assert.deepEqual(compareToken(token(claims), expected), []);
  const wrong = [
    token(claims, "other"),
    token(claims, "secret", "HS256"),
    token({ ...claims, sub: "f2" }),
    token({ ...claims, exp: now + 61 }),
    token({ ...claims, iat: now - 3600, exp: now - 3540 }),
    token({ ...claims, jti: "short" }),
    token({ ...claims, more: 1 }),
    "no.token",
  ];
  for (const [index, text] of wrong.entries()) assert.notDeepEqual(compareToken(text, expected), [], `${index}`);
});

Deno.test("golden driver: compareJson() ignores XMLName and nothing else", () => {
  const expected: Json = { a: [1, { b: null }] };
  assert.deepEqual(compareJson("x", { a: [1, { XMLName: {}, b: null }] }, expected), []);
  const others: Json[] = [
    { a: [1] },
    { a: [1, { b: 0 }] },
    { a: [1, {}] },
    { a: { 0: 1, 1: { b: null } } },
    { a: [1, { b: null }], c: 1 },
    {},
    null,
  ];
  for (const other of others) assert.notDeepEqual(compareJson("x", other, expected), [], JSON.stringify(other));
});

Deno.test("golden driver: decodeMeetingId() decodes ids of the cluster only", () => {
  assert.equal(decodeMeetingId(M1), "m-1");
  for (const id of ["m-1", "WyJhIl0=", btoa(`["fe1","m-1","other"]`), btoa(`["fe1","m-1","b3scl",1]`)]) {
    assert.equal(decodeMeetingId(id), id);
  }
});

Deno.test("golden driver: misfits() finds entries and vectors without each other", () => {
  const vector = (name: string, deviate?: string): Vector => ({
    name,
    deviate,
    given: { frontends: [], backends: [] },
  });
  assert.deepEqual(misfits([vector("a", "why"), vector("b")], [{ a: {} }]), []);
  assert.equal(misfits([vector("a", "why")], []).length, 1, "no entry");
  assert.equal(misfits([vector("a")], [{ a: {} }]).length, 1, "binding");
  assert.equal(misfits([vector("a", "why")], [{ a: {} }, { a: {} }]).length, 1, "two entries");
});

Deno.test("golden driver: a fake node verifies checksums, sees the raw query, and drops connections", async () => {
  const requests: NodeRequest[] = [];
  const backend = { name: "node1", secret: "s" } as Vector["given"]["backends"][number];
  const given = { frontends: [], backends: [backend], node_mode: { end: { close: true } } };
  await using node = startFakeNode("node1", { name: "test", given }, requests);
  const [hostname = "", port = ""] = node.host.split(":");
  const ask = (resource: string, query: string) =>
    send({ hostname, port: Number(port) }, {
      method: "GET",
      path: `/bigbluebutton/api/${resource}`,
      query: [],
      raw_query: query,
      checksum: { kind: "sha256", valid: true, position: "end" },
    }, [{ key: "api", secret: "s", active: true, settings: {} }]);
  assert.match((await ask("create", "meetingID=m&name=a+b")).body, /SUCCESS/);
  assert.match((await ask("create", "name=a%20b&meetingID=m")).body, /duplicateWarning/);
  await assert.rejects(ask("end", "meetingID=m"));
  assert.deepEqual(requests.map(({ isCanonical, checksumValid }) => [isCanonical, checksumValid]), [
    [true, true],
    [false, true],
    [true, true],
  ]);
  assert.deepEqual(requests.at(1)?.params, [["meetingID", "m"], ["name", "a b"]]);
});
