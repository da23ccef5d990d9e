// Deviations of the group recordings-import.
import type { Deviation } from "./deviations.ts";

const refused = (status: number, message: string): Deviation => ({ then }) => ({
  response: { status, headers: { "content-type": "application/json" }, json: { message } },
  then,
});

export const IMPORT_DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "recordings-import.unknown-meeting": refused(404, "{{text}}"),
  "recordings-import.bad-xml": refused(400, "{{text}}"),
  "recordings-import.empty-body": refused(400, "the request must contain content of a metadata.xml"),
  "recordings-import.no-playback": refused(400, "{{text}}"),
};
