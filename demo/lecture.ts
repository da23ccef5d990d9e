// The story that the demo tells: a morning at a university, from the first room to the last, with a node that dies.
// Each scene acts as a frontend does, then compares what the nodes really have with what should be so.
import { type BbbAnswer, followJoin, get, type Params } from "./client.ts";
import type { Cluster, DemoNode } from "./cluster.ts";
import type { Report } from "./report.ts";

const LECTURE = "analysis-1";
const SEMINARS = ["seminar-algebra", "seminar-history", "seminar-logic", "seminar-music"] as const;
const EXAM = "exam-physics";
const EVENING = "office-hour";
const PEOPLE = 40;

export const NAMES: Readonly<Record<string, string>> = {
  [LECTURE]: "Analysis I",
  "seminar-algebra": "Seminar Algebra",
  "seminar-history": "Seminar History",
  "seminar-logic": "Seminar Logic",
  "seminar-music": "Seminar Music",
  [EXAM]: "Exam Physics",
  [EVENING]: "Office hour",
};

interface Stage {
  readonly cluster: Cluster;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Plays all scenes. @throws when one cannot go on; expectations that are not met are only counted */
export async function playLecture(cluster: Cluster, report: Report, signal: AbortSignal): Promise<void> {
  const stage = { cluster, report, signal };
  await firstContact(stage);
  await roomsOpen(stage);
  await peopleJoin(stage);
  await questions(stage);
  const dead = await nodeDies(stage);
  await nodeReturns(stage, dead);
  await roomsClose(stage);
}

export const createRoom = ({ greenlight }: Cluster, id: string, params: Params = {}): Promise<BbbAnswer> =>
  greenlight.call("create", { meetingID: id, name: NAMES[id] ?? id, attendeePW: "ap", moderatorPW: "mp", ...params });

export const joinLink = ({ greenlight }: Cluster, id: string, fullName: string, role: "MODERATOR" | "VIEWER") =>
  greenlight.url("join", { meetingID: id, fullName, role, userID: fullName.toLowerCase().replaceAll(/\W+/g, "-") });

async function firstContact({ cluster: { greenlight }, report, signal }: Stage): Promise<void> {
  report.scene("Greenlight is told the address and the secret of its balancer");
  report.say(greenlight.api);
  const index = await greenlight.call("");
  report.expect("the version index answers", index.isSuccess && index.text("version") === "2.0", index.body);
  const guessed = await get(`${greenlight.api}/getMeetings?checksum=${"0".repeat(64)}`, signal);
  report.expect("a wrong checksum is refused", guessed.summary === "FAILED checksumError", guessed.summary);
  const empty = await greenlight.call("getMeetings");
  report.expect("there are no meetings yet", empty.summary === "SUCCESS noMeetings", empty.summary);
}

async function roomsOpen({ cluster, report }: Stage): Promise<void> {
  report.scene(`Eight o'clock: a lecture for ${PEOPLE}, four seminars, an exam for 60`);
  const create = async (id: string, params: Params = {}) => {
    const answer = await createRoom(cluster, id, params);
    report.expect(`${id} is created on ${nodeOf(cluster, id)?.name ?? "no node"}`, answer.isSuccess, answer.summary);
  };
  await create(LECTURE, { "meta_bbb-meeting-size-hint": String(PEOPLE) });
  for (const id of SEMINARS) await create(id);
  const home = nodeOf(cluster, LECTURE);
  const seminars = cluster.nodes.map((node) => SEMINARS.filter((id) => nodeOf(cluster, id) === node).length);
  report.expect(
    "the lecture's node gets no seminar, the other two share them",
    home !== undefined && seminars.toSorted().join() === "0,2,2" && seminars[cluster.nodes.indexOf(home)] === 0,
    seminars,
  );
  await create(EXAM, { "meta_bbb-meeting-size-hint": "60" });
  report.expect("the exam goes to a node where fewer people are expected", nodeOf(cluster, EXAM) !== home);
  const again = await createRoom(cluster, LECTURE);
  report.expect("creating it again is no second lecture", again.summary === "SUCCESS duplicateWarning", again.summary);
  report.expect("each room is on exactly one node", roomsOf(cluster).join() === allRooms(), roomsOf(cluster));
  showNodes(cluster, report);
}

async function peopleJoin(stage: Stage): Promise<void> {
  const { cluster, report } = stage;
  report.scene(`${PEOPLE} people enter the lecture at once, a few go to seminars`);
  await lectureJoins(stage);
  await Promise.all(SEMINARS.slice(0, 2).flatMap((id) => enter(stage, id, 8)));
  const counts = SEMINARS.map((id) => peopleIn(cluster, id));
  report.expect("eight people are in each of two seminars", counts.join() === "8,8,0,0", counts);
  showNodes(cluster, report);
}

/** Everybody takes the join link, is redirected, and opens the client on the node. */
async function lectureJoins(stage: Stage): Promise<void> {
  const { cluster, report } = stage;
  const home = nodeOf(cluster, LECTURE);
  const reached = await Promise.all(enter(stage, LECTURE, PEOPLE));
  const host = `127.0.0.1:${home?.bbb.port}`;
  report.expect(
    `all ${PEOPLE} join links lead to ${home?.name}`,
    reached.every(({ node }) => node === host),
    reached.map(({ node }) => node),
  );
  const inside = peopleIn(cluster, LECTURE);
  report.expect(`${PEOPLE} people are in the lecture`, inside === PEOPLE, inside);
}

async function questions({ cluster, report }: Stage): Promise<void> {
  const { greenlight, moodle } = cluster;
  report.scene("Frontends ask");
  const running = async (id: string) =>
    (await greenlight.call("isMeetingRunning", { meetingID: id })).text("running") === "true";
  report.expect("isMeetingRunning: the lecture is", await running(LECTURE));
  report.expect("isMeetingRunning: a room that nobody has entered is not", !await running("seminar-music"));
  report.expect("isMeetingRunning: a room that does not exist is not", !await running("nowhere"));
  const info = await greenlight.call("getMeetingInfo", { meetingID: LECTURE });
  report.expect(
    `getMeetingInfo: ${PEOPLE} people, under the id that Greenlight gave`,
    info.text("participantCount") === String(PEOPLE) && info.text("meetingID") === LECTURE,
    `${info.text("meetingID")}: ${info.text("participantCount")}`,
  );
  const listed = (await greenlight.call("getMeetings")).texts("meetingID").toSorted();
  report.expect("getMeetings: all six rooms", listed.join() === allRooms(), listed);
  const others = await moodle.call("getMeetings");
  report.expect("Moodle, another tenant, sees none of them", others.summary === "SUCCESS noMeetings", others.summary);
  const foreign = await moodle.call("getMeetingInfo", { meetingID: LECTURE });
  report.expect("and the lecture is unknown to it", foreign.summary === "FAILED notFound", foreign.summary);
}

async function nodeDies(stage: Stage): Promise<DemoNode> {
  const { cluster, report, signal } = stage;
  const dead = nodeOf(cluster, LECTURE);
  if (dead === undefined) throw new Error("the lecture is on no node");
  report.scene(`${dead.name} dies in the middle of the lecture`);
  const others = roomsOf(cluster).filter((id) => nodeOf(cluster, id) !== dead);
  dead.bbb.fail({ kind: "close" }); // and keeps its port, which somebody else could take meanwhile
  // An answer that is not older than a second is shared.
  const info = await untilAnswer(
    () => cluster.greenlight.call("getMeetingInfo", { meetingID: LECTURE }),
    (answer) => !answer.isSuccess,
    { deadlineMs: 3000, signal },
  );
  report.expect("getMeetingInfo fails: internalError", info.summary === "FAILED internalError", info.summary);
  const alive = { ...cluster, nodes: cluster.nodes.filter((node) => node !== dead) };
  const answer = await report.step(
    "the lecturer starts the room again (three polls decide that the node is gone)",
    () =>
      untilAnswer( // as a frontend does: who is told that it did not work tries again
        () => createRoom(cluster, LECTURE, { "meta_bbb-meeting-size-hint": String(PEOPLE) }),
        ({ isSuccess }) => isSuccess,
        { deadlineMs: 30_000, signal },
      ),
  );
  report.expect(
    `the lecture goes on, on ${nodeOf(alive, LECTURE)?.name}`,
    answer.isSuccess && nodeOf(alive, LECTURE) !== undefined,
    answer.summary,
  );
  await lectureJoins({ ...stage, cluster: alive });
  const kept = roomsOf(alive).filter((id) => id !== LECTURE);
  report.expect("the rooms of the other nodes have not noticed", kept.join() === others.join(), kept);
  showNodes(cluster, report, dead);
  return dead;
}

async function nodeReturns({ cluster, report }: Stage, back: DemoNode): Promise<void> {
  report.scene(`${back.name} returns, and still runs its old copy of the lecture`);
  await back.bbb.heal();
  await report.step("the next poll finds it (an offline node is polled every 10 s)", cluster.untilAvailable);
  const stale = back.bbb.meetings().length;
  report.expect("the copy on it is ended", stale === 0, `${stale} meetings`);
  const inside = peopleIn({ nodes: cluster.nodes.filter((node) => node !== back) }, LECTURE);
  report.expect(`the ${PEOPLE} people in the lecture stay where they are`, inside === PEOPLE, inside);
  const answer = await createRoom(cluster, EVENING);
  report.expect(`the next room goes to ${back.name} again`, nodeOf(cluster, EVENING) === back, answer.summary);
  showNodes(cluster, report);
}

async function roomsClose({ cluster, report }: Stage): Promise<void> {
  report.scene("Noon: the rooms are closed");
  const end = (id: string, password: string) => cluster.greenlight.call("end", { meetingID: id, password });
  const wrong = await end(LECTURE, "guessed");
  report.expect("a wrong password ends nothing", !wrong.isSuccess && peopleIn(cluster, LECTURE) > 0, wrong.summary);
  const answers = await Promise.all([LECTURE, ...SEMINARS, EXAM, EVENING].map((id) => end(id, "mp")));
  report.expect(
    "the right one ends each of the seven",
    answers.every((answer) => answer.isSuccess),
    answers.map((answer) => answer.summary),
  );
  const info = await cluster.greenlight.call("getMeetingInfo", { meetingID: LECTURE });
  report.expect("the lecture is unknown now", info.summary === "FAILED notFound", info.summary);
  const list = await cluster.greenlight.call("getMeetings");
  report.expect("no meetings are left", list.summary === "SUCCESS noMeetings", list.summary);
  report.expect("the nodes are empty", roomsOf(cluster).length === 0, roomsOf(cluster));
}

/** On the nodes a room has the balancer's own id, so it is found by its name. */
const nodeOf = ({ nodes }: Pick<Cluster, "nodes">, id: string): DemoNode | undefined =>
  nodes.find(({ bbb }) => bbb.meetings().some(({ name }) => name === NAMES[id]));

const roomsOf = ({ nodes }: Pick<Cluster, "nodes">): string[] =>
  nodes.flatMap(({ bbb }) =>
    bbb.meetings().map(({ name }) => Object.keys(NAMES).find((id) => NAMES[id] === name) ?? name)
  )
    .toSorted();

const allRooms = () => [LECTURE, ...SEMINARS, EXAM].toSorted().join();

const peopleIn = ({ nodes }: Pick<Cluster, "nodes">, id: string): number =>
  nodes.flatMap(({ bbb }) => bbb.meetings()).filter(({ name }) => name === NAMES[id])
    .reduce((sum, { attendees }) => sum + attendees.length, 0);

const enter = ({ cluster, signal }: Stage, id: string, count: number) =>
  Array.from(
    { length: count },
    (_, i) =>
      followJoin(
        joinLink(cluster, id, i === 0 ? "Prof. Noether" : `Student ${i}`, i === 0 ? "MODERATOR" : "VIEWER"),
        signal,
      ),
  );

/** Asks again until the answer is as wanted; the last one when it never is. */
async function untilAnswer(
  ask: () => Promise<BbbAnswer>,
  isWanted: (answer: BbbAnswer) => boolean,
  { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
): Promise<BbbAnswer> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer) || performance.now() > deadline) return answer;
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What each node really has. */
function showNodes({ nodes }: Cluster, report: Report, dead?: DemoNode): void {
  report.table(
    nodes.map((node) => {
      const meetings = node === dead ? [] : node.bbb.meetings();
      const people = meetings.reduce((sum, { attendees }) => sum + attendees.length, 0);
      const rooms = meetings.map(({ name, attendees }) => `${name} (${attendees.length})`).join(", ");
      return [node.name, String(meetings.length), String(people), node === dead ? "down" : rooms];
    }),
    ["node", "rooms", "people", ""],
  );
}
