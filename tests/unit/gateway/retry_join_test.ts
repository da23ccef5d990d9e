import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { retryLocation, serveRetryPage } from "../../../src/gateway/retry_join.ts";

const TARGET = "/bbb/fe1/bigbluebutton/api/join?meetingID=m-1&fullName=A%20%3CB%3E&checksum=abc";
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

Deno.test("retryLocation() writes the blob as 1.x does, without padding and with its escapes", () => {
  const location = retryLocation("GET", "/bbb/fe1/join?a=1&b=<x>");
  const json = Buffer.from(location.slice("/b3s/retry-join/".length), "base64url").toString();
  assert.equal(json, `{"mth":"GET","url":"/bbb/fe1/join?a=1\\u0026b=\\u003cx\\u003e"}`);
  assert(!location.includes("="));
});

Deno.test("serveRetryPage() leads back to the join that retryLocation() was given", async () => {
  const response = serveRetryPage(retryLocation("GET", TARGET).slice("/b3s/retry-join/".length));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=UTF-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert((await response.text()).includes(`content="1; url=${TARGET.replaceAll("&", "&amp;")}"`));
});

const refused: [name: string, blob: string][] = [
  ["no base64", "%%%"],
  ["no JSON", Buffer.from("x").toString("base64url")],
  ["null", encode(null)],
  ["a text", encode("/bbb/x")],
  ["no url", encode({ mth: "GET" })],
  ["a url of another type", encode({ url: 5 })],
  ["another host", encode({ url: "https://evil.example/bbb/" })],
  ["another host without scheme", encode({ url: "//evil.example/bbb/" })],
  ["a path that only begins alike", encode({ url: "/bbb.evil/x" })],
  ["another path of ours", encode({ url: "/api/v1" })],
  ["a backslash", encode({ url: "/bbb/\\evil" })],
  ["a line end", encode({ url: "/bbb/x\ny" })],
  ["nothing", ""],
];
for (const [name, blob] of refused) {
  Deno.test(`serveRetryPage() refuses ${name}`, () => assert.equal(serveRetryPage(blob).status, 400));
}
