// `show meetings` and `show meeting`: what runs where, and where one meeting is.
import { jsonTime } from "../../src/contract/endpoint.ts";
import { backendHosts, frontendKeys } from "../complete_values.ts";
import {
  attendees,
  createdAt,
  findMeetings,
  listMeetings,
  moderators,
  type NamedMeeting,
  ownID,
  people,
} from "../meetings.ts";
import { type Column, json, printable, table } from "../output.ts";
import { count, durationText, shortHost } from "../phrases.ts";
import { CliError, type CommandSpec, type Terminal } from "../types.ts";

export const showMeetings: CommandSpec = {
  name: "meetings",
  summary: "list the meetings of the cluster, those with most people first",
  options: [
    { flags: "--fe, --frontend <key>", summary: "only those of this tenant", complete: frontendKeys },
    { flags: "--backend <host>", summary: "only those on this node", complete: backendHosts },
  ],
  examples: [
    "b3scalectl show meetings",
    "b3scalectl show meetings --frontend greenlight",
    "b3scalectl show --json meetings --backend https://bbb01.example.org/bigbluebutton/api/",
  ],
  async run({ connect, terminal, clock }, given) {
    const session = await connect();
    const list = await listMeetings(session, { key: given.text("frontend"), host: given.text("backend") });
    list.sort(biggestFirst);
    if (given.has("json")) return terminal.write(json(list.map(({ row }) => row)));
    if (list.length === 0) return terminal.note("there are no meetings");
    terminal.write(table(terminal, columns(clock.now()), list));
  },
};

const biggestFirst = (a: NamedMeeting, b: NamedMeeting): number =>
  people(b.row) - people(a.row) || createdAt(b.row) - createdAt(a.row) || (a.row.id < b.row.id ? -1 : 1);

const columns = (now: number): Column<NamedMeeting>[] => [
  { title: "MEETING", text: ({ row }) => ownID(row), shrinks: true },
  { title: "NAME", text: ({ row }) => row.meeting.MeetingName, shrinks: true },
  { title: "FRONTEND", text: ({ frontendKey }) => frontendKey || "-", shrinks: true },
  { title: "NODE", text: ({ host }) => shortHost(host) || "-", shrinks: true },
  { title: "PEOPLE", text: ({ row }) => String(people(row)), alignRight: true },
  { title: "MODERATORS", text: ({ row }) => String(moderators(row)), alignRight: true },
  { title: "RUNNING", text: ({ row }) => row.meeting.Running ? "yes" : "no" },
  { title: "AGE", text: ({ row }) => durationText((now - createdAt(row)) / 1000), alignRight: true },
];

export const showMeeting: CommandSpec = {
  name: "meeting",
  args: "<id>",
  summary: "where a meeting is, whose it is, and how many people are in it",
  options: [{ flags: "--attendees", summary: "with the names of the people in it" }],
  examples: [
    "b3scalectl show meeting room-42",
    "b3scalectl show meeting WyJncmVlbmxpZ2h0Iiwicm9vbS00MiIsImIzc2NsIl0=",
    "b3scalectl show meeting internal:183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1700000000000",
    "b3scalectl show meeting --attendees room-42",
  ],
  async run({ connect, terminal, clock }, given) {
    const [id = ""] = given.args;
    if (id === "") throw new CliError("require: <id>");
    const found = await findMeetings(await connect(), id);
    if (found.length === 0) {
      throw new CliError(
        `meeting "${id}" not found: it may have ended, or its id is another one; b3scalectl show meetings lists all`,
      );
    }
    if (given.has("json")) {
      const rows = found.map(({ row }) => row);
      return terminal.write(json(rows.length === 1 ? rows[0] : rows));
    }
    if (found.length > 1) terminal.note(`${found.length} frontends have a meeting "${id}"`);
    const blocks = found.map((one) => block(one, clock.now()) + (given.has("attendees") ? names(one, terminal) : ""));
    terminal.write(blocks.join("\n"));
  },
};

function block({ row, frontendKey, host }: NamedMeeting, now: number): string {
  const { meeting, id, internal_id, synced_at } = row;
  const since = createdAt(row);
  const lines: readonly (readonly [label: string, text: string])[] = [
    ["Meeting", ownID(row)],
    ["Name", meeting.MeetingName],
    ["Frontend", frontendKey || "none"],
    ["Node", host || "none"],
    ["Running", meeting.Running ? "yes" : "no, nobody is in it"],
    ["Since", `${jsonTime(new Date(since))} (${durationText((now - since) / 1000)})`],
    ["People", `${people(row)} (${peopleText(row)})`],
    ["Recording", meeting.Recording ? "yes" : "no"],
    ...meeting.Breakout === null ? [] : [["Breakout of", meeting.Breakout.ParentMeetingID] as const],
    ["Stored id", id],
    ["Internal id", internal_id],
    ["Last polled", `${durationText((now - Date.parse(synced_at)) / 1000)} ago`],
  ];
  return lines.map(([label, text]) => `${`${label}:`.padEnd(14)}${printable(text)}\n`).join("");
}

function peopleText(row: NamedMeeting["row"]): string {
  const { VoiceParticipantCount, VideoCount, ListenerCount } = row.meeting;
  return `${count(moderators(row), "moderator")}, ${VoiceParticipantCount} with voice, ${VideoCount} with video, ` +
    `${ListenerCount} listening`;
}

function names({ row }: NamedMeeting, terminal: Terminal): string {
  const list = attendees(row);
  if (list.length === 0) return "";
  const yes = (flag: boolean) => flag ? "yes" : "";
  return `\n${
    table(terminal, [
      { title: "NAME", text: ({ FullName }) => FullName, shrinks: true },
      { title: "ROLE", text: ({ Role }) => Role },
      { title: "PRESENTER", text: ({ IsPresenter }) => yes(IsPresenter) },
      { title: "VOICE", text: ({ HasJoinedVoice }) => yes(HasJoinedVoice) },
      { title: "VIDEO", text: ({ HasVideo }) => yes(HasVideo) },
      { title: "CLIENT", text: ({ ClientType }) => ClientType },
    ], list)
  }`;
}
