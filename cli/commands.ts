// All commands in the order in which help and completion list them: 1.x's first.
import { show } from "./commands/show.ts";
import { showStatus } from "./commands/version.ts";
import type { ProgramSpec } from "./program.ts";

export const PROGRAM: ProgramSpec = {
  options: [
    { flags: "-b, --api <url>", summary: "address of b3scaled (B3SCALE_API_URL, else http://127.0.0.1:42353)" },
    { flags: "--json", summary: "print REST objects; what people read goes to stderr" },
  ],
  commands: [show],
  withoutCommand: showStatus,
};
