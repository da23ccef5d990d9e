// Removes a backend that the operator wants gone, once nothing runs on it any more.
import { deleteEmptyBackend, findBackend } from "../store/backends.ts";
import { type CommandHandler, textParam } from "./types.ts";

/** False while it is still needed; the next round asks again. */
export const decommissionBackend: CommandHandler = async ({ db, log, metrics }, params) => {
  const id = textParam(params, "id");
  const backend = await findBackend(db, id);
  if (backend === undefined) throw new Error(`no such backend: ${id}`);
  if (backend.admin_state !== "decommissioned") return false; // wanted again meanwhile
  const deleted = await db.begin((tx) => deleteEmptyBackend(tx, id));
  if (deleted === undefined) return false;
  for (const meeting of deleted) metrics.meetingEnded(meeting);
  log.info("backend removed", { backend_id: id, host: backend.host });
  return true;
};
