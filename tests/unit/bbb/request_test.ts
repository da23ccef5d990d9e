import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { type ChecksumAlgorithm, sign } from "../../../src/bbb/checksum.ts";
import { type BbbRequest, isSigned, readRequest } from "../../../src/bbb/request.ts";

const SECRET = "fe1-secret";
const FORM = "application/x-www-form-urlencoded";

/** A request with the target's bytes as a server gets them; `new Request()` alone would escape some. */
function read(resource: string, rawQuery: string, init: RequestInit = {}): Promise<BbbRequest> {
  const request = new Request("http://b3scale/", init);
  const url = `http://b3scale/bbb/fe1/bigbluebutton/api/${resource}${rawQuery === "" ? "" : `?${rawQuery}`}`;
  return readRequest(Object.defineProperty(request, "url", { value: url }), resource);
}

const post = (resource: string, rawQuery: string, body: BodyInit, contentType?: string): Promise<BbbRequest> =>
  read(resource, rawQuery, {
    method: "POST",
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
    headers: contentType === undefined ? {} : { "content-type": contentType },
  });

const signed = (resource: string, query: string, algorithm: ChecksumAlgorithm = "sha256"): string =>
  `checksum=${sign(resource, query, SECRET, algorithm)}`;

const textOf = (request: BbbRequest): string => new TextDecoder().decode(request.body);

Deno.test("readRequest() reads a GET without touching its query", async () => {
  const request = await read("create", "name=a'b+c%20d&name=x&checksum=V");
  assert.equal(request.method, "GET");
  assert.equal(request.rawQuery, "name=a'b+c%20d&name=x&checksum=V");
  assert.deepEqual([...request.params], [["name", "a'b c d"], ["checksum", "V"]]);
  assert.equal(request.body.length, 0);
  assert.equal(request.problem, undefined);
});

Deno.test("readRequest() takes HEAD as a GET", async () => {
  assert.equal((await read("getMeetings", "", { method: "HEAD" })).method, "GET");
});

Deno.test("readRequest() joins query and form, and the query wins", async () => {
  const request = await post("create", "meetingID=q&a=1", "meetingID=f&b=2+3&b=4", `${FORM}; charset=UTF-8`);
  assert.deepEqual(Object.fromEntries(request.params), { meetingID: "q", a: "1", b: "2 3" });
  assert.deepEqual(Object.fromEntries(request.form), { meetingID: "f", b: "2 3" });
  assert.equal(request.body.length, 0);
});

Deno.test("readRequest() reads the fields of a multipart form, first value of a name, no files among them", async () => {
  const data = new FormData();
  data.append("meetingID", "m-ä");
  data.append("meetingID", "other");
  data.append("file", new Blob(["x"]), "a.txt");
  const request = await read("create", "", { method: "POST", body: data });
  assert.deepEqual(Object.fromEntries(request.form), { meetingID: "m-ä" });
});

Deno.test("readRequest() keeps the files of a multipart form apart, the first of a name", async () => {
  const form = new FormData();
  form.append("file", new File(["one"], "a.srt"));
  form.append("file", new File(["two"], "b.srt"));
  form.append("kind", "captions");
  const request = await read("putRecordingTextTrack", "recordID=r", { method: "POST", body: form });
  assert.deepEqual([...request.files.keys()], ["file"]);
  assert.equal(await request.files.get("file")?.text(), "one");
  assert.deepEqual([...request.params], [["kind", "captions"], ["recordID", "r"]]);
  assert.equal((await read("create", "a=1")).files.size, 0);
});

Deno.test("readRequest() keeps XML as the body whatever its label", async () => {
  const xml = "<modules/>";
  for (
    const label of ["application/xml", "text/xml;charset=utf-8", FORM, "multipart/form-data; boundary=x", undefined]
  ) {
    for (const text of [xml, ` \r\n\t${xml}`, `\ufeff${xml}`]) {
      const request = await post("create", "a=1", text, label);
      assert.equal(request.body.length, new TextEncoder().encode(text).length, label);
      assert.equal(request.form.size, 0);
      assert.equal(request.contentType, label ?? "");
    }
  }
});

Deno.test("readRequest() hands on a body that is neither form nor XML", async () => {
  const request = await post("create", "a=1", "b=2", "text/plain");
  assert.equal(textOf(request), "b=2");
  assert.deepEqual(Object.fromEntries(request.params), { a: "1" });
});

Deno.test("readRequest() tells what cannot be read and keeps the query's checksum", async () => {
  const query = "meetingID=%zz";
  const table = [
    await read("end", `${query}&${signed("end", query)}`),
    await post("create", `a=1&${signed("create", "a=1")}`, "b=%", FORM),
    await post("create", `a=1&${signed("create", "a=1")}`, "no boundary", "multipart/form-data"),
  ];
  for (const request of table) {
    assert.notEqual(request.problem, undefined);
    assert.ok(isSigned(request, SECRET));
    assert.deepEqual([...request.params.keys()], ["checksum"]);
  }
  assert.ok(!isSigned(await read("end", `${query}&checksum=${"0".repeat(64)}`), SECRET));
});

Deno.test("readRequest() stops reading a body of more than 16 MiB", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1 << 20;
      controller.enqueue(new Uint8Array(1 << 20));
    },
  });
  await assert.rejects(
    read("create", "", { method: "POST", body: endless }),
    (error) => error instanceof AppError && error.code === "body_too_large",
  );
  assert.ok(sent < 20 << 20);
});

Deno.test("isSigned() counts the query where there is one, whatever the body", async () => {
  const query = "meetingID=m-1&name=Demo+Room";
  for (const [body, label] of [["<modules/>", "application/xml"], ["record=true", FORM]] as const) {
    assert.ok(isSigned(await post("create", `${query}&${signed("create", query)}`, body, label), SECRET));
    assert.ok(!isSigned(await post("create", `${query}&${signed("create", "")}`, body, label), SECRET));
  }
});

Deno.test("isSigned() takes a form as BBB up to 2.7 signs it: sorted, in Java's encoding", async () => {
  const text = "meetingID=m+1&name=a%7Eb*%C3%A4&zero=";
  const body = "zero=&name=a~b%2A%C3%A4&meetingID=m%201";
  assert.ok(isSigned(await post("create", "", `${body}&${signed("create", text)}`, FORM), SECRET));
  assert.ok(isSigned(await post("create", signed("create", text), body, FORM), SECRET));
  assert.ok(!isSigned(await post("create", "", `${body}&${signed("create", body)}`, FORM), SECRET));
});

Deno.test("isSigned() takes a form as BBB 3.0 signs it: the empty query alone", async () => {
  assert.ok(isSigned(await post("create", "", `meetingID=m-1&${signed("create", "")}`, FORM), SECRET));
  assert.ok(isSigned(await post("create", signed("create", "", "sha512"), "meetingID=m-1", FORM), SECRET));
});

Deno.test("isSigned() takes parameters split over query and form only as the query signs", async () => {
  const split = "meetingID=m-1&name=x";
  assert.ok(!isSigned(await post("create", "meetingID=m-1", `name=x&${signed("create", split)}`, FORM), SECRET));
  assert.ok(!isSigned(await post("create", "meetingID=m-1", `name=x&${signed("create", "name=x")}`, FORM), SECRET));
  assert.ok(
    isSigned(await post("create", "meetingID=m-1", `name=x&${signed("create", "meetingID=m-1")}`, FORM), SECRET),
  );
});

Deno.test("isSigned() refuses to add an uncovered form to a join, whose signed URL people hold", async () => {
  const query = "fullName=Ada&meetingID=m-1&password=ap";
  assert.ok(isSigned(await read("join", `${query}&${signed("join", query)}`), SECRET));
  assert.ok(isSigned(await post("join", `${query}&${signed("join", query)}`, "", FORM), SECRET));
  assert.ok(!isSigned(await post("join", `${query}&${signed("join", query)}`, "role=MODERATOR", FORM), SECRET));
  const all = "fullName=Ada&meetingID=m-1&role=VIEWER";
  assert.ok(isSigned(await post("join", "", `${all}&${signed("join", all)}`, FORM), SECRET));
  assert.ok(!isSigned(await post("join", "", `${all}&guest=false&${signed("join", all)}`, FORM), SECRET));
  assert.ok(!isSigned(await post("join", "", `${all}&${signed("join", "")}`, FORM), SECRET));
});

Deno.test("isSigned() refuses a missing or empty checksum", async () => {
  for (const query of ["", "a=1", "a=1&checksum=", "checksum", "checksum=V"]) {
    assert.ok(!isSigned(await read("getMeetings", query), SECRET), query);
  }
});

Deno.test("isSigned() ignores which resource a checksum was made for but its own", async () => {
  assert.ok(isSigned(await read("getMeetings", signed("getMeetings", "")), SECRET));
  assert.ok(isSigned(await read("getMeetings", `&${signed("getMeetings", "")}`), SECRET));
  assert.ok(!isSigned(await read("getRecordings", signed("getMeetings", "")), SECRET));
});

Deno.test("isSigned() takes any form that a client of BBB up to 2.7 signs", async () => {
  const value = fc.oneof(fc.string(), fc.string({ unit: "binary" }));
  const name = fc.string({ unit: fc.constantFrom(..."abcXYZ_-09"), minLength: 1 }).filter((text) =>
    text !== "checksum"
  );
  const javaEncoded = (text: string) =>
    [...new TextEncoder().encode(text)].map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9*\-._]/.test(char)) return char;
      return char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }).join("");
  await fc.assert(fc.asyncProperty(fc.dictionary(name, value, { minKeys: 1, noNullPrototype: true }), async (form) => {
    const text = Object.keys(form).sort().map((key) => `${key}=${javaEncoded(form[key] ?? "")}`).join("&");
    const body = new URLSearchParams({ ...form, checksum: sign("create", text, SECRET, "sha1") }).toString();
    assert.ok(isSigned(await post("create", "", body, FORM), SECRET));
  }));
});
