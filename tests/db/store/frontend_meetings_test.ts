import assert from "node:assert/strict";
import { deleteStaleFrontendMeetings, touchFrontendMeeting } from "../../../src/store/frontend_meetings.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertFrontend, insertMeeting } from "../../support/make.ts";

dbTest("touchFrontendMeeting() keeps the frontend of a mapping and moves its date", async (db) => {
  const [frontend, other] = [await insertFrontend(db), await insertFrontend(db, { key: "fe2" })];
  await touchFrontendMeeting(db, frontend, clusterID("m"));
  await db`update frontend_meetings set seen_at = '2020-01-01'`;
  await touchFrontendMeeting(db, other, clusterID("m"));
  const [row, ...more] =
    await db`select frontend_id, seen_at > localtimestamp - interval '1 minute' as fresh from frontend_meetings`;
  assert.deepEqual({ ...row }, { frontend_id: frontend, fresh: true });
  assert.equal(more.length, 0);
});

dbTest("deleteStaleFrontendMeetings() keeps what is young, running, or has a recording", async (db) => {
  const frontend = await insertFrontend(db);
  for (const id of ["gone", "young", "running", "recorded"]) await touchFrontendMeeting(db, frontend, clusterID(id));
  await db`update frontend_meetings set seen_at = localtimestamp - interval '91 days' where meeting_id <> ${
    clusterID("young")
  }`;
  await db`update frontend_meetings set seen_at = localtimestamp - interval '89 days' where meeting_id = ${
    clusterID("young")
  }`;
  await insertMeeting(db, { id: clusterID("running") });
  await db`insert into recordings (state, record_id, frontend_id, meeting_id, internal_meeting_id)
    values ('{}', 'r', ${frontend}, ${clusterID("recorded")}, 'i')`;
  assert.equal(await deleteStaleFrontendMeetings(db, 90), 1);
  const left = (await db`select meeting_id from frontend_meetings`).map(({ meeting_id }) => meeting_id).sort();
  assert.deepEqual(left, ["young", "running", "recorded"].map((id) => clusterID(id) as string).sort());
});
