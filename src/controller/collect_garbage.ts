// Forgets what nobody will ask for again.
import { deleteStaleAudit } from "../store/audit.ts";
import { deleteDeadCallbacks } from "../store/callbacks.ts";
import { deleteStaleEndedMeetings } from "../store/ended_meetings.ts";
import { deleteStaleFrontendMeetings } from "../store/frontend_meetings.ts";
import { deleteDoneImports } from "../store/recording_imports.ts";
import { deleteStaleRoomPeaks } from "../store/room_peaks.ts";
import type { CommandHandler } from "./types.ts";

/** Recordings are processed days later, and find their owner by other means after that. */
const MAPPING_DAYS = 90;
const ROOM_DAYS = 180;
const AUDIT_DAYS = 90;
const ENDED_DAYS = 7;
const DEAD_CALLBACK_DAYS = 30;
const DONE_IMPORT_DAYS = 90;

export const collectGarbage: CommandHandler = async ({ db, log }) => {
  const mappings = await deleteStaleFrontendMeetings(db, MAPPING_DAYS);
  const rooms = await deleteStaleRoomPeaks(db, ROOM_DAYS);
  const audit = await deleteStaleAudit(db, AUDIT_DAYS);
  const ended = await deleteStaleEndedMeetings(db, ENDED_DAYS);
  const callbacks = await deleteDeadCallbacks(db, DEAD_CALLBACK_DAYS);
  const imports = await deleteDoneImports(db, DONE_IMPORT_DAYS);
  if (mappings + rooms + audit + ended + callbacks + imports > 0) {
    log.info("garbage collected", { mappings, rooms, audit, ended, callbacks, imports });
  }
  return true;
};
