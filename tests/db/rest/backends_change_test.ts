import assert from "node:assert/strict";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertMeeting, uuid } from "../../support/make.ts";
import { conflict, createApi, forbidden, insertOwned, invalid, NOT_FOUND, pluck, polls, storedBackend } from "./api.ts";

const HOST = "https://n1.example/bigbluebutton/api/";
const bbb = { host: HOST, secret: "s" };

dbTest("PATCH /backends/:id merges what is given and keeps the rest, unknown settings included", async (db, url) => {
  const { admin } = createApi(db, url);
  const settings = { tags: ["a"], checksum_algorithm: "sha1", later: { x: 1 } };
  const id = await insertBackend(db, { host: HOST, secret: "s", settings });
  const patch = async (body: unknown) => (await admin(`PATCH /backends/${id}`, body)).json;

  assert.deepEqual((await patch({ settings: { tags: ["x"] } })).settings, {
    tags: ["x"],
    checksum_algorithm: "sha1",
  });
  assert.deepEqual((await storedBackend(db, id))?.["settings"], { ...settings, tags: ["x"] });
  assert.deepEqual((await patch({ settings: null, admin_state: null, load_factor: null, bbb: null })).bbb, bbb);
  assert.deepEqual((await patch({ settings: { tags: null, checksum_algorithm: null } })).settings, { tags: null });
  assert.deepEqual((await patch({ bbb: { secret: "new" }, id: uuid(1), latency: 5, agent_ref: "x" })).bbb, {
    host: HOST,
    secret: "new",
  });
  assert.equal((await patch({ load_factor: 0 })).load_factor, 0);
  assert.deepEqual(await storedBackend(db, id), {
    host: HOST,
    secret: "new",
    admin_state: "ready",
    load_factor: 0,
    settings: { tags: null, later: { x: 1 } },
    agent_ref: null,
  });
});

dbTest("PATCH /backends/:id with an empty body polls the node at once, and only one poll waits", async (db, url) => {
  const { admin } = createApi(db, url);
  const id = await insertBackend(db, { goodAge: 1, dueIn: 60 });
  await db`update backends set updated_at = '0001-01-01'`;
  assert.match(String((await admin(`PATCH /backends/${id}`)).json.updated_at), /^20/);
  await admin(`PATCH /backends/${id.toUpperCase()}`, { load_factor: 2 });
  assert.deepEqual([...await polls(db)], [{ id }]);
  const [health] =
    await db`select due_at <= localtimestamp as due from b3scale_backend_health where backend_id = ${id}`;
  assert.equal(health?.["due"], true);

  await db`update commands set state = 'running'`; // it may have read the row before the next change
  await admin(`PATCH /backends/${id}`, { bbb: { secret: "new" } });
  assert.equal((await polls(db)).length, 1);
});

dbTest("PATCH /backends/:id checks only what it changes", async (db, url) => {
  const { admin } = createApi(db, url);
  const id = await insertBackend(db, { host: "n1", secret: "", admin_state: "error" });
  const whole = { ...(await admin(`GET /backends/${id}`)).json, load_factor: 4 };
  assert.equal((await admin(`PATCH /backends/${id}`, whole)).json.load_factor, 4);
  assert.deepEqual(
    await admin(`PATCH /backends/${id}`, { bbb: { host: "n2", secret: " " }, admin_state: "destroyed" }),
    invalid({
      "bbb.host": ["should start with http(s)://"],
      "bbb.secret": ["this field is required"],
      admin_state: ["invalid value"],
    }),
  );
  await insertBackend(db, { host: HOST });
  assert.deepEqual(await admin(`PATCH /backends/${id}`, { bbb: { host: HOST } }), conflict("bbb.host"));
});

dbTest("changes of different members at once lose nothing", async (db, url) => {
  const { admin } = createApi(db, url);
  const id = await insertBackend(db, { settings: { later: 1 } });
  const bodies = [
    { bbb: { secret: "new" } },
    { bbb: { host: HOST } },
    { admin_state: "stopped" },
    { load_factor: 3 },
    { settings: { tags: ["a"] } },
    { settings: { checksum_algorithm: "sha512" } },
  ];
  const answers = await Promise.all(bodies.map((body) => admin(`PATCH /backends/${id}`, body)));
  assert.deepEqual(answers.map(({ status }) => status), bodies.map(() => 200));
  assert.deepEqual(await storedBackend(db, id), {
    host: HOST,
    secret: "new",
    admin_state: "stopped",
    load_factor: 3,
    settings: { later: 1, tags: ["a"], checksum_algorithm: "sha512" },
    agent_ref: null,
  });
});

dbTest("DELETE /backends/:id decommissions: the meetings stay", async (db, url) => {
  const { admin } = createApi(db, url);
  const id = await insertBackend(db);
  await insertMeeting(db, { backend_id: id });
  for (const query of ["", "?force=no"]) {
    const { json } = await admin(`DELETE /backends/${id}${query}`);
    assert.deepEqual([json.admin_state, json.reasons], ["decommissioned", ["admin_state is decommissioned"]]);
  }
  const [left] = await db`select backend_id from meetings`;
  assert.equal(left?.["backend_id"], id);
  assert.equal((await storedBackend(db, id))?.["admin_state"], "decommissioned");
});

dbTest("DELETE /backends/:id?force=true removes it with its meetings and no others", async (db, url) => {
  const { admin, memory, metrics } = createApi(db, url);
  const [id, other] = [await insertBackend(db), await insertBackend(db)];
  await insertMeeting(db, { id: clusterID("m1"), backend_id: id });
  await insertMeeting(db, { id: clusterID("m2"), backend_id: other });
  await admin(`PATCH /meetings/${clusterID("m1")}`, {});
  assert(memory.meetings.has(clusterID("m1")));
  const { status, json } = await admin(`DELETE /backends/${id}?force=Yes`);
  assert.deepEqual([status, json.id, json.admin_state, json.eligible], [200, id, "destroyed", false]);
  assert.deepEqual(pluck((await admin("GET /backends")).json, "id"), [other]);
  assert.deepEqual([...await db`select id from meetings`], [{ id: clusterID("m2") }]);
  assert(!memory.meetings.has(clusterID("m1")));
  assert.deepEqual(await admin(`DELETE /backends/${id}?force=1`), NOT_FOUND);
  assert.equal(metrics.ended.length, 1);
});

dbTest("DELETE /backends/:id is for operators, and for backends that are there", async (db, url) => {
  const api = createApi(db, url);
  const id = await insertOwned(db, "agent1");
  for (const query of ["", "?force=true"]) {
    assert.deepEqual(
      await api.as("b3scale:node", "agent1")(`DELETE /backends/${id}${query}`),
      forbidden("b3scale:admin scope required"),
    );
    for (const none of [uuid(99), "abc"]) {
      assert.deepEqual(await api.admin(`DELETE /backends/${none}${query}`), NOT_FOUND);
    }
  }
  assert.equal((await storedBackend(db, id))?.["admin_state"], "ready");
});

dbTest("a removal by force goes through while a poll of the node writes in the other order", async (db, url) => {
  const { admin } = createApi(db, url);
  const id = await insertBackend(db);
  const meeting = await insertMeeting(db, { backend_id: id });
  let removal: ReturnType<typeof admin> | undefined;
  const waiting = () =>
    db`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
  await db.begin(async (tx) => {
    await tx`update backends set node_state = 'error' where id = ${id}`;
    removal = admin(`DELETE /backends/${id}?force=true`);
    while ((await waiting()).length === 0); // it has the meeting
    await tx`delete from meetings where id = ${meeting}`;
  }).catch((error) => assert.equal(error.code, "40P01")); // whichever of the two steps back
  assert.equal((await removal)?.status, 200);
  assert.equal((await db`select from backends`).length, 0);
});
