import assert from "node:assert/strict";
import { dbTest } from "../../support/db_test.ts";
import { uuid } from "../../support/make.ts";
import { createApi, forbidden, invalid, NOT_FOUND, pluck } from "./api.ts";

const END_ALL = { action: "end_all_meetings", params: { BackendID: uuid(1) } };

dbTest("POST /commands stores end_all_meetings and answers the row", async (db, url) => {
  const { admin } = createApi(db, url);
  const { status, json } = await admin("POST /commands", { ...END_ALL, id: "x", seq: 9, state: "success" });
  assert.equal(status, 202);
  const { id, seq, deadline, created_at, ...rest } = json;
  assert.deepEqual(rest, { state: "requested", ...END_ALL, result: null, started_at: null, stopped_at: null });
  assert.equal(seq, 1);
  assert.equal(Date.parse(String(deadline)) - Date.parse(String(created_at)), 120_000);
  assert.deepEqual((await admin(`GET /commands/${id}`)).json, json);
});

dbTest("POST /commands takes no other action, and params as they are", async (db, url) => {
  const { admin } = createApi(db, url);
  for (const body of [{}, { action: "collect_garbage" }, { action: null }]) {
    assert.deepEqual(await admin("POST /commands", body), invalid({ action: ["this action is not allowed"] }));
  }
  for (const params of [{ BackendID: "\0" }, { BackendID: ["\ud800"] }, { "\0": 1 }]) {
    assert.equal((await admin("POST /commands", { ...END_ALL, params })).status, 400);
  }
  const odd = { backendid: 1, more: ["\\u0000"] };
  assert.deepEqual((await admin("POST /commands", { ...END_ALL, params: odd })).json.params, odd);
  assert.equal((await admin("POST /commands", { action: END_ALL.action })).json.params, null);
});

dbTest("GET /commands lists the queue in its order, outcomes included", async (db, url) => {
  const { admin } = createApi(db, url);
  for (let count = 0; count < 3; count++) await admin("POST /commands", END_ALL);
  await db`update commands set state = 'error', result = '"no"', started_at = '2024-01-02', stopped_at = '2024-01-03'
    where seq = 1`;
  const { json } = await admin("GET /commands");
  assert.deepEqual(pluck(json, "seq"), [1, 2, 3]);
  assert.deepEqual([json["0"]?.state, json["0"]?.result, json["0"]?.stopped_at], [
    "error",
    "no",
    "2024-01-03T00:00:00Z",
  ]);
});

dbTest("commands are for operators, and unknown ones are not found", async (db, url) => {
  const api = createApi(db, url);
  for (const call of ["GET /commands", `GET /commands/${uuid(1)}`, "POST /commands"]) {
    for (const scope of ["b3scale", "b3scale:node"] as const) {
      assert.deepEqual(await api.as(scope, "x")(call, call.startsWith("P") ? END_ALL : undefined), {
        ...forbidden("b3scale:admin scope required"),
      });
    }
  }
  for (const id of [uuid(1), "abc", "%00"]) assert.deepEqual(await api.admin(`GET /commands/${id}`), NOT_FOUND);
  assert.equal((await db`select from commands`).length, 0);
});
