// The cluster in one picture, as lines that fit a screen. Pure: the command `status` takes the picture and shows it.
import type { BackendJson } from "../src/contract/backend.ts";
import type { Answer } from "../src/contract/client.ts";
import type { CommandJson } from "../src/contract/command.ts";
import type { StatusJson } from "../src/contract/status.ts";
import { clip, type Column, paint, printable, type Style, table } from "./output.ts";
import { count, durationText, shortHost } from "./phrases.ts";
import { type Health, HEALTHS, type NodeStatus, readNode } from "./node_status.ts";
import type { Terminal } from "./types.ts";

export interface Picture {
  /** Milliseconds since 1970 by the operator's clock; ages are as of then. */
  readonly takenAt: number;
  readonly status: Answer<StatusJson>;
  /** Nothing is known of both while the database is away. */
  readonly backends: readonly Answer<BackendJson>[] | undefined;
  readonly commands: readonly Answer<CommandJson>[] | undefined;
}

export interface Screen {
  readonly terminal: Pick<Terminal, "columns" | "colours">;
  readonly url: string;
  /** Most lines; all there is to say without it. */
  readonly rows?: number;
  /** Why this picture is an old one. */
  readonly problem?: string | undefined;
}

type Line = readonly [text: string, style?: Style];

/** Nodes that need a look come first; those for which there is no room are counted. */
export function statusScreen(picture: Picture, { terminal, url, rows = Infinity, problem }: Screen): string[] {
  const width = terminal.columns() || Infinity;
  const draw = ([text, style]: Line) => {
    const line = clip(printable(text), width);
    return style === undefined ? line : paint(terminal, style, line);
  };
  const { version, build, database } = picture.status;
  const top: Line[] = [
    [`b3scale ${version} (${build}) at ${url}, ${clockTime(picture.takenAt)}`, "bold"],
    ...problem === undefined ? [] : [[problem, "red"] as const],
    [`database "${database.database}": ${databaseText(database)}`],
    ...summaries(picture).map((text): Line => [text]),
    ...troubles(picture),
  ];
  const nodes = (picture.backends ?? []).map((backend) => readNode(backend, picture.takenAt)).sort(worstFirst);
  const shown = fitting(nodes, rows - top.length - 2); // an empty line and the table's head
  if (shown.length === 0) return top.slice(0, rows).map(draw);
  const [head = "", ...lines] = table(terminal, columnsFor(width), shown).split("\n");
  const body = shown.flatMap(({ reason }, index) => [
    lines[index] ?? "",
    ...reason === "" ? [] : [draw([`  ${reason}`, "yellow"])],
  ]);
  const left = nodes.length - shown.length;
  return [...top.map(draw), "", head, ...body, ...left === 0 ? [] : [draw([`and ${count(left, "more node")}`, "dim"])]];
}

/** The picture in a line, for logs. */
export function statusLine(picture: Picture): string {
  const facts = [...summaries(picture), ...troubles(picture).map(([text]) => text)];
  return printable(`${new Date(picture.takenAt).toISOString()} ${facts.join("; ")}`);
}

const clockTime = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} UTC`;

function databaseText({ available, migration }: Picture["status"]["database"]): string {
  if (!available) return "away";
  return migration === null ? "available, never migrated" : `available, schema version ${migration.version}`;
}

function summaries({ takenAt, backends, commands }: Picture): string[] {
  if (backends === undefined || commands === undefined) return [];
  const healths = backends.map((backend) => readNode(backend, takenAt).health);
  const parts = HEALTHS.map((health) => [healths.filter((each) => each === health).length, health] as const)
    .filter(([number]) => number > 0).map(([number, health]) => `${number} ${health}`);
  const meetings = backends.reduce((sum, backend) => sum + backend.meetings_count, 0);
  const people = backends.reduce((sum, backend) => sum + backend.attendees_count, 0);
  const inState = (state: string) => commands.filter((command) => command.state === state).length;
  return [
    `${count(backends.length, "node")}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}, ` +
    `${count(meetings, "meeting")}, ${count(people, "person", "people")}`,
    `queue: ${inState("requested")} requested, ${inState("running")} running, ${inState("error")} failed`,
  ];
}

/** What the operator should know, and what to do about it. */
function troubles({ status: { database, features }, backends, commands = [] }: Picture): Line[] {
  const found: Line[] = [];
  if (database.error !== null) found.push([`database: ${database.error}`, "red"]);
  if (backends === undefined) found.push(["nodes and queue are not known while the database is away", "red"]);
  if (database.pending_migrations > 0) {
    found.push([`${count(database.pending_migrations, "migration")} pending: b3scalectl db migrate`, "yellow"]);
  }
  if (backends?.length === 0) found.push(["no nodes yet: b3scalectl set backend --secret <secret> <host>", "yellow"]);
  else if (backends?.every(({ eligible }) => eligible === false)) found.push(["no node takes new meetings", "red"]);
  if (commands.some(({ state }) => state === "error")) {
    found.push(["why commands failed: b3scalectl show commands", "yellow"]);
  }
  if (features === undefined) found.push(["a 1.x server: health and load are worked out from what it tells", "dim"]);
  return found;
}

const names = new Intl.Collator("en", { numeric: true });

/** Of those in the same health, nodes that are wanted count more. */
const worstFirst = (a: NodeStatus, b: NodeStatus): number =>
  HEALTHS.indexOf(b.health) - HEALTHS.indexOf(a.health) ||
  Number(a.backend.admin_state !== "ready") - Number(b.backend.admin_state !== "ready") ||
  names.compare(a.backend.bbb.host, b.backend.bbb.host);

/** As many as have room, with their reasons and the line about the others. */
function fitting(nodes: readonly NodeStatus[], room: number): readonly NodeStatus[] {
  const ends: number[] = [];
  for (const { reason } of nodes) ends.push((ends.at(-1) ?? 0) + (reason === "" ? 1 : 2));
  if ((ends.at(-1) ?? 0) <= room) return nodes;
  return nodes.slice(0, ends.filter((end) => end < room).length);
}

/** Below it the column that matters least is left out. */
const NARROW = 90;
const STYLES: Readonly<Record<Health, Style>> = { offline: "red", unstable: "yellow", available: "green" };

const LATENCY: Column<NodeStatus> = {
  title: "LATENCY",
  text: ({ backend: { latency } }) => latency === 0 ? "-" : `${Math.max(1, Math.round(latency / 1e6))} ms`,
  alignRight: true,
};

const columnsFor = (width: number): Column<NodeStatus>[] => [
  { title: "NODE", text: ({ backend }) => shortHost(backend.bbb.host), shrinks: true },
  { title: "HEALTH", text: ({ health }) => health, style: ({ health }) => STYLES[health] },
  {
    title: "WANTED",
    text: ({ backend }) => backend.admin_state,
    style: ({ backend }) => backend.admin_state === "ready" ? undefined : "yellow",
  },
  { title: "NEW", text: ({ takesNew }) => takesNew },
  { title: "LOAD", text: ({ load }) => String(Math.round(load)), alignRight: true },
  { title: "MEETINGS", text: ({ backend }) => String(backend.meetings_count), alignRight: true },
  { title: "PEOPLE", text: ({ backend }) => String(backend.attendees_count), alignRight: true },
  ...width < NARROW ? [] : [LATENCY],
  {
    title: "AGENT",
    text: ({ agent, silentSeconds }) => agent === "none" ? agent : `${agent} ${durationText(silentSeconds)}`,
    style: ({ agent }) => agent === "lost" ? "yellow" : undefined,
  },
];
