import assert from "node:assert/strict";
import fc from "fast-check";
import { createFollower } from "../../../src/cluster/follower.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

interface Row {
  readonly id: string;
  readonly version: number;
}

const rows = (version: number): Row[] => [{ id: "a", version }];

/** A follower whose reads are answered when the test says so. */
function setUp() {
  const clock = createFakeClock();
  const memory = new Map<string, Row>();
  const reads: { ids: readonly string[]; answer: (rows: Row[]) => void; fail: (error: Error) => void }[] = [];
  const failures: unknown[] = [];
  const follower = createFollower<Row>({
    clock,
    onFailure: (error) => failures.push(error),
    readRows: (ids) => new Promise((answer, fail) => reads.push({ ids, answer, fail })),
    put: (row) => void memory.set(row.id, row),
    remove: (id) => void memory.delete(id),
  });
  const read = (index: number) => {
    const found = reads[index];
    assert(found !== undefined, `read ${index} was not asked for`);
    return found;
  };
  const answer = async (index: number, ...rows: Row[]) => {
    read(index).answer(rows);
    await clock.advance(0);
  };
  const held = () => Object.fromEntries(Array.from(memory.values(), ({ id, version }) => [id, version]));
  return { clock, follower, memory, reads, read, answer, held, failures };
}

Deno.test("notify() gathers ids for 5 ms and reads them in one statement", async () => {
  const { clock, follower, reads, read, answer, held } = setUp();
  follower.notify(["a", "b"]);
  await clock.advance(4);
  follower.notify(["b", "c"]);
  assert.equal(reads.length, 0);
  await clock.advance(1);
  assert.deepEqual(read(0).ids, ["a", "b", "c"]);
  await answer(0, { id: "a", version: 1 }, { id: "c", version: 1 });
  assert.deepEqual(held(), { a: 1, c: 1 });
  assert.equal(reads.length, 1);
});

Deno.test("notify() reads at most 1000 ids in one statement and one statement at a time", async () => {
  const { clock, follower, reads, read, answer } = setUp();
  follower.notify(Array.from({ length: 2500 }, (_, index) => String(index)));
  await clock.advance(5);
  for (const [index, size] of [1000, 1000, 500].entries()) {
    assert.equal(reads.length, index + 1);
    assert.equal(read(index).ids.length, size);
    await answer(index);
  }
  assert.equal(new Set(reads.flatMap(({ ids }) => ids)).size, 2500);
  assert.equal(clock.waiting, 0);
});

Deno.test("notify() removes rows that are gone", async () => {
  const { clock, follower, memory, answer, held } = setUp();
  memory.set("a", { id: "a", version: 1 });
  follower.notify(["a"]);
  await clock.advance(5);
  await answer(0);
  assert.deepEqual(held(), {});
});

Deno.test("notify() while a read is under way has that answer dropped for the id, and the row read again", async () => {
  const { clock, follower, read, answer, held } = setUp();
  follower.notify(["a", "b"]);
  await clock.advance(5);
  follower.notify(["a"]);
  await answer(0, { id: "a", version: 1 }, { id: "b", version: 1 });
  assert.deepEqual(held(), { b: 1 });
  assert.deepEqual(read(1).ids, ["a"]);
  await answer(1, { id: "a", version: 2 });
  assert.deepEqual(held(), { a: 2, b: 1 });
});

Deno.test("touch() while a read is under way keeps the row that was written, and has it read again", async () => {
  const { clock, follower, memory, read, answer, held } = setUp();
  follower.notify(["a"]);
  await clock.advance(5);
  follower.touch("a");
  memory.set("a", { id: "a", version: 2 });
  await answer(0, { id: "a", version: 1 });
  assert.deepEqual(held(), { a: 2 });
  assert.deepEqual(read(1).ids, ["a"]); // somebody else's newer row may have been in the answer
  await answer(1, { id: "a", version: 3 });
  assert.deepEqual(held(), { a: 3 });
});

Deno.test("settled() resolves when all that was notified has been read", async () => {
  const { clock, follower, answer } = setUp();
  await follower.settled();
  follower.notify(["a"]);
  let settled = false;
  const waiting = follower.settled().then(() => settled = true);
  await clock.advance(5);
  follower.notify(["b"]);
  await answer(0);
  assert.equal(settled, false);
  await answer(1);
  await waiting;
});

Deno.test("readRows() that fails reports it, gives up what waits, and does not keep later reads", async () => {
  const { clock, follower, read, reads, answer, held, failures } = setUp();
  follower.notify(["a"]);
  await clock.advance(5);
  follower.notify(["b"]);
  const settled = follower.settled();
  read(0).fail(new Error("away"));
  await settled;
  assert.deepEqual(failures.map(String), ["Error: away"]);
  assert.equal(reads.length, 1);
  follower.notify(["c"]);
  await clock.advance(5);
  assert.deepEqual(read(1).ids, ["c"]);
  await answer(1, { id: "c", version: 1 });
  assert.deepEqual(held(), { c: 1 });
});

Deno.test("beginLoad() puts all rows, removes the others, and keeps what was touched meanwhile", async () => {
  const { clock, follower, memory, read, answer, held } = setUp();
  for (const id of ["same", "gone", "own", "deleted"]) memory.set(id, { id, version: 1 });
  const finish = follower.beginLoad();
  follower.touch("own");
  memory.set("own", { id: "own", version: 9 });
  follower.touch("deleted");
  memory.delete("deleted");
  follower.touch("created");
  memory.set("created", { id: "created", version: 9 });
  finish(["same", "own", "deleted", "new"].map((id) => ({ id, version: 2 })), memory.keys());
  assert.deepEqual(held(), { same: 2, own: 9, created: 9, new: 2 });
  await clock.advance(5);
  assert.deepEqual([...read(0).ids].sort(), ["created", "deleted", "own"]);
  await answer(0, { id: "own", version: 9 });
  assert.deepEqual(held(), { same: 2, own: 9, new: 2 });
});

Deno.test("beginLoad() keeps a row that was notified and read while the load was under way", async () => {
  const { clock, follower, memory, answer, held } = setUp();
  const finish = follower.beginLoad();
  follower.notify(["a"]);
  await clock.advance(5);
  await answer(0, { id: "a", version: 2 });
  finish(rows(1), memory.keys());
  assert.deepEqual(held(), { a: 2 });
});

Deno.test("beginLoad() outdates the answer of a read that was asked for before it", async () => {
  const { clock, follower, memory, read, answer, held } = setUp();
  follower.notify(["a"]);
  await clock.advance(5); // its answer will be of before the row was changed, and that notification is lost
  const finish = follower.beginLoad();
  finish(rows(2), memory.keys());
  await answer(0, { id: "a", version: 1 });
  assert.deepEqual(held(), { a: 2 });
  assert.deepEqual(read(1).ids, ["a"]);
  await answer(1, { id: "a", version: 2 });
  assert.deepEqual(held(), { a: 2 });
});

Deno.test("compare() reads again what differs, is new, or is gone", async () => {
  const { clock, follower, read } = setUp();
  const stored = [{ id: "same", version: "1" }, { id: "changed", version: "2" }, { id: "new", version: "1" }];
  follower.compare(stored, new Map([["same", "1"], ["changed", "1"], ["gone", "1"]]));
  await clock.advance(5);
  assert.deepEqual([...read(0).ids].sort(), ["changed", "gone", "new"]);
});

Deno.test("compare() of equal versions reads nothing", async () => {
  const { clock, follower, reads } = setUp();
  follower.compare([{ id: "a", version: "1" }], new Map([["a", "1"]]));
  await clock.advance(5);
  assert.equal(reads.length, 0);
  assert.equal(clock.waiting, 0);
});

// Any order of writes, notifications (lost ones too), statements and answers.

const turns = async () => {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
};

interface Statement {
  /** What the statement sees: the database at the moment when it is executed. */
  snapshot?: ReadonlyMap<string, number>;
  readonly finish: (snapshot: ReadonlyMap<string, number>) => void;
}

const EVENTS = [
  "write",
  "delete",
  "own write",
  "notification",
  "timer",
  "execute",
  "answer",
  "load",
  "reconnect",
] as const;
interface Step {
  readonly event: typeof EVENTS[number];
  readonly id: string;
  /** Of the statements under way. */
  readonly which: number;
}

/** The follower among a database, a listening connection and statements, each of which takes its next step on call. */
function createWorld() {
  const database = new Map<string, number>();
  const memory = new Map<string, number>();
  const notifications: string[] = [];
  const timers: (() => void)[] = [];
  const statements = new Set<Statement>();
  const faults: string[] = [];
  let version = 0;
  let loading = false;
  const rowsOf = (snapshot: ReadonlyMap<string, number>, ids: Iterable<string>) =>
    Array.from(ids).flatMap((id) => {
      const found = snapshot.get(id);
      return found === undefined ? [] : [{ id, version: found }];
    });
  const follower = createFollower<Row>({
    clock: { ...createFakeClock(), after: (_ms, run) => (timers.push(run), () => {}) },
    onFailure: (error) => faults.push(String(error)),
    readRows: (ids) =>
      new Promise((resolve) => statements.add({ finish: (snapshot) => resolve(rowsOf(snapshot, ids)) })),
    put: (row) => {
      if (row.version < (memory.get(row.id) ?? 0)) faults.push(`${row.id} went back to ${row.version}`);
      memory.set(row.id, row.version);
    },
    remove: (id) => void memory.delete(id),
  });

  function write(id: string, deleted: boolean): void {
    version++;
    if (deleted) database.delete(id);
    else database.set(id, version);
    notifications.push(id);
  }
  function load(): void {
    if (loading) return;
    loading = true;
    const finish = follower.beginLoad();
    statements.add({
      finish: (snapshot) => {
        loading = false;
        finish(rowsOf(snapshot, snapshot.keys()), memory.keys());
      },
    });
  }
  /** One event; those that are not possible now do nothing. */
  const step = ({ event, id, which }: Step): void => {
    const statement = Array.from(statements)[which % Math.max(1, statements.size)];
    switch (event) {
      case "write":
        return write(id, false);
      case "delete":
        return write(id, true);
      case "own write":
        write(id, false);
        follower.touch(id);
        memory.set(id, version);
        return;
      case "notification": {
        const next = notifications.shift();
        if (next !== undefined) follower.notify([next]);
        return;
      }
      case "timer":
        return timers.shift()?.();
      case "execute":
        if (statement !== undefined) statement.snapshot ??= new Map(database);
        return;
      case "answer":
        if (statement?.snapshot === undefined) return;
        statements.delete(statement);
        return statement.finish(statement.snapshot);
      case "load":
        return load();
      case "reconnect":
        if (loading) return; // a load that was begun before is not trusted
        notifications.length = 0;
        return load();
    }
  };
  const drain = async () => {
    while (notifications.length + timers.length + statements.size > 0) {
      const next = notifications.shift();
      if (next !== undefined) follower.notify([next]);
      timers.shift()?.();
      for (const statement of statements) {
        statements.delete(statement);
        statement.finish(statement.snapshot ?? new Map(database));
      }
      await turns();
    }
  };
  return { step, drain, database, memory, faults };
}

Deno.test("createFollower() never goes back to an older row, and ends with the database, in any order of events", async () => {
  const anyStep = fc.record({
    event: fc.constantFrom(...EVENTS),
    id: fc.constantFrom("a", "b"),
    which: fc.nat(1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 100, size: "max" }), async (steps) => {
      const world = createWorld();
      for (const one of steps) {
        world.step(one);
        await turns();
      }
      await world.drain();
      assert.deepEqual(world.faults, []);
      assert.deepEqual(new Map([...world.memory].sort()), new Map([...world.database].sort()));
    }),
    { numRuns: 2000 },
  );
});
