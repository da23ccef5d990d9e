// `set recording-visibility`: who may see a recording.
import { VISIBILITIES } from "../../src/contract/frontend.ts";
import { recordingEndpoints } from "../../src/contract/recording.ts";
import { reportTo } from "../report.ts";
import { CliError, type CommandSpec } from "../types.ts";

export const setRecordingVisibility: CommandSpec = {
  name: "recording-visibility",
  summary: `say who may see a recording: ${VISIBILITIES.join(", ")}`,
  args: "<record id> <visibility>",
  async run({ connect, terminal }, given) {
    const [record_id, visibility = ""] = given.args;
    if (record_id === undefined) throw new CliError("a recording id is required");
    if (!(VISIBILITIES as readonly string[]).includes(visibility)) {
      throw new CliError(`unknown recording visibility: '${visibility}'`);
    }
    const { say, give } = reportTo(terminal, given);
    const { api } = await connect();
    say(`Update recording: ${record_id} Visiblity: ${visibility}`); // spelled as in 1.x
    if (given.has("dry")) return say("skipping visibility update (dry)");
    const recording = await api.call(recordingEndpoints.setVisibility, { body: { record_id, visibility } });
    say("Ok.");
    give(recording);
  },
};
