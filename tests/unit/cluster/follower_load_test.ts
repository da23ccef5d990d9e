// A full read beside notifications: whatever order the answers come in, the newest row stands.
import assert from "node:assert/strict";
import { createFollower } from "../../../src/cluster/follower.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

interface Row {
  readonly id: string;
  readonly text: string;
}

/** A table that a test writes to, and what a follower of it holds. */
function followed() {
  const clock = createFakeClock();
  const table = new Map<string, Row>();
  const held = new Map<string, Row>();
  const follower = createFollower<Row>({
    clock,
    readRows: (ids) => Promise.resolve(ids.flatMap((id) => table.get(id) ?? [])),
    put: (row) => held.set(row.id, row),
    remove: (id) => held.delete(id),
    onFailure: (error) => assert.fail(String(error)),
  });
  return { clock, table, held, follower, snapshot: () => [...table.values()] };
}

Deno.test("beginLoad() drops a row that was notified and read again before the full read was answered", async () => {
  const { clock, table, held, follower, snapshot } = followed();
  table.set("changed", { id: "changed", text: "old" }).set("deleted", { id: "deleted", text: "old" });
  const take = follower.beginLoad();
  const answer = snapshot();
  table.set("changed", { id: "changed", text: "new" }).set("added", { id: "added", text: "new" }).delete("deleted");
  follower.notify(["changed", "deleted", "added"]);
  await clock.advance(10);
  assert.deepEqual([...held.keys()].sort(), ["added", "changed"], "the notifications are read");

  take(answer, held.keys());
  await clock.advance(10);
  assert.deepEqual(Object.fromEntries(held), {
    changed: { id: "changed", text: "new" },
    added: { id: "added", text: "new" },
  });
});

Deno.test("beginLoad() takes what a later full read says after one that failed", async () => {
  const { clock, table, held, follower, snapshot } = followed();
  follower.beginLoad(); // its answer never comes
  table.set("row", { id: "row", text: "first" });
  follower.notify(["row"]);
  await clock.advance(10);
  table.set("row", { id: "row", text: "second" });
  const take = follower.beginLoad();
  take(snapshot(), held.keys());
  assert.equal(held.get("row")?.text, "second");
});
