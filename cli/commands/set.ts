// `set`: what is to be, created where it is missing.
import type { CommandSpec } from "../types.ts";
import { setBackend } from "./set_backend.ts";
import { setFrontend } from "./set_frontend.ts";
import { setRecordingVisibility } from "./set_recording_visibility.ts";

export const set: CommandSpec = {
  name: "set",
  aliases: ["update", "u", "add", "a"],
  summary: "create or change nodes, tenants and recordings",
  options: [{ flags: "--dry", summary: "only say what would be done" }],
  commands: [setBackend, setFrontend, setRecordingVisibility],
};
