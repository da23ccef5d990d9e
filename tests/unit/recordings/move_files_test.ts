// How long a request waits for the files of its recordings. The moving itself: tests/db/recordings/move_files_test.ts.
import assert from "node:assert/strict";
import { moveForRequest, type MoveQueue } from "../../../src/recordings/move_files.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { makeLog } from "../../support/make.ts";

const ROOTS = { publishedPath: "/p", unpublishedPath: "/u", inboxPath: "/i", trashDays: 7, uploadMaxBytes: 1 };

function requesting(claim: MoveQueue["claim"]) {
  const clock = createFakeClock();
  const { log, lines } = makeLog();
  const unused = () => assert.fail("nothing was claimed");
  const queue: MoveQueue = { claim, renew: unused, finish: unused, fail: unused };
  const done = moveForRequest({ queue, roots: ROOTS, log, clock }, ["rec-1"], "req-1");
  return { clock, done, said: () => lines.map(({ message }) => message) };
}

Deno.test("moveForRequest() ends as soon as nothing is left to move", async () => {
  const { clock, done, said } = requesting(() => Promise.resolve(undefined));
  await done;
  assert.equal(clock.waiting, 0);
  assert.deepEqual(said(), []);
});

Deno.test("moveForRequest() lets a long move go on without the request", async () => {
  const database = Promise.withResolvers<undefined>();
  const { clock, done, said } = requesting(() => database.promise);
  await clock.advance(5000);
  await done;
  assert.deepEqual(said(), ["files of recordings are still being moved"]);
  database.reject(new Error("gone")); // nobody waits any more, and still it is said
  await clock.advance(0);
  assert.deepEqual(said().slice(1), ["files of recordings are not moved yet"]);
});

Deno.test("moveForRequest() leaves to others what fails", async () => {
  const { clock, done, said } = requesting(() => Promise.reject(new Error("the database is away")));
  await done;
  assert.equal(clock.waiting, 0);
  assert.deepEqual(said(), ["files of recordings are not moved yet"]);
});
