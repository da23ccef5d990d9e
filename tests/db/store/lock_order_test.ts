// Who writes several meetings at once, beside a poll that locks the same ones: a deadlock would cost both a second.
import assert from "node:assert/strict";
import type { Pool } from "../../../src/deps.ts";
import { deleteBackendMeetings } from "../../../src/store/meetings.ts";
import { confirmMeetings, takeOverMeetings } from "../../../src/store/pending_meetings.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertMeeting, makeMeeting } from "../../support/make.ts";
import { eventually } from "../../support/wait.ts";

/** The rows `a` and `b` are locked one after the other, as polls do it, while `work` touches both. */
async function besidePoll(db: Pool, work: () => Promise<unknown>): Promise<void> {
  const [working] = await db.begin(async (tx) => {
    await tx`select from meetings where id = ${clusterID("a")} for update`;
    const working = work();
    await eventually("it waits for the first row", async () => {
      const waiting = await db`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
    await tx`select from meetings where id = ${clusterID("b")} for update`;
    return [working];
  });
  await working;
}

dbTest(
  "takeOverMeetings(), confirmMeetings() and deleteBackendMeetings() lock rows in the order of polls",
  async (db) => {
    const [dead, next] = [await insertBackend(db), await insertBackend(db)];
    const ids = ["b", "a"].map((id) => clusterID(id));
    for (const id of ids) await insertMeeting(db, { id, backend_id: dead, internal_id: `int-${id}` });
    await besidePoll(db, async () => {
      const lost = ids.map((id) => ({ id, seenInternalID: `int-${id}`, seenBackendID: dead, pendingID: id }));
      assert.equal((await takeOverMeetings(db, lost)).size, 2);
    });
    await besidePoll(db, async () => {
      const built = ids.map((id) => ({
        id,
        pendingID: id,
        backendID: next,
        meeting: makeMeeting({ internalMeetingID: `new-${id}` }),
      }));
      assert.equal((await confirmMeetings(db, built)).size, 2);
    });
    await besidePoll(db, async () => assert.equal((await deleteBackendMeetings(db, next)).length, 2));
  },
);
