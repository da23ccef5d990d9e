// `show recordings` and `show recording`.
import { recordingEndpoints } from "../../src/contract/recording.ts";
import { frontendKeys } from "../complete_values.ts";
import { json, printable } from "../output.ts";
import { CliError, type CommandSpec, type Given, type Session } from "../types.ts";

export const showRecordings: CommandSpec = {
  name: "recordings",
  summary: "list the recordings of a tenant",
  options: [
    { flags: "--feid, --frontend-id <id>", summary: "by the tenant's id" },
    { flags: "--fe, --frontend <key>", summary: "by the tenant's key", complete: frontendKeys },
    { flags: "--expiring", summary: "those that are about to be deleted for their age, of one tenant or of all" },
  ],
  complete: frontendKeys,
  async run({ connect, terminal }, given) {
    const frontend_id = given.text("frontend-id");
    const frontend_key = given.text("frontend");
    if (given.has("expiring")) return terminal.write(await listExpiring(await connect(), given, frontend_key));
    if (!frontend_id && !frontend_key) throw new CliError("--frontend-id or --frontend is required");
    const { api } = await connect();
    const recordings = await api.call(recordingEndpoints.list, {
      query: { ...frontend_id ? { frontend_id } : {}, ...frontend_key ? { frontend_key } : {} },
    });
    if (given.has("json")) return terminal.write(json(recordings));
    const lines = recordings.map(({ record_id, recording: { EndTime, Name, Metadata } }) =>
      `${record_id} ${EndTime} ${Metadata?.["meetingName"] ?? Name}`
    );
    terminal.write(["Recording\tTimestamp\tMeeting", ...lines.map(printable), ""].join("\n"));
  },
};

async function listExpiring({ api }: Session, given: Given, frontend_key: string | undefined): Promise<string> {
  if (given.text("frontend-id")) throw new CliError("--expiring takes --frontend, not --frontend-id");
  const recordings = await api.call(recordingEndpoints.expiring, { query: frontend_key ? { frontend_key } : {} });
  if (given.has("json")) return json(recordings);
  const lines = recordings.map((row) =>
    `${row.record_id} ${row.ended_at} ${row.frontend_key} (keeps ${row.retention_days} days)`
  );
  return ["Recording\tEnded\tFrontend", ...lines.map(printable), ""].join("\n");
}

export const showRecording: CommandSpec = {
  name: "recording",
  summary: "show a recording as JSON",
  args: "<record id>",
  async run({ connect, terminal }, given) {
    const [id] = given.args;
    if (id === undefined) throw new CliError("a recording id is required");
    const { api } = await connect();
    terminal.write(json(await api.call(recordingEndpoints.show, { params: { id } })));
  },
};
