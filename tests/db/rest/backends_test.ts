import assert from "node:assert/strict";
import { dbTest } from "../../support/db_test.ts";
import { insertBackend, insertMeeting, makeAttendees, uuid } from "../../support/make.ts";
import { conflict, createApi, forbidden, insertOwned, invalid, NOT_FOUND, pluck, polls, storedBackend } from "./api.ts";

const HOST = "https://n1.example/bigbluebutton/api/";
const bbb = { host: HOST, secret: "s" };

dbTest("POST /backends fills in what is not given and has the node polled", async (db, url) => {
  const { status, json } = await createApi(db, url).admin("POST /backends", { bbb });
  assert.equal(status, 200);
  const { id, created_at, updated_at, synced_at, ...rest } = json;
  assert.deepEqual(rest, {
    node_state: "init",
    admin_state: "ready",
    agent_heartbeat: "2000-01-01T00:00:00Z",
    agent_ref: null,
    last_error: null,
    latency: 0,
    meetings_count: 0,
    attendees_count: 0,
    load_factor: 1,
    bbb,
    settings: { tags: null },
    health: "unstable",
    eligible: false,
    reasons: ["not polled yet"],
    load: 0,
  });
  assert.deepEqual([...await polls(db)], [{ id }]);
  assert(created_at && updated_at && synced_at);
});

dbTest("POST /backends says what is wrong in 1.x's words", async (db, url) => {
  const { admin } = createApi(db, url);
  const required = "this field is required";
  const scheme = "should start with http(s)://";
  assert.deepEqual(
    await admin("POST /backends", {}),
    invalid({ "bbb.host": [required, scheme], "bbb.secret": [required] }),
  );
  assert.deepEqual(
    await admin("POST /backends", { bbb: { host: "n1", secret: " " }, admin_state: "error" }),
    invalid({ "bbb.host": [scheme], "bbb.secret": [required], admin_state: ["invalid value"] }),
  );
  for (
    const body of [
      { bbb, load_factor: -1 },
      { bbb, load_factor: 1e300 },
      { bbb, load_factor: 1e-300 },
      { bbb: { host: `${HOST}\0`, secret: "s" } },
      { bbb, settings: { tags: ["\ud800"] } },
      { bbb, settings: { checksum_algorithm: "md5" } },
      { bbb: "x" },
    ]
  ) {
    assert.equal((await admin("POST /backends", body)).status, 400, JSON.stringify(body));
  }
  assert.deepEqual((await admin("GET /backends")).json, []);
});

dbTest("POST /backends refuses a host that is there and an agent that has a backend", async (db, url) => {
  const api = createApi(db, url);
  await insertOwned(db, "agent1", { host: HOST, secret: "s" });
  assert.deepEqual(await api.admin("POST /backends", { bbb }), conflict("bbb.host"));
  const agent = api.as("b3scale:node", "agent1");
  assert.deepEqual(await agent("POST /backends", { bbb: { ...bbb, host: "http://n2/" } }), conflict("agent_ref"));
  assert.deepEqual(await api.as("b3scale:node", "agent2")("POST /backends", { bbb }), conflict("bbb.host"));
  assert.equal((await polls(db)).length, 0);
});

dbTest("POST /backends of an agent binds it to the operator's backend when it knows the secret", async (db, url) => {
  const api = createApi(db, url);
  const agent = api.as("b3scale:node", "agent1");
  const id = await insertBackend(db, { host: HOST, secret: "s", admin_state: "stopped", load_factor: 2 });
  assert.deepEqual(
    await agent("POST /backends", { bbb: { ...bbb, secret: "guess" } }),
    conflict("bbb.host"),
  );
  const { status, json } = await agent("POST /backends", { bbb, admin_state: "init", load_factor: 1 });
  assert.equal(status, 200);
  assert.deepEqual([json.id, json.agent_ref, json.admin_state, json.load_factor], [id, "agent1", "stopped", 2]);
  assert.deepEqual([...await polls(db)], [{ id }]);

  const own = await api.as("b3scale:node", "agent2")("POST /backends", { bbb: { host: "http://n2/", secret: "x" } });
  assert.equal(own.json.agent_ref, "agent2");
  assert.deepEqual(await api.as("b3scale:node", "")("POST /backends", { bbb }), forbidden("Forbidden"));
  assert.equal((await api.as("b3scale:node", "a".repeat(65))("POST /backends", { bbb })).status, 400);
  assert.deepEqual(
    await api.as("b3scale", "acct")("POST /backends", { bbb }),
    forbidden("b3scale:admin, b3scale:node scope required"),
  );
});

dbTest("of two agents that register one host at once, one gets it", async (db, url) => {
  const api = createApi(db, url);
  await insertBackend(db, { host: HOST, secret: "s" });
  const register = (sub: string) => api.as("b3scale:node", sub)("POST /backends", { bbb });
  const answers = await Promise.all(["a1", "a2", "a3"].map(register));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
});

dbTest("GET /backends filters by plain parts of the host, ordered by host", async (db, url) => {
  const api = createApi(db, url);
  for (const host of ["https://n_2/", "https://N1/", "https://nx2/"]) await insertBackend(db, { host });
  const hosts = async (query: string) =>
    Object.values((await api.admin(`GET /backends${query}`)).json).map((row) => row.bbb?.host);
  assert.equal((await hosts("")).length, 3);
  assert.deepEqual(await hosts("?host=https://nx2/"), ["https://nx2/"]);
  assert.deepEqual(await hosts("?host__like=n_2"), ["https://n_2/"]);
  assert.deepEqual(await hosts("?host__like=n1"), []);
  assert.deepEqual(await hosts("?host__ilike=n1"), ["https://N1/"]);
  assert.deepEqual(await hosts("?host__ilike=n&host__like=x"), ["https://nx2/"]);
  assert.equal((await hosts("?host=&other=1")).length, 3);
  assert.equal((await api.admin("GET /backends?host=%00")).status, 400);
  for (const scope of ["b3scale:node", "b3scale"] as const) {
    assert.deepEqual(await api.as(scope, "agent1")("GET /backends"), forbidden("b3scale:admin scope required"));
  }
});

dbTest("GET /backends/:id says how the node is and why it takes no meetings", async (db, url) => {
  const { admin } = createApi(db, url);
  const failing = await insertBackend(db, { failedPolls: 3, failedAge: 1, goodAge: 60, node_state: "error" });
  await db`update b3scale_backend_health set last_error = 'connection refused'`;
  const silent = await insertBackend(db, { heartbeatAge: 42, goodAge: 50, syncedAge: 50 });
  const stopped = await insertBackend(db, { admin_state: "stopped", goodAge: 1 });
  const good = await insertBackend(db, { goodAge: 1 });
  const health = async (id: string) => {
    const { json } = await admin(`GET /backends/${id}`);
    return [json.health, json.eligible, json.reasons];
  };
  assert.deepEqual(await health(failing), ["offline", false, ["3 failed polls: connection refused"]]);
  const [state, eligible, reasons] = await health(silent);
  assert.deepEqual([state, eligible], ["unstable", false]);
  assert.match(String(reasons), /^heartbeat lost 4\d s ago and not polled well since$/);
  assert.deepEqual(await health(stopped), ["available", false, ["admin_state is stopped"]]);
  assert.deepEqual(await health(good), ["available", true, []]);
});

dbTest("GET /backends says the figure by which the router orders them", async (db, url) => {
  const { admin } = createApi(db, url);
  const backend_id = await insertBackend(db, { host: "https://n1/", load_factor: 2 });
  const free = await insertBackend(db, { host: "https://n2/" });
  await insertMeeting(db, { id: "a", backend_id, meeting: { attendees: makeAttendees(20) } });
  await insertMeeting(db, { id: "b", backend_id, meeting: { attendees: makeAttendees(3) } });
  assert.deepEqual(pluck((await admin("GET /backends")).json, "load"), [46, 0]);
  assert.equal((await admin(`GET /backends/${backend_id}`)).json.load, 46);
  assert.equal((await admin(`PATCH /backends/${free}`, {})).json.load, 0);
});

dbTest(
  "GET and PATCH /backends/:id show an agent its own backend only; who is admin as well sees all",
  async (db, url) => {
    const api = createApi(db, url);
    const own = await insertOwned(db, "agent1");
    const other = await insertOwned(db, "agent2");
    const agent = api.as("b3scale:node", "agent1");
    for (const call of ["GET", "PATCH"]) {
      const body = call === "GET" ? undefined : { load_factor: 3 };
      assert.equal((await agent(`${call} /backends/${own}`, body)).json.id, own);
      assert.deepEqual(await agent(`${call} /backends/${other}`, body), NOT_FOUND);
      const both = api.as("b3scale:admin b3scale:node", "agent1");
      assert.equal((await both(`${call} /backends/${other}`, body)).json.id, other);
      const { status, json } = await api.as("b3scale", "agent1")(`${call} /backends/${own}`, body);
      assert.deepEqual({ status, json }, forbidden("b3scale:admin, b3scale:node scope required"));
      for (const id of [uuid(99), "abc", "%00"]) {
        assert.deepEqual(await api.admin(`${call} /backends/${id}`, body), NOT_FOUND, id);
      }
    }
    assert.equal((await storedBackend(db, other))?.["load_factor"], 3);
  },
);
