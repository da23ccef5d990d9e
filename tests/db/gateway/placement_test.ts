import assert from "node:assert/strict";
import type { Deps, Pool } from "../../../src/deps.ts";
import { createPlacements } from "../../../src/gateway/placement.ts";
import { listBackends } from "../../../src/store/backends.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { dbTest } from "../../support/db_test.ts";
import { clusterID, insertBackend, insertFrontend, makeConfig, makeFrontend, makeRequest } from "../../support/make.ts";

/** A server that has not heard yet of what others reserve. */
async function server(db: Pool) {
  const backends = await listBackends(db);
  const view = {
    listBackends: () => Promise.resolve(backends),
    weighMeetings: () => Promise.resolve([]),
    seenUntil: () => undefined,
  } as unknown as Deps["view"];
  return createPlacements({ config: makeConfig(), db, view, random: () => 0, clock: createFakeClock() });
}

dbTest(
  "reserve() weighs what another server has just reserved, be it for a meeting that it wanted itself",
  async (db) => {
    const frontend = makeFrontend({ id: await insertFrontend(db) });
    for (let count = 0; count < 2; count++) await insertBackend(db);
    const [one, other] = [await server(db), await server(db)];
    const reserve = (placements: typeof one, room: string, size: string) => {
      const params = { "meta_bbb-meeting-size-hint": size };
      return placements.reserve(makeRequest({ frontend, params }), clusterID(room), undefined);
    };

    const lecture = await reserve(one, "lecture", "100");
    // The first one goes alone, the others share a transaction.
    const [talk, lost, seminar] = await Promise.all([
      reserve(other, "talk", "10"),
      reserve(other, "lecture", "100"),
      reserve(other, "seminar", "10"),
    ]);
    assert.equal(lost, undefined);
    assert.notEqual(talk?.backend.id, lecture?.backend.id);
    assert.equal(seminar?.backend.id, talk?.backend.id);
  },
);
