// `show`: what the cluster has.
import type { CommandSpec } from "../types.ts";
import { showCallbacks } from "./callbacks.ts";
import { showImports } from "./imports.ts";
import { showBackend, showBackends } from "./show_backends.ts";
import { showCommands } from "./show_commands.ts";
import { showFrontend, showFrontends } from "./show_frontends.ts";
import { showMeeting, showMeetings } from "./show_meetings.ts";
import { showRecording, showRecordings } from "./show_recordings.ts";

export const show: CommandSpec = {
  name: "show",
  aliases: ["s"],
  summary: "show what the cluster has",
  options: [{ flags: "--json", summary: "as JSON" }],
  commands: [
    showBackends,
    showBackend,
    showFrontends,
    showFrontend,
    showRecordings,
    showRecording,
    showMeetings,
    showMeeting,
    showCommands,
    showCallbacks,
    showImports,
  ],
};
