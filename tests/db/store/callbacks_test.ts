import assert from "node:assert/strict";
import type { Db } from "../../../src/deps.ts";
import {
  buryCallback,
  claimCallbacks,
  type ClaimedCallback,
  deleteCallback,
  deleteDeadCallbacks,
  deleteSentCallback,
  insertCallback,
  listCallbacks,
  type NewCallback,
  postponeCallback,
  retryCallback,
} from "../../../src/store/callbacks.ts";
import { dbTest } from "../../support/db_test.ts";

async function insertFrontend(db: Db, key: string): Promise<string> {
  const [row] = await db<{ id: string }[]>`
    insert into frontends (key, secret, settings) values (${key}, ${`${key}-secret`}, '{}') returning id`;
  return row?.id ?? "";
}

const insert = (db: Db, frontend_id: string, origin: string, more: Partial<NewCallback> = {}) =>
  insertCallback(db, {
    frontend_id,
    kind: "meeting_ended",
    url: `${origin}/hook`,
    origin,
    claims: null,
    body: null,
    request_id: "r1",
    ...more,
  });

const claim = async (db: Db, more: Partial<Parameters<typeof claimCallbacks>[1]> = {}): Promise<ClaimedCallback[]> =>
  (await claimCallbacks(db, { limit: 100, perOrigin: 4, perFrontend: 8, busy: [], ...more })).map((row) => ({
    ...row,
  }));

async function claimOne(db: Db): Promise<ClaimedCallback> {
  const [one, ...more] = await claim(db);
  assert.ok(one !== undefined && more.length === 0);
  return one;
}

const originsOf = (claimed: readonly ClaimedCallback[]) => {
  const counts: Record<string, number> = {};
  for (const { origin } of claimed) counts[origin] = (counts[origin] ?? 0) + 1;
  return counts;
};

dbTest("claimCallbacks() gives what is needed to send, and the secret of the frontend as it is now", async (db) => {
  const fe1 = await insertFrontend(db, "fe1");
  const id = await insert(db, fe1, "https://a", { kind: "analytics", claims: '{"exp":1}', body: "{}" });
  await db`update frontends set secret = 'new' where id = ${fe1}`;
  assert.deepEqual(await claim(db), [{
    id,
    frontend_id: fe1,
    kind: "analytics",
    url: "https://a/hook",
    origin: "https://a",
    claims: '{"exp":1}',
    body: "{}",
    request_id: "r1",
    attempts: 1,
    secret: "new",
  }]);
});

dbTest("claimCallbacks() gives two callers different callbacks, and each once", async (db) => {
  const fe1 = await insertFrontend(db, "fe1");
  for (let n = 0; n < 60; n++) await insert(db, fe1, `https://h${n % 20}`);
  const rounds = await Promise.all(Array.from({ length: 8 }, () => claim(db, { limit: 10, perFrontend: 100 })));
  const ids = rounds.flat().map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const rest = await claim(db, { perFrontend: 100 });
  assert.equal(new Set([...ids, ...rest.map(({ id }) => id)]).size, 60);
});

dbTest("claimCallbacks() takes a few of each receiver and of each frontend, what is under way included", async (db) => {
  const [fe1, fe2] = [await insertFrontend(db, "fe1"), await insertFrontend(db, "fe2")];
  for (let n = 0; n < 10; n++) await insert(db, fe1, "https://a");
  await insert(db, fe2, "https://a");
  await insert(db, fe2, "https://b");
  const first = await claim(db);
  assert.deepEqual(originsOf(first), { "https://a": 4, "https://b": 1 });
  assert.deepEqual(originsOf(await claim(db, { busy: first })), {}, "as many as may be are under way");
  assert.deepEqual(originsOf(await claim(db, { busy: first.slice(0, 1) })), { "https://a": 3 });
  for (let n = 0; n < 10; n++) await insert(db, fe1, `https://h${n}`);
  const own = (n: number) => Array.from({ length: n }, () => ({ origin: "https://x", frontend_id: fe1 }));
  const ofFe1 = async (n: number) =>
    (await claim(db, { busy: own(n) })).filter(({ frontend_id }) => frontend_id === fe1).length;
  assert.deepEqual([await ofFe1(6), await ofFe1(8)], [2, 0]);
});

dbTest("claimCallbacks() takes the longest due first, and nothing before its time", async (db) => {
  const fe1 = await insertFrontend(db, "fe1");
  const [late, early, later] = [
    await insert(db, fe1, "https://a"),
    await insert(db, fe1, "https://b"),
    await insert(db, fe1, "https://c"),
  ];
  await db`update b3scale_callbacks set due_at = due_at - interval '1 minute' where id = ${early}`;
  await db`update b3scale_callbacks set due_at = due_at + interval '1 minute' where id = ${later}`;
  assert.deepEqual((await claim(db, { limit: 1 })).map(({ id }) => id), [early]);
  assert.deepEqual((await claim(db)).map(({ id }) => id), [late]);
});

dbTest(
  "a callback whose sender has died is claimed again when its lease is over, and the dead one's word is void",
  async (db) => {
    const id = await insert(db, await insertFrontend(db, "fe1"), "https://a");
    const first = await claimOne(db);
    assert.deepEqual(await claim(db), []);
    await db`update b3scale_callbacks set claimed_until = localtimestamp`;
    const second = await claimOne(db);
    assert.deepEqual([second.id, second.attempts], [id, 2]);
    await deleteSentCallback(db, first);
    await postponeCallback(db, first, { seconds: 0, error: "x" });
    await buryCallback(db, first, { reason: "gone", error: "x" });
    const [row] = await db`select died_at, last_error, claimed_until > localtimestamp as held from b3scale_callbacks`;
    assert.deepEqual({ ...row }, { died_at: null, last_error: null, held: true });
    await deleteSentCallback(db, second);
    assert.equal((await db`select from b3scale_callbacks`).length, 0);
  },
);

dbTest("postponeCallback() has it tried later, until its three days are over", async (db) => {
  await insert(db, await insertFrontend(db, "fe1"), "https://a");
  assert.equal(await postponeCallback(db, await claimOne(db), { seconds: 30, error: "no answer in time" }), true);
  assert.deepEqual(await claim(db), []);
  const [row] = await db`
    select extract(epoch from due_at - localtimestamp) between 28 and 30 as later, last_error,
      give_up_at - created_at = interval '3 days' as long from b3scale_callbacks`;
  assert.deepEqual({ ...row }, { later: true, last_error: "no answer in time", long: true });
  await db`update b3scale_callbacks set due_at = localtimestamp, give_up_at = localtimestamp`;
  assert.equal(await postponeCallback(db, await claimOne(db), { seconds: 30, error: "closed" }), false);
  const [dead] = await listCallbacks(db, { limit: 10 });
  assert.deepEqual([dead?.reason, dead?.last_error, dead?.attempts], ["expired", "closed", 2]);
  assert.deepEqual(await claim(db), []);
});

dbTest("a recording's callback waits until the recording can be played, and no longer than said", async (db) => {
  const fe1 = await insertFrontend(db, "fe1");
  const wait = { kind: "recording_ready", wait_for: { record_id: "rec-1", seconds: 600 } } as const;
  const id = await insert(db, fe1, "https://a", wait);
  const isHeld = async () => {
    const claimed = await claim(db);
    await db`update b3scale_callbacks set claimed_until = null`;
    return claimed.length === 0;
  };
  assert.equal(await isHeld(), true, "it is unknown");
  await db`
    insert into recordings (record_id, meeting_id, internal_meeting_id, frontend_id, state)
    values ('rec-1', 'm', 'i', ${fe1}, '{}')`;
  assert.equal(await isHeld(), false, "it is there");
  await db`insert into b3scale_recording_moves (record_id, target) values ('rec-1', 'published')`;
  assert.equal(await isHeld(), true, "its files are on their way");
  await db`delete from b3scale_recording_moves`;
  await db`insert into b3scale_recording_imports (record_id, format, digest, folder) values ('rec-1', 'video', 'd', uuid_generate_v4())`;
  assert.equal(await isHeld(), true, "a format is being imported");
  await db`update b3scale_recording_imports set state = 'done'`;
  assert.equal(await isHeld(), false);
  await db`delete from recordings`;
  assert.equal(await isHeld(), true);
  await db`update b3scale_callbacks set held_until = localtimestamp`;
  assert.equal(await isHeld(), false, "the wait is over");
  await db`update b3scale_callbacks set held_until = localtimestamp + interval '1 hour'`;
  await db.begin((tx) => retryCallback(tx, id));
  assert.equal(await isHeld(), false, "an operator wants it now");
});

dbTest(
  "retryCallback() has a dead one begin anew, a waiting one at once, and leaves alone what is being tried",
  async (db) => {
    const id = await insert(db, await insertFrontend(db, "fe1"), "https://a");
    const retry = () => db.begin((tx) => retryCallback(tx, id));
    await claimOne(db);
    assert.equal((await retry())?.attempts, 1);
    assert.deepEqual(await claim(db), [], "it would be sent twice at once");
    await db`update b3scale_callbacks set claimed_until = null, due_at = localtimestamp + interval '1 hour'`;
    await retry();
    const second = await claimOne(db);
    assert.equal(second.attempts, 2);
    await buryCallback(db, second, { reason: "refused", error: "10.0.0.1 is private" });
    await db`update b3scale_callbacks set give_up_at = localtimestamp - interval '9 days'`;
    const revived = await retry();
    assert.deepEqual([revived?.died_at, revived?.reason, revived?.attempts], [null, null, 0]);
    assert.equal(await postponeCallback(db, await claimOne(db), { seconds: 1, error: "x" }), true, "it has time again");
    assert.equal(await db.begin((tx) => retryCallback(tx, crypto.randomUUID())), undefined);
  },
);

dbTest("listCallbacks() filters by state and frontend, the newest first; a deleted one is gone", async (db) => {
  const [fe1, fe2] = [await insertFrontend(db, "fe1"), await insertFrontend(db, "fe2")];
  const [a, b] = [await insert(db, fe1, "https://a"), await insert(db, fe2, "https://b")];
  await db`update b3scale_callbacks set created_at = created_at - interval '1 minute' where id = ${a}`;
  const ids = async (filter: Partial<Parameters<typeof listCallbacks>[1]>) =>
    (await listCallbacks(db, { limit: 10, ...filter })).map(({ id }) => id);
  assert.deepEqual(await ids({}), [b, a]);
  assert.deepEqual(await ids({ limit: 1 }), [b]);
  assert.deepEqual([await ids({ frontend_key: "fe1" }), await ids({ frontend_key: "fe" })], [[a], []]);
  assert.deepEqual([await ids({ dead: true }), await ids({ dead: false })], [[], [b, a]]);
  assert.equal((await deleteCallback(db, a))?.frontend_key, "fe1");
  assert.deepEqual([await deleteCallback(db, a), await ids({})], [undefined, [b]]);
  await db`delete from frontends where id = ${fe2}`;
  assert.deepEqual(await ids({}), [], "they go with their frontend");
});

dbTest("deleteDeadCallbacks() forgets what has been dead for long, never what waits", async (db) => {
  const fe1 = await insertFrontend(db, "fe1");
  for (const origin of ["https://a", "https://b", "https://c"]) await insert(db, fe1, origin);
  await db`update b3scale_callbacks set created_at = created_at - interval '90 days'`;
  await db`update b3scale_callbacks set reason = 'gone', died_at = localtimestamp - interval '31 days' where origin = 'https://a'`;
  await db`update b3scale_callbacks set reason = 'gone', died_at = localtimestamp - interval '29 days' where origin = 'https://b'`;
  assert.equal(await deleteDeadCallbacks(db, 30), 1);
  assert.deepEqual((await listCallbacks(db, { limit: 9 })).map(({ origin }) => origin).sort(), [
    "https://b",
    "https://c",
  ]);
});
