import assert from "node:assert/strict";
import { clusterState } from "../../../src/metrics/collect_cluster.ts";
import { meetingFamilies } from "../../../src/metrics/collect_meetings.ts";
import { makeAttendee, makeBackend, makeFrontend, makeMeeting, makeMeetingRow, uuid } from "../../support/make.ts";
import { scrapeFamilies } from "../../support/scrape_families.ts";
import { encodeStoredMeeting, readStoredMeeting } from "../../../src/store/stored_meeting.ts";

const frontends = [
  makeFrontend({ id: uuid(1), key: "fe1", settings: { attendees_limit: { limit: 30 } } }),
  makeFrontend({ id: uuid(2), key: 'key "2" \\ \n', settings: { attendees_limit: { limit: 0 } } }),
  makeFrontend({ id: uuid(3), key: "idle" }),
];
const backends = [
  makeBackend({ id: uuid(11), host: "https://n1.example/bigbluebutton/api/" }),
  makeBackend({ id: uuid(12), host: "http://user:secret@n2.example:8080/bbb?secret=1" }),
];
const people = (audio: number, video: number) => [
  ...Array.from({ length: audio }, (_, n) => makeAttendee({ userID: `a${n}` })),
  ...Array.from({ length: video }, (_, n) => makeAttendee({ userID: `v${n}`, hasVideo: true })),
];
const meetings = [
  makeMeetingRow({ id: "m1", meeting: makeMeeting({ attendees: people(3, 2) }), ageSeconds: 60 }),
  makeMeetingRow({ id: "m2", meeting: makeMeeting({ attendees: people(4, 0), running: false }), ageSeconds: 61 }),
  makeMeetingRow({ id: "m3", meeting: makeMeeting({ attendees: people(0, 1) }), backend_id: uuid(12), ageSeconds: 62 }),
  makeMeetingRow({ id: "m4", meeting: makeMeeting({ attendees: null, participantCount: 7 }), frontend_id: uuid(2) }),
  makeMeetingRow({ id: "m5", meeting: makeMeeting({ attendees: people(1, 0) }), frontend_id: null, backend_id: null }),
  makeMeetingRow({ id: "m6", internal_id: "pending:x", backend_id: null, reserved_backend_id: uuid(11) }),
];
const state = clusterState({ frontends, backends, meetings }, "expected");
const scraped = scrapeFamilies(meetingFamilies({ perMeeting: false }), state);

Deno.test("meetingFamilies() sums attendees by frontend, backend and type, those with video and all others", () => {
  assert.deepEqual(scraped("b3scale_meeting_attendees"), {
    '{backend="n1.example",frontend="fe1",meeting="all",type="audio"}': 7,
    '{backend="n1.example",frontend="fe1",meeting="all",type="video"}': 2,
    '{backend="n2.example:8080",frontend="fe1",meeting="all",type="audio"}': 0,
    '{backend="n2.example:8080",frontend="fe1",meeting="all",type="video"}': 1,
    '{backend="n1.example",frontend="key "2" \\ \n",meeting="all",type="audio"}': 0,
    '{backend="n1.example",frontend="key "2" \\ \n",meeting="all",type="video"}': 0,
    '{backend="undefined",frontend="undefined",meeting="all",type="audio"}': 1,
    '{backend="undefined",frontend="undefined",meeting="all",type="video"}': 0,
  });
});

Deno.test("meetingFamilies() counts meetings, running or not, without pending ones", () => {
  assert.deepEqual(scraped("b3scale_frontend_meetings"), {
    '{frontend="fe1"}': 3,
    '{frontend="key "2" \\ \n"}': 1,
    '{frontend="undefined"}': 1,
  });
  assert.deepEqual(scraped("b3scale_backend_meetings"), {
    '{backend="n1.example"}': 3,
    '{backend="n2.example:8080"}': 1,
    '{backend="undefined"}': 1,
  });
});

Deno.test("meetingFamilies() counts all attendees of a frontend, and those of its largest meeting", () => {
  assert.deepEqual(scraped("b3scale_frontend_attendees"), {
    '{frontend="fe1"}': 10,
    '{frontend="key "2" \\ \n"}': 7,
    '{frontend="undefined"}': 1,
  });
  assert.deepEqual(scraped("b3scale_frontend_largest_meeting"), {
    '{frontend="fe1"}': 5,
    '{frontend="key "2" \\ \n"}': 7,
    '{frontend="undefined"}': 1,
  });
});

Deno.test("meetingFamilies() tells the limit of frontends that have one", () => {
  assert.deepEqual(scraped("b3scale_frontend_attendees_limit"), { '{frontend="fe1"}': 30 });
});

Deno.test("meetingFamilies() has series of each meeting where they are wanted, and durations of running ones", () => {
  assert.throws(() => scraped("b3scale_meeting_durations"), /no such family/);
  const each = scrapeFamilies(meetingFamilies({ perMeeting: true }), state);
  const attendees = each("b3scale_meeting_attendees");
  assert.equal(Object.keys(attendees).length, 2 * 5);
  assert.equal(attendees['{backend="n1.example",frontend="fe1",meeting="m1",type="audio"}'], 3);
  assert.equal(attendees['{backend="undefined",frontend="undefined",meeting="m5",type="video"}'], 0);
  assert.deepEqual(each("b3scale_meeting_durations"), {
    '{backend="n1.example",frontend="fe1",meeting="m1"}': 60,
    '{backend="n2.example:8080",frontend="fe1",meeting="m3"}': 62,
    '{backend="n1.example",frontend="key "2" \\ \n",meeting="m4"}': 0,
    '{backend="undefined",frontend="undefined",meeting="m5"}': 0,
  });
});

Deno.test("meetingFamilies() ignores null attendees of a stored meeting", () => {
  const stored = encodeStoredMeeting(makeMeeting({ attendees: people(1, 1) }));
  const attendees = [null, ...stored["Attendees"] as [], null];
  const row = makeMeetingRow({ id: "m1", meeting: readStoredMeeting({ ...stored, Attendees: attendees }) });
  const families = scrapeFamilies(
    meetingFamilies({ perMeeting: false }),
    clusterState({ frontends, backends, meetings: [row] }, "expected"),
  );
  assert.deepEqual(families("b3scale_meeting_attendees"), {
    '{backend="n1.example",frontend="fe1",meeting="all",type="audio"}': 1,
    '{backend="n1.example",frontend="fe1",meeting="all",type="video"}': 1,
  });
  assert.deepEqual(families("b3scale_frontend_attendees"), { '{frontend="fe1"}': 2 });
});
