import assert from "node:assert/strict";
import { deleteStaleAudit, insertAudit, listAudit } from "../../../src/store/audit.ts";
import { dbTest } from "../../support/db_test.ts";

const ENTRY = {
  subject: "root",
  scope: "b3scale:admin",
  method: "PATCH",
  resource: "/api/v1/frontends/x",
  changed_keys: ["bbb.key", 'odd "{},\\ name'],
  request_id: "r1",
};

dbTest("listAudit() gives back what insertAudit() was given, newest first", async (db) => {
  for (const subject of ["first", "second", "third"]) await insertAudit(db, { ...ENTRY, subject });
  const rows = await listAudit(db, { limit: 2 });
  assert.deepEqual(rows.map(({ time: _, ...row }) => row), [{ ...ENTRY, subject: "third" }, {
    ...ENTRY,
    subject: "second",
  }]);
  assert.ok(Math.abs(Date.now() - (rows[0]?.time.getTime() ?? 0)) < 60_000, "times are UTC");
});

dbTest("insertAudit() stores what is no text to PostgreSQL, and cuts what is long", async (db) => {
  const odd = { ...ENTRY, subject: "a\0b\ud800", changed_keys: ["\0", "x".repeat(10_000)] };
  await insertAudit(db, odd);
  const [row] = await listAudit(db, { limit: 1 });
  assert.equal(row?.subject, "a\ufffdb\ufffd");
  assert.deepEqual(row?.changed_keys.map((key) => key.length), [1, 500]);
});

dbTest("deleteStaleAudit() deletes what is older than so many days", async (db) => {
  for (const age of ["89 days", "91 days", "300 days"]) {
    await insertAudit(db, { ...ENTRY, subject: age });
    await db`update b3scale_audit set time = localtimestamp - ${age}::text::interval where subject = ${age}`;
  }
  assert.equal(await deleteStaleAudit(db, 90), 2);
  assert.deepEqual((await listAudit(db, { limit: 10 })).map(({ subject }) => subject), ["89 days"]);
});
