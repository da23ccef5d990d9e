import assert from "node:assert/strict";
import type { Db } from "../../../src/deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, insertMeeting, makeAttendees, uuid } from "../../support/make.ts";
import { conflict, createApi, forbidden, NOT_FOUND, pluck } from "./api.ts";

const M1 = clusterID("m1");
const M2 = clusterID("m2");
const M3 = clusterID("m3");

/** m1 and m3 of agent1's node and frontend fe1; m2 on another node; a pending one. */
async function insertMeetings(db: Db) {
  const [fe1, fe2] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  const [b1, b2] = [await insertBackend(db, { host: "http://n1/" }), await insertBackend(db, { host: "http://n2/" })];
  await db`update backends set agent_ref = 'agent1' where id = ${b1}`;
  await insertMeeting(db, { id: M1, internal_id: "int-1", frontend_id: fe1, backend_id: b1, age: 100 });
  await insertMeeting(db, { id: M2, internal_id: "int-2", frontend_id: fe1, backend_id: b2, age: 300 });
  await insertMeeting(db, { id: M3, internal_id: "int-3", frontend_id: fe1, backend_id: b1, age: 200 });
  await insertMeeting(db, { id: "p", internal_id: "pending:1", frontend_id: fe1, backend_id: b1 });
  return { fe1, fe2, b1, b2 };
}

dbTest("GET /meetings lists those of backend and frontend, oldest first, without pending ones", async (db, url) => {
  const { admin } = createApi(db, url);
  const { fe1, fe2, b1, b2 } = await insertMeetings(db);
  const ids = async (query: string) => pluck((await admin(`GET /meetings?${query}`)).json, "id");
  assert.deepEqual(await ids(`backend_id=${b1}`), [M3, M1]);
  assert.deepEqual(await ids("backend_host=http://n2/"), [M2]);
  assert.deepEqual(await ids(`backend_id=${b1}&backend_host=http://n1/`), [M3, M1]);
  assert.deepEqual(await ids(`frontend_id=${fe1}`), [M2, M3, M1]);
  assert.deepEqual(await ids("frontend_key=fe2"), []);
  assert.deepEqual(await ids(`frontend_key=fe1&backend_id=${b2}`), [M2]);
  assert.deepEqual(await ids(`frontend_id=${fe2}&frontend_key=fe2&backend_host=http://n1/`), []);

  const unknown = [
    `backend_id=${b1}&backend_host=http://n2/`,
    `frontend_id=${fe1}&frontend_key=fe2`,
    "backend_host=http://nope/",
    "frontend_key=nope",
    "backend_id=abc",
    `frontend_id=${uuid(99)}`,
    `backend_id=${b1}&frontend_key=nope`,
  ];
  for (const query of unknown) assert.deepEqual(await admin(`GET /meetings?${query}`), NOT_FOUND, query);
  for (const query of ["", "?backend_id=", "?frontend_key=%00"]) {
    assert.equal((await admin(`GET /meetings${query}`)).status, 400, query);
  }
});

dbTest("GET /meetings/:id finds by either id and names frontend and backend", async (db, url) => {
  const { admin } = createApi(db, url);
  const { fe1, b1 } = await insertMeetings(db);
  const { json } = await admin(`GET /meetings/${M1}`);
  const { created_at, updated_at, synced_at, meeting, ...rest } = json;
  assert.deepEqual(rest, {
    id: M1,
    internal_id: "int-1",
    frontend_id: fe1,
    backend_id: b1,
    frontend_key: "fe1",
    backend_host: "http://n1/",
  });
  assert.equal(meeting?.InternalMeetingID, "int-1");
  assert(created_at && updated_at && synced_at);
  for (const id of ["internal:int-1", "internal%3Aint-1"]) {
    assert.deepEqual((await admin(`GET /meetings/${id}`)).json, json);
  }
  for (const id of ["nope", "internal:", "internal:nope", "p", "internal:pending:1", "%00", "internal:%00"]) {
    assert.deepEqual(await admin(`GET /meetings/${id}`), NOT_FOUND, id);
  }
});

dbTest(
  "GET /meetings/:id reads a row of 1.x without an internal id, and an id with odd characters",
  async (db, url) => {
    const { admin } = createApi(db, url);
    const id = await insertMeeting(db, { id: "a/b c" });
    await db`update meetings set internal_id = null, state = state || '{"InternalMeetingID": ""}'`;
    const { status, json } = await admin("GET /meetings/a%2Fb%20c");
    assert.deepEqual([status, json.id, json.internal_id, json.frontend_key, json.backend_host], [
      200,
      id,
      "",
      null,
      null,
    ]);
    assert.equal((await admin("PATCH /meetings/a%2Fb%20c", { meeting: { Running: false } })).json.internal_id, "");
  },
);

dbTest("an agent reaches the meetings of its node only, and none without a backend", async (db, url) => {
  const api = createApi(db, url);
  await insertMeetings(db);
  const agent = api.as("b3scale:node", "agent1");
  for (const method of ["GET", "PATCH", "DELETE"]) {
    const body = method === "PATCH" ? { meeting: { Running: false } } : undefined;
    for (const id of [M2, "internal:int-2", "nope"]) {
      assert.deepEqual(await agent(`${method} /meetings/${id}`, body), NOT_FOUND);
    }
    for (const id of [M1, "nope"]) {
      assert.deepEqual(
        await api.as("b3scale:node", "ghost")(`${method} /meetings/${id}`, body),
        forbidden("Forbidden"),
      );
    }
    assert.deepEqual(
      await api.as("b3scale", "acct")(`${method} /meetings/${M1}`, body),
      forbidden("b3scale:admin, b3scale:node scope required"),
    );
    assert.equal((await agent(`${method} /meetings/internal:int-1`, body)).json.id, M1);
  }
  assert.deepEqual(await agent("GET /meetings?backend_host=http://n1/"), forbidden("b3scale:admin scope required"));
  assert.equal((await api.as("b3scale:admin b3scale:node", "ghost")(`GET /meetings/${M2}`)).status, 200);
  const [other] = await db`select state -> 'Running' as running from meetings where id = ${M2}`;
  assert.equal(other?.["running"], true);
});

dbTest("PATCH /meetings/:id merges the document as the contract says", async (db, url) => {
  const { admin } = createApi(db, url);
  const attendees = makeAttendees(2);
  await insertMeeting(db, { id: M1, internal_id: "int-1", meeting: { metadata: { a: "1", b: "2" }, attendees } });
  const patch = async (meeting: unknown) => (await admin(`PATCH /meetings/${M1}`, { meeting })).json.meeting ?? {};
  const before = (await admin(`GET /meetings/${M1}`)).json.meeting;

  assert.deepEqual(await patch(null), before);
  assert.deepEqual(await patch({ Duration: null, MeetingName: null, Unknown: 1 }), before);
  assert.deepEqual((await patch({ Metadata: { b: null, c: "3" } })).Metadata, { a: "1", c: "3" });
  assert.deepEqual((await patch({ Metadata: null })).Metadata, {});
  assert.deepEqual((await patch({ Breakout: { Sequence: 2 } })).Breakout, {
    ParentMeetingID: "",
    Sequence: 2,
    FreeJoin: false,
  });
  assert.deepEqual((await patch({ Breakout: { FreeJoin: true } })).Breakout?.Sequence, 2);
  assert.equal((await patch({ Breakout: null })).Breakout, null);
  assert.deepEqual((await patch({ Attendees: [{ UserID: "u9", Role: null }] })).Attendees, [{
    UserID: "u9",
    InternalUserID: "",
    FullName: "",
    Role: "",
    IsPresenter: false,
    IsListeningOnly: false,
    HasJoinedVoice: false,
    HasVideo: false,
    ClientType: "",
  }]);
  const last = await patch({ Running: false, EndTime: 1704164645000, Attendees: null, BreakoutRooms: ["x"] });
  assert.deepEqual(last, {
    ...before,
    Running: false,
    EndTime: 1704164645000,
    Attendees: null,
    BreakoutRooms: ["x"],
    Metadata: {},
  });
});

const refused: unknown[] = [
  { Duration: -1 },
  { Duration: 1.5 },
  { Duration: 1e300 },
  { Duration: "1" },
  { Running: "true" },
  { Attendees: [null] },
  { Breakout: { Sequence: -1 } },
  { Metadata: { a: 1 } },
  { Metadata: { "\0": "x" } },
  { InternalMeetingID: "" },
  { InternalMeetingID: "pending:x" },
  { InternalMeetingID: "x\0" },
  { InternalMeetingID: "x".repeat(256) },
];

dbTest("PATCH /meetings/:id refuses what 1.x could not read", async (db, url) => {
  const { admin } = createApi(db, url);
  await insertMeetings(db);
  const before = (await admin(`GET /meetings/${M1}`)).json;
  for (const meeting of refused) {
    assert.equal((await admin(`PATCH /meetings/${M1}`, { meeting })).status, 400, JSON.stringify(meeting));
  }
  assert.deepEqual((await admin(`GET /meetings/${M1}`)).json, before);
});

dbTest("PATCH /meetings/:id moves internal_id, updated_at, mapping and view, and nothing else", async (db, url) => {
  const { admin, memory } = createApi(db, url);
  const { fe1, b1, b2 } = await insertMeetings(db);
  const before = (await admin(`GET /meetings/${M1}`)).json;
  const body = { meeting: { InternalMeetingID: "int-new" }, backend_id: b2, frontend_id: null };
  const { json } = await admin(`PATCH /meetings/${M1}`, body);
  assert(String(json.updated_at) > String(before.updated_at));
  assert.deepEqual(json, {
    ...before,
    internal_id: "int-new",
    meeting: { ...before.meeting, InternalMeetingID: "int-new" },
    updated_at: json.updated_at,
  });
  assert.deepEqual([...await db`select frontend_id, meeting_id from frontend_meetings`], [
    { frontend_id: fe1, meeting_id: M1 },
  ]);
  const held = memory.meetings.get(M1)?.row;
  assert.deepEqual([held?.internal_id, held?.backend_id], ["int-new", b1]);
  assert.equal((await admin("GET /meetings/internal:int-new")).status, 200);
  assert.deepEqual(
    await admin(`PATCH /meetings/${M1}`, { meeting: { InternalMeetingID: "int-2" } }),
    conflict("meeting.InternalMeetingID"),
  );
});

dbTest("changes of different members of a meeting at once lose nothing", async (db, url) => {
  const { admin } = createApi(db, url);
  await insertMeetings(db);
  const names = Array.from({ length: 8 }, (_, index) => `key${index}`);
  await Promise.all([
    ...names.map((name) => admin(`PATCH /meetings/${M1}`, { meeting: { Metadata: { [name]: "x" } } })),
    admin(`PATCH /meetings/${M1}`, { meeting: { Running: false } }),
    admin(`PATCH /meetings/${M1}`, { meeting: { Duration: 5 } }),
  ]);
  const { meeting } = (await admin(`GET /meetings/${M1}`)).json;
  assert.deepEqual(Object.keys(meeting?.Metadata ?? {}).sort(), names);
  assert.deepEqual([meeting?.Running, meeting?.Duration], [false, 5]);
});

dbTest("DELETE /meetings/:id answers what it deleted and forgets it", async (db, url) => {
  const { admin, memory, metrics } = createApi(db, url);
  await insertMeetings(db);
  const { json: shown } = await admin(`PATCH /meetings/${M1}`, {});
  assert(memory.meetings.has(M1));
  assert.deepEqual(await admin("DELETE /meetings/internal:int-1"), { status: 200, json: shown });
  assert(!memory.meetings.has(M1));
  for (const id of [M1, "internal:int-1", "p"]) assert.deepEqual(await admin(`DELETE /meetings/${id}`), NOT_FOUND);
  assert.deepEqual(metrics.ended.map(({ frontend, seconds }) => [frontend, Math.floor(seconds / 60)]), [["fe1", 1]]);
  assert.equal((await db`select from meetings`).length, 3);
});
