import assert from "node:assert/strict";
import type { Pool } from "../../../../src/deps.ts";
import { AppError } from "../../../../src/errors.ts";
import { bindMeetingFrontend } from "../../../../src/gateway/middleware/bind_meeting_frontend.ts";
import { findMeeting } from "../../../../src/store/meetings.ts";
import { commandDeps } from "../../../support/command_deps.ts";
import { dbTest } from "../../../support/db_test.ts";
import { clusterID, insertFrontend, insertMeeting, makeFrontend, makeRequest } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const M1 = clusterID("m1");

/** The meeting that the next in the chain sees. */
async function meetingAfter(db: Pool, frontendID: string, { meetingID = M1 as string, resource = "join" } = {}) {
  using deps = commandDeps(db);
  const request = makeRequest({ resource, params: { meetingID }, frontend: makeFrontend({ id: frontendID }) });
  return { meeting: (await passDown(bindMeetingFrontend(deps), request)).meeting, applied: deps.applied };
}

dbTest("bindMeetingFrontend() finds the frontend's own meeting for the whole chain", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db, { frontend_id: frontend });
  for (const resource of ["create", "join", "somethingNew"]) {
    assert.equal((await meetingAfter(db, frontend, { resource })).meeting?.id, M1);
  }
});

dbTest("bindMeetingFrontend() gives an unclaimed meeting to who asks, with a mapping for its recording", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db);
  const { meeting, applied } = await meetingAfter(db, frontend);
  assert.deepEqual([meeting?.id, meeting?.frontend_id, applied], [M1, frontend, [M1]]);
  assert.equal((await findMeeting(db, M1))?.frontend_id, frontend);
  assert.deepEqual((await db`select frontend_id, meeting_id from frontend_meetings`).map((row) => ({ ...row })), [
    { frontend_id: frontend, meeting_id: M1 },
  ]);
});

dbTest("bindMeetingFrontend() gives an unclaimed meeting to one of two who ask at once", async (db) => {
  const [one, two] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await insertMeeting(db);
  const seen = await Promise.all([meetingAfter(db, one), meetingAfter(db, two)]);
  assert.equal(seen.filter(({ meeting }) => meeting !== undefined).length, 1);
  assert.equal((await db`select from frontend_meetings`).length, 1);
});

dbTest("bindMeetingFrontend() knows no meeting of another frontend, and refuses to create it", async (db) => {
  const [own, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await insertMeeting(db, { frontend_id: other });
  for (const resource of ["join", "end", "getMeetingInfo"]) {
    assert.equal((await meetingAfter(db, own, { resource })).meeting, undefined);
  }
  const refused = meetingAfter(db, own, { resource: "create" });
  await assert.rejects(refused, (error) => error instanceof AppError && error.code === "meeting_id_taken");
});

dbTest("bindMeetingFrontend() does not know a meeting that is pending", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db, { internal_id: "pending:1", frontend_id: frontend });
  for (const resource of ["create", "join"]) {
    assert.equal((await meetingAfter(db, frontend, { resource })).meeting, undefined);
  }
});

dbTest("bindMeetingFrontend() passes on what names no meeting, an unknown one, or several", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db, { frontend_id: frontend });
  for (const meetingID of ["", "unknown", `${M1},${clusterID("m2")}`]) {
    assert.equal((await meetingAfter(db, frontend, { meetingID, resource: "getRecordings" })).meeting, undefined);
  }
});

dbTest("bindMeetingFrontend() leaves a meeting alone that recordings are asked for", async (db) => {
  const frontend = await insertFrontend(db);
  await insertMeeting(db);
  for (const resource of ["getRecordings", "publishRecordings", "getRecordingTextTracks"]) {
    const { meeting, applied } = await meetingAfter(db, frontend, { resource });
    assert.deepEqual([meeting, applied], [undefined, []]);
  }
  assert.equal((await findMeeting(db, M1))?.frontend_id, null);
});
