import assert from "node:assert/strict";
import { showMeeting, showMeetings } from "../../../../cli/commands/show_meetings.ts";
import { type Asked, type Line, runCommand } from "../../../support/fake_cli.ts";
import { createFakeClock } from "../../../support/fake_clock.ts";
import { makeAttendeeJson, makeBackendJson, makeMeetingJson, NOW } from "../rest_objects.ts";

const ATTENDEES = [
  makeAttendeeJson({ FullName: "Ada \u001b[2J", Role: "MODERATOR", IsPresenter: true, HasJoinedVoice: true }),
  makeAttendeeJson({ UserID: "u2", FullName: "Tim", HasVideo: true }),
];
const SMALL = makeMeetingJson("small");
const BIG = makeMeetingJson("big", {
  meeting: { ParticipantCount: 40, ModeratorCount: 2, CreateTime: NOW - 7200_000 },
});
const IDLE = makeMeetingJson("idle", {
  frontend_key: "moodle",
  frontend_id: "id-moodle",
  meeting: { ParticipantCount: 0, ModeratorCount: 0, Running: false, MeetingName: "Zwölf \u0007" },
});
const LECTURE = makeMeetingJson("lecture", {
  meeting: { Attendees: ATTENDEES, ParticipantCount: 2, Recording: true, VideoCount: 1 },
});

const ROWS = [SMALL, IDLE, BIG];

/** A tenant's own id leads to the row of that tenant. */
function server({ path }: Asked): unknown {
  if (path.startsWith("/api/v1/frontends")) {
    return ["greenlight", "moodle"].map((key) => ({ id: `id-${key}`, bbb: { key, secret: "s" } }));
  }
  if (path.startsWith("/api/v1/backends")) return [makeBackendJson("bbb1")];
  if (path.startsWith("/api/v1/meetings?")) return ROWS;
  const id = decodeURIComponent(path.split("/").at(-1) ?? "");
  return [...ROWS, LECTURE, makeMeetingJson("small", { frontend_key: "moodle", frontend_id: "id-moodle" })]
    .find((row) => row.id === id);
}

const line = (more: Line): Line => ({ clock: createFakeClock(NOW), server, ...more });

Deno.test("show meetings lists those with most people first, under the ids of their tenants", async () => {
  const run = runCommand(showMeetings, line({}));
  assert.equal(await run.code, 0);
  assert.equal(
    `\n${run.stdout()}`,
    `
MEETING  NAME        FRONTEND    NODE              PEOPLE  MODERATORS  RUNNING     AGE
big      Room big    greenlight  bbb1.example.org      40           2  yes         2 h
small    Room small  greenlight  bbb1.example.org       3           1  yes      10 min
idle     Zwölf �     moodle      bbb1.example.org       0           0  no       10 min
`,
  );
});

Deno.test("show meetings --json prints the objects in the same order", async () => {
  const run = runCommand(showMeetings, line({ flags: { json: true } }));
  assert.equal(await run.code, 0);
  assert.deepEqual(JSON.parse(run.stdout()), [BIG, SMALL, IDLE]);
});

Deno.test("show meetings says that there are none", async () => {
  const run = runCommand(
    showMeetings,
    line({ server: (asked) => asked.path.includes("/meetings") ? [] : server(asked) }),
  );
  assert.equal(await run.code, 0);
  assert.deepEqual([run.stdout(), run.stderr], ["", ["there are no meetings"]]);
});

Deno.test("show meeting tells where it is and whose, and neither passwords nor names", async () => {
  const run = runCommand(showMeeting, line({ args: ["lecture"] }));
  assert.equal(await run.code, 0);
  assert.equal(
    `\n${run.stdout()}`,
    `
Meeting:      lecture
Name:         Room lecture
Frontend:     greenlight
Node:         https://bbb1.example.org/bigbluebutton/api/
Running:      yes
Since:        2026-01-01T11:50:00Z (10 min)
People:       2 (1 moderator, 2 with voice, 1 with video, 1 listening)
Recording:    yes
Stored id:    ${LECTURE.id}
Internal id:  int-lecture
Last polled:  5 s ago
`,
  );
});

Deno.test("show meeting --attendees adds the names", async () => {
  const run = runCommand(showMeeting, line({ args: [LECTURE.id], flags: { attendees: true } }));
  assert.equal(await run.code, 0);
  const [, names] = run.stdout().split("\n\n");
  assert.equal(
    `\n${names}`,
    `
NAME      ROLE       PRESENTER  VOICE  VIDEO  CLIENT
Ada �[2J  MODERATOR  yes        yes           HTML5
Tim       VIEWER                       yes    HTML5
`,
  );
  const nobody = runCommand(showMeeting, line({ args: [BIG.id], flags: { attendees: true } }));
  assert.equal(await nobody.code, 0);
  assert.doesNotMatch(nobody.stdout(), /NAME/);
});

Deno.test("show meeting lists the meetings of all tenants that have one of that id", async () => {
  const run = runCommand(showMeeting, line({ args: ["small"] }));
  assert.equal(await run.code, 0);
  assert.deepEqual(run.stderr, ['2 frontends have a meeting "small"']);
  assert.deepEqual(run.stdout().match(/Frontend: .*/g), ["Frontend:     greenlight", "Frontend:     moodle"]);
  const asJson = runCommand(showMeeting, line({ args: ["small"], flags: { json: true } }));
  await asJson.code;
  assert.equal(JSON.parse(asJson.stdout()).length, 2);
});

Deno.test("show meeting --json is the object, with all that the server tells", async () => {
  const run = runCommand(showMeeting, line({ args: ["lecture"], flags: { json: true } }));
  assert.equal(await run.code, 0);
  assert.deepEqual(JSON.parse(run.stdout()), LECTURE);
});

Deno.test("show meeting fails when there is none, and says what to try", async () => {
  const run = runCommand(showMeeting, line({ args: ["nothing"] }));
  await assert.rejects(run.code, /meeting "nothing" not found: .*b3scalectl show meetings/);
  await assert.rejects(runCommand(showMeeting, line({})).code, /require: <id>/);
});
