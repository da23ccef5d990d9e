// All commands in the order in which help and completion list them: 1.x's first.
import { apply } from "./commands/apply.ts";
import { auth } from "./commands/auth.ts";
import { retry } from "./commands/callbacks.ts";
import { completions } from "./commands/completions.ts";
import { createMeeting } from "./commands/create_meeting.ts";
import { db } from "./commands/db.ts";
import { remove } from "./commands/delete.ts";
import { disable, enable } from "./commands/enable.ts";
import { doctor } from "./commands/doctor.ts";
import { drain } from "./commands/drain.ts";
import { end } from "./commands/end.ts";
import { exportCluster } from "./commands/export.ts";
import { exportOpenApiSchema } from "./commands/openapi.ts";
import { set } from "./commands/set.ts";
import { show } from "./commands/show.ts";
import { status } from "./commands/status.ts";
import { showStatus, version } from "./commands/version.ts";
import type { ProgramSpec } from "./program.ts";

export const PROGRAM: ProgramSpec = {
  options: [
    { flags: "-b, --api <url>", summary: "address of b3scaled (B3SCALE_API_URL, else http://127.0.0.1:42353)" },
    { flags: "--json", summary: "print REST objects; what people read goes to stderr" },
  ],
  commands: [
    show,
    set,
    remove,
    enable,
    disable,
    end,
    completions,
    version,
    exportOpenApiSchema,
    createMeeting,
    db,
    auth,
    status,
    doctor,
    drain,
    apply,
    exportCluster,
    retry,
  ],
  withoutCommand: showStatus,
};
