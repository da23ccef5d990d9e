import assert from "node:assert/strict";
import fc from "fast-check";
import { sizedJson, SizedResponse, sizedResponse } from "../../../src/lib/sized_response.ts";

const sizeOf = (response: Response) => response instanceof SizedResponse ? response.sizeBytes : undefined;

Deno.test("sizedResponse() knows how many bytes it has, whatever its text", async () => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: "binary", maxLength: 50 }), async (text) => {
    const response = sizedResponse(text, 200, [["content-type", "text/html"]]);
    assert.equal(response.headers.get("content-type"), "text/html");
    assert.equal(sizeOf(response), (await response.bytes()).length);
  }));
  assert.equal(sizeOf(sizedResponse(new Uint8Array(7), 200, [])), 7);
});

Deno.test("sizedResponse() has no body where there can be none", () => {
  for (const status of [204, 205, 304]) {
    const response = sizedResponse("ignored", status, [["x-a", "1"]]);
    assert.deepEqual([response.status, response.body, response.headers.get("x-a")], [status, null, "1"]);
    assert.equal(sizeOf(response), 0);
  }
});

Deno.test("sizedJson() is JSON with its headers", async () => {
  const response = sizedJson({ message: "zu groß" }, 405, [["allow", "GET"]]);
  const { headers, status } = response;
  assert.deepEqual([status, headers.get("content-type"), headers.get("allow")], [405, "application/json", "GET"]);
  assert.equal(sizeOf(response), 22);
  assert.deepEqual(await response.json(), { message: "zu groß" });
});
