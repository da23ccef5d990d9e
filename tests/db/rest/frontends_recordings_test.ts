import assert from "node:assert/strict";
import { dbTest } from "../../support/db_test.ts";
import { insertFrontend } from "../../support/make.ts";
import { createApi } from "./api.ts";

dbTest(
  "DELETE /frontends/:id wishes the files of all its recordings to the trash, in the same transaction",
  async (db, url) => {
    const { admin } = createApi(db, url);
    const [gone, kept] = [await insertFrontend(db, { key: "gone" }), await insertFrontend(db, { key: "kept" })];
    for (const [id, frontend] of [["a", gone], ["b", gone], ["c", kept]] as const) {
      await db`
      insert into recordings (record_id, frontend_id, meeting_id, internal_meeting_id, state)
      values (${id}, ${frontend}, 'm', 'm', '{}')`;
    }
    assert.equal((await admin(`DELETE /frontends/${gone}`)).status, 200);
    const moves = await db`select record_id, target from b3scale_recording_moves order by record_id`;
    assert.deepEqual(moves.map((move) => ({ ...move })), [
      { record_id: "a", target: "trash" },
      { record_id: "b", target: "trash" },
    ]);
    assert.deepEqual((await db`select record_id from recordings`).map((row) => row["record_id"]), ["c"]);
    assert.equal((await admin(`DELETE /frontends/${gone}`)).status, 404);
  },
);

dbTest(
  "recordings.retention_days is set, kept, changed and removed by PATCH, and there only when set",
  async (db, url) => {
    const { admin } = createApi(db, url);
    const id = await insertFrontend(db);
    const patch = async (recordings: unknown) => {
      const { status, json } = await admin(`PATCH /frontends/${id}`, { settings: { recordings } });
      return status === 200 ? json["settings"]?.["recordings"] : status;
    };
    assert.deepEqual(await patch({ visibility_override: "public" }), { visibility_override: "public" });
    assert.deepEqual(await patch({ retention_days: 30 }), { visibility_override: "public", retention_days: 30 });
    assert.deepEqual(await patch({ visibility_override: null }), { visibility_override: null, retention_days: 30 });
    for (const wrong of [0, -1, 1.5, "30", 36_501, true]) assert.equal(await patch({ retention_days: wrong }), 400);
    assert.deepEqual(await patch({ retention_days: null }), { visibility_override: null });
    assert.equal(await patch(null), null);
  },
);
