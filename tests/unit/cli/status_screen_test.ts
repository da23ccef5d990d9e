import assert from "node:assert/strict";
import { displayWidth } from "../../../cli/output.ts";
import { type Picture, type Screen, statusLine, statusScreen } from "../../../cli/status_screen.ts";
import { STATUS } from "./fake_deps.ts";
import { makeBackendJson, makeCommandJson, makeOldBackendJson, NEVER, NOW } from "./rest_objects.ts";

const URL = "https://b3s.example.org";
const { features: _features, ...OLD_STATUS } = STATUS;

const makePicture = (fields: Partial<Picture> = {}): Picture => ({
  takenAt: NOW,
  status: { ...STATUS, api: "v1" },
  backends: [makeBackendJson("bbb1")],
  commands: [makeCommandJson(1)],
  ...fields,
});

const screenOf = (columns: number, more: Partial<Screen> = {}): Screen => ({
  terminal: { columns: () => columns, colours: false },
  url: URL,
  ...more,
});

const shown = (picture: Picture, columns: number, more?: Partial<Screen>) =>
  `\n${statusScreen(picture, screenOf(columns, more)).join("\n")}\n`;

const OFFLINE = makeBackendJson("bbb3", {
  node_state: "error",
  health: "offline",
  eligible: false,
  reasons: ["7 failed polls: getMeetings: connection refused"],
  agent_heartbeat: NEVER,
  meetings_count: 0,
  attendees_count: 0,
  latency: 0,
  load: 0,
});
const STOPPED = makeBackendJson("bbb10", {
  admin_state: "stopped",
  eligible: false,
  reasons: ["admin_state is stopped"],
});
const UNSTABLE = makeBackendJson("bbb2", {
  health: "unstable",
  eligible: false,
  reasons: ["heartbeat lost 42 s ago and not polled well since"],
  agent_heartbeat: new Date(NOW - 42_000).toISOString(),
});

Deno.test("statusScreen() shows server, database, totals, queue and every node, the worst first", () => {
  const picture = makePicture({
    backends: [makeBackendJson("bbb1"), STOPPED, UNSTABLE, OFFLINE],
    commands: [makeCommandJson(1), makeCommandJson(2, { state: "running" }), makeCommandJson(3, { state: "error" })],
  });
  assert.equal(
    shown(picture, 120),
    `
b3scale 1.4.0 (abc) at https://b3s.example.org, 12:00:00 UTC
database "b3scale": available, schema version 2
4 nodes (2 available, 1 unstable, 1 offline), 6 meetings, 120 people
queue: 0 requested, 1 running, 1 failed
why commands failed: b3scalectl show commands

NODE               HEALTH     WANTED   NEW  LOAD  MEETINGS  PEOPLE  LATENCY  AGENT
bbb3.example.org   offline    ready    no      0         0       0        -  none
  7 failed polls: getMeetings: connection refused
bbb2.example.org   unstable   ready    no     45         2      40    12 ms  lost 42 s
  heartbeat lost 42 s ago and not polled well since
bbb1.example.org   available  ready    yes    45         2      40    12 ms  alive 1 s
bbb10.example.org  available  stopped  no     45         2      40    12 ms  alive 1 s
`,
  );
});

Deno.test("statusScreen() fits 80 columns and the rows that there are, and counts the nodes left out", () => {
  const good = Array.from({ length: 20 }, (_, index) => makeBackendJson(`node${index + 1}`));
  const picture = makePicture({ backends: [...good, OFFLINE] });
  assert.equal(
    shown(picture, 80, { rows: 12 }),
    `
b3scale 1.4.0 (abc) at https://b3s.example.org, 12:00:00 UTC
database "b3scale": available, schema version 2
21 nodes (20 available, 1 offline), 40 meetings, 800 people
queue: 0 requested, 0 running, 0 failed

NODE               HEALTH     WANTED  NEW  LOAD  MEETINGS  PEOPLE  AGENT
bbb3.example.org   offline    ready   no      0         0       0  none
  7 failed polls: getMeetings: connection refused
node1.example.org  available  ready   yes    45         2      40  alive 1 s
node2.example.org  available  ready   yes    45         2      40  alive 1 s
node3.example.org  available  ready   yes    45         2      40  alive 1 s
and 17 more nodes
`,
  );
});

Deno.test("statusScreen() never has more lines than rows, nor a longer one than columns", () => {
  const reasons = ["1 failed poll: 視聴覚室 ".repeat(20)];
  const bad = Array.from({ length: 9 }, (_, at) => makeBackendJson(`n${at}`, { ...UNSTABLE, id: `${at}`, reasons }));
  const picture = makePicture({ backends: [...bad, makeBackendJson("a.very.long.name.of.a.node")] });
  for (let rows = 1; rows <= 40; rows++) {
    for (const columns of [70, 80, 89, 90, 200]) {
      const lines = statusScreen(picture, screenOf(columns, { rows, problem: "no answer since 8 s: ".repeat(20) }));
      assert(lines.length <= rows, `${lines.length} of ${rows}`);
      for (const line of lines) assert(displayWidth(line) <= columns, line);
      const listed = lines.filter((line) => / alive | lost /.test(line)).length;
      const left = Number(/^and (\d+) more node/.exec(lines.at(-1) ?? "")?.[1] ?? 0);
      if (listed > 0) assert.equal(listed + left, 10);
    }
  }
});

Deno.test("statusScreen() says first why the picture is an old one", () => {
  const lines = statusScreen(makePicture(), screenOf(80, { problem: "no answer since 8 s: connection refused" }));
  assert.equal(lines[1], "no answer since 8 s: connection refused");
});

Deno.test("statusScreen() colours health and trouble where colours are wanted", () => {
  const terminal = { columns: () => 120, colours: true };
  const lines = statusScreen(makePicture({ backends: [makeBackendJson("bbb1"), OFFLINE, UNSTABLE] }), {
    terminal,
    url: URL,
    problem: "no answer",
  });
  for (const part of ["[31mno answer", "[31moffline", "[33munstable", "[32mavailable", "[33mlost 42 s"]) {
    assert(lines.some((line) => line.includes(`\x1b${part}`)), part);
  }
});

Deno.test("statusScreen() says what is to be done", () => {
  const said = (fields: Partial<Picture>) => shown(makePicture(fields), 0);
  const database = { ...STATUS.database, migrated: false, pending_migrations: 3 };
  assert.match(said({ status: { ...STATUS, api: "v1", database } }), /\n3 migrations pending: b3scalectl db migrate\n/);
  assert.match(said({ backends: [] }), /\nno nodes yet: b3scalectl set backend/);
  assert.match(said({ backends: [] }), /\n0 nodes, 0 meetings, 0 people\n/);
  assert.match(said({ backends: [STOPPED, OFFLINE] }), /\nno node takes new meetings\n/);
  assert.doesNotMatch(said({}), /no node|migrations|show commands|1\.x/);
});

Deno.test("statusScreen() knows only the server while its database is away", () => {
  const database = { ...STATUS.database, available: false, migration: null, error: "connection refused\u001b[2J" };
  const picture = makePicture({
    status: { ...STATUS, api: "v1", database },
    backends: undefined,
    commands: undefined,
  });
  assert.equal(
    shown(picture, 80),
    `
b3scale 1.4.0 (abc) at https://b3s.example.org, 12:00:00 UTC
database "b3scale": away
database: connection refused�[2J
nodes and queue are not known while the database is away
`,
  );
});

Deno.test("statusScreen() works out health and load of a 1.x server's nodes", () => {
  const beat = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
  const backends = [
    makeOldBackendJson("ok", { agent_heartbeat: beat(1), meetings_count: 3, attendees_count: 20, load_factor: 2 }),
    makeOldBackendJson("silent", { agent_heartbeat: beat(600) }),
    makeOldBackendJson("broken", { node_state: "error", last_error: "dial tcp: refused", attendees_count: 100 }),
  ];
  const status = { ...OLD_STATUS, api: "v1" as const, version: "1.3.0" };
  assert.equal(
    shown(makePicture({ status, backends }), 120),
    `
b3scale 1.3.0 (abc) at https://b3s.example.org, 12:00:00 UTC
database "b3scale": available, schema version 2
3 nodes (1 available, 1 unstable, 1 offline), 7 meetings, 160 people
queue: 0 requested, 0 running, 0 failed
a 1.x server: health and load are worked out from what it tells

NODE                HEALTH     WANTED  NEW  LOAD  MEETINGS  PEOPLE  LATENCY  AGENT
broken.example.org  offline    ready   1.x   100         2     100    12 ms  alive 1 s
  dial tcp: refused
silent.example.org  unstable   ready   1.x    40         2      40    12 ms  lost 10 min
ok.example.org      available  ready   1.x    90         3      20    12 ms  alive 1 s
`,
  );
});

Deno.test("statusLine() is one line with everything that is not of a single node", () => {
  assert.equal(
    statusLine(makePicture({ backends: [OFFLINE] })),
    "2026-01-01T12:00:00.000Z 1 node (1 offline), 0 meetings, 0 people; " +
      "queue: 0 requested, 0 running, 0 failed; no node takes new meetings",
  );
  const database = { ...STATUS.database, available: false, error: "one\ntwo" };
  const away = { status: { ...STATUS, api: "v1" as const, database }, backends: undefined, commands: undefined };
  assert.match(statusLine(makePicture(away)), /^\S+ database: one�two; nodes and queue are not known while/);
});

Deno.test("statusScreen() orders nodes as people count", () => {
  const picture = makePicture({ backends: ["n10", "n9", "n1"].map((name) => makeBackendJson(name)) });
  const hosts = statusScreen(picture, screenOf(0)).slice(6).map((line) => line.split(".")[0]);
  assert.deepEqual(hosts, ["n1", "n9", "n10"]);
});
