import assert from "node:assert/strict";
import { BACKEND_FAMILIES } from "../../../src/metrics/collect_backends.ts";
import { clusterState } from "../../../src/metrics/collect_cluster.ts";
import { makeAttendees, makeBackend, makeMeeting, makeMeetingRow, NEVER, uuid } from "../../support/make.ts";
import { scrapeFamilies } from "../../support/scrape_families.ts";

const host = (name: string) => `https://${name}/bigbluebutton/api/`;
const good = makeBackend({ id: uuid(11), host: host("good"), load_factor: 2, ages: { heartbeat: 1, good: 3 } });
const unstable = makeBackend({ id: uuid(12), host: host("unstable"), failed_polls: 1, ages: { failed: 1, good: 9 } });
const offline = makeBackend({
  id: uuid(13),
  host: host("offline"),
  node_state: "error",
  failed_polls: 3,
  ages: { heartbeat: 60, failed: 1, good: null },
});
const stopped = makeBackend({
  id: uuid(14),
  host: host("stopped"),
  admin_state: "stopped",
  ages: { heartbeat: NEVER, good: 5, synced: 4 },
});
const backends = [good, unstable, offline, stopped];
const meeting = (people: number) => makeMeeting({ attendees: makeAttendees(people) });
const meetings = [
  makeMeetingRow({ id: "m1", backend_id: uuid(11), meeting: meeting(20), ageSeconds: 7200 }),
  makeMeetingRow({ id: "m2", backend_id: uuid(11), meeting: meeting(0), ageSeconds: 0, expected: 8 }),
  makeMeetingRow({ id: "m3", backend_id: null, meeting: meeting(4) }),
  makeMeetingRow({
    id: "m4",
    internal_id: "pending:x",
    backend_id: null,
    reserved_backend_id: uuid(12),
    expected: 15,
    meeting: meeting(0),
  }),
];
const scraped = scrapeFamilies(BACKEND_FAMILIES, clusterState({ frontends: [], backends, meetings }, "expected"));

Deno.test("BACKEND_FAMILIES count backends by health, admin state and eligibility", () => {
  assert.deepEqual(scraped("b3scale_backends"), {
    '{admin_state="ready",eligible="true",health="available"}': 1,
    '{admin_state="ready",eligible="false",health="unstable"}': 1,
    '{admin_state="ready",eligible="false",health="offline"}': 1,
    '{admin_state="stopped",eligible="false",health="available"}': 1,
  });
});

Deno.test("BACKEND_FAMILIES count none as zero of each health, so that alerts see it", () => {
  const none = scrapeFamilies(BACKEND_FAMILIES, clusterState({ frontends: [], backends: [], meetings }, "expected"));
  assert.deepEqual(none("b3scale_backends"), {
    '{admin_state="ready",eligible="true",health="available"}': 0,
    '{admin_state="ready",eligible="false",health="unstable"}': 0,
    '{admin_state="ready",eligible="false",health="offline"}': 0,
  });
});

Deno.test("BACKEND_FAMILIES tell health, eligibility, agent and last good poll of each backend", () => {
  const health = scraped("b3scale_backend_health");
  assert.equal(Object.keys(health).length, 12);
  assert.deepEqual(Object.keys(health).filter((series) => health[series] === 1), [
    '{backend="good",health="available"}',
    '{backend="unstable",health="unstable"}',
    '{backend="offline",health="offline"}',
    '{backend="stopped",health="available"}',
  ]);
  assert.deepEqual(scraped("b3scale_backend_eligible"), {
    '{backend="good"}': 1,
    '{backend="unstable"}': 0,
    '{backend="offline"}': 0,
    '{backend="stopped"}': 0,
  });
  assert.deepEqual(scraped("b3scale_backend_agent_alive"), {
    '{backend="good"}': 1,
    '{backend="unstable"}': 1,
    '{backend="offline"}': 0,
  });
  assert.deepEqual(scraped("b3scale_backend_poll_age_seconds"), {
    '{backend="good"}': 1,
    '{backend="unstable"}': 1,
    '{backend="stopped"}': 4,
  });
});

Deno.test("BACKEND_FAMILIES tell the load that placement sorts by, and the attendees", () => {
  assert.deepEqual(scraped("b3scale_backend_load"), {
    '{backend="good"}': 2 * (20 + 8),
    '{backend="unstable"}': 15,
    '{backend="offline"}': 0,
    '{backend="stopped"}': 0,
  });
  assert.deepEqual(scraped("b3scale_backend_attendees"), {
    '{backend="good"}': 20,
    '{backend="unstable"}': 0,
    '{backend="offline"}': 0,
    '{backend="stopped"}': 0,
    '{backend="undefined"}': 4,
  });
});

Deno.test("BACKEND_FAMILIES have one series for backends that share host and port", () => {
  const shared = [
    { ...good, host: "https://shared/a/" },
    { ...offline, host: "https://shared/b/" },
  ];
  const rows = [...meetings, makeMeetingRow({ id: "m5", backend_id: offline.id, meeting: meeting(1) })];
  const families = scrapeFamilies(
    BACKEND_FAMILIES,
    clusterState({ frontends: [], backends: shared, meetings: rows }, "expected"),
  );
  assert.deepEqual(families("b3scale_backend_health"), {
    '{backend="shared",health="available"}': 1,
    '{backend="shared",health="unstable"}': 0,
    '{backend="shared",health="offline"}': 1,
  });
  assert.equal(families("b3scale_backend_attendees")['{backend="shared"}'], 21);
});
