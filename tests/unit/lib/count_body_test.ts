import assert from "node:assert/strict";
import fc from "fast-check";
import { countBody } from "../../../src/lib/count_body.ts";
import { SizedResponse } from "../../../src/lib/sized_response.ts";

/** Answers of these parts, and how far they were asked for. */
function parted(parts: readonly Uint8Array[], { failing = false } = {}) {
  const asked = { parts: 0, cancelled: "" };
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = parts[asked.parts++];
      if (part !== undefined) return controller.enqueue(part);
      if (failing) throw new Error("the file is gone");
      controller.close();
    },
    cancel: (reason) => void (asked.cancelled = String(reason)),
  }, { highWaterMark: 0 });
  return { body, asked };
}
const bytes = (length: number) => new Uint8Array(length).fill(65);
function counted(method: string, response: Response) {
  const done: number[] = [];
  return { done, answer: countBody(method, response, (count) => void done.push(count)) };
}

Deno.test("countBody() takes an answer's word at once, and leaves it as it is", () => {
  const headers = { "content-length": "3" };
  for (const response of [new Response("abc", { headers }), new SizedResponse("abc", { status: 404 })]) {
    const { done, answer } = counted("GET", response);
    assert.deepEqual(done, [3]);
    assert.equal(answer, response);
  }
});

Deno.test("countBody() of no body, and of an answer to HEAD, is 0", () => {
  assert.deepEqual(counted("GET", new Response(null, { status: 204 })).done, [0]);
  assert.deepEqual(counted("HEAD", new Response("abc", { headers: { "content-length": "3" } })).done, [0]);
  assert.deepEqual(counted("HEAD", new Response("abc")).done, [0]);
});

Deno.test("countBody() counts what is sent, whatever its parts, and changes nothing", async () => {
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
  await fc.assert(fc.asyncProperty(parts, async (given) => {
    const headers: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-a", "1"]];
    const { done, answer } = counted("GET", new Response(parted(given).body, { status: 404, headers }));
    assert.deepEqual(done, []);
    const all = given.flatMap((part) => [...part]);
    assert.deepEqual([...await answer.bytes()], all);
    assert.deepEqual(done, [all.length]);
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [404, ["a=1", "b=2"]]);
  }));
});

Deno.test("countBody() asks for a part when it is wanted, not before", async () => {
  const { body, asked } = parted([bytes(10), bytes(20), bytes(30)]);
  const { answer } = counted("GET", new Response(body));
  const reader = answer.body?.getReader();
  assert.equal(asked.parts, 0);
  await reader?.read();
  assert.equal(asked.parts, 1);
});

Deno.test("countBody() is done when the client goes away, and lets the source know", async () => {
  const { body, asked } = parted([bytes(10), bytes(20), bytes(30)]);
  const { done, answer } = counted("GET", new Response(body));
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel("gone");
  assert.deepEqual([done, asked.cancelled], [[10], "gone"]);
});

Deno.test("countBody() is done once when the client goes away while a part is awaited", async () => {
  let cancelled = false;
  const body = new ReadableStream({ cancel: () => void (cancelled = true) }); // nothing ever comes
  const { done, answer } = counted("GET", new Response(body));
  const reader = answer.body?.getReader();
  const reading = reader?.read();
  await reader?.cancel("gone");
  assert.equal((await reading)?.done, true);
  assert.deepEqual([done, cancelled], [[0], true]);
});

Deno.test("countBody() is done when the source fails, and whoever sends learns of it", async () => {
  const { done, answer } = counted("GET", new Response(parted([bytes(10)], { failing: true }).body));
  await assert.rejects(answer.bytes(), { message: "the file is gone" });
  assert.deepEqual(done, [10]);
});
