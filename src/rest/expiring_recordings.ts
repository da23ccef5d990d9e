// What the controller's next round deletes: recordings older than `recordings.retention_days` of their frontend's settings.
import { jsonTime } from "../contract/endpoint.ts";
import { MOST_EXPIRING, recordingEndpoints } from "../contract/recording.ts";
import { listExpiringRecordings } from "../store/expiring_recordings.ts";
import { route } from "./route.ts";

export const expiringRecordingRoutes = [
  route(recordingEndpoints.expiring, async ({ deps: { db }, query: { frontend_key: frontendKey } }) => {
    const rows = await listExpiringRecordings(db, { frontendKey, limit: MOST_EXPIRING });
    return rows.map(({ ended_at, ...row }) => ({ ...row, ended_at: jsonTime(ended_at) }));
  }),
];
