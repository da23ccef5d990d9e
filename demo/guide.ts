// What there is to try by hand once the lecture is over: two open rooms, links to them, and how to connect a frontend.
import type { Cluster } from "./cluster.ts";
import { createRoom, joinLink } from "./lecture.ts";
import type { Report } from "./report.ts";

export async function printGuide(cluster: Cluster, report: Report): Promise<void> {
  const { greenlight, moodle, server, nodes, databaseUrl } = cluster;
  for (const id of ["analysis-1", "seminar-logic"]) {
    const answer = await createRoom(cluster, id);
    if (!answer.isSuccess) throw new Error(`cannot create "${id}": ${answer.summary}`);
  }
  report.heading("\nThe cluster stays up. To open in a browser, or with curl -L:");
  report.table([
    ["join Analysis I as Emmy, moderator", joinLink(cluster, "analysis-1", "Emmy", "MODERATOR")],
    ["join Analysis I as Sofia, student", joinLink(cluster, "analysis-1", "Sofia", "VIEWER")],
    ["join Seminar Logic as Kurt", joinLink(cluster, "seminar-logic", "Kurt", "MODERATOR")],
    ["getMeetings", greenlight.url("getMeetings")],
    ["getMeetingInfo of Analysis I", greenlight.url("getMeetingInfo", { meetingID: "analysis-1" })],
    ["version index", greenlight.api],
    ["b3scaled itself", `${server.url}/`],
    ...nodes.map(({ name, bbb }) => [name, `http://127.0.0.1:${bbb.port}/`]),
  ]);
  report.heading("\nTo connect a frontend on this machine:");
  report.table([
    ["Greenlight", `BIGBLUEBUTTON_ENDPOINT=${greenlight.api}/`],
    ["", `BIGBLUEBUTTON_SECRET=${greenlight.secret}`],
    ["Moodle", `server URL     ${moodle.api.replace(/api$/, "")}`],
    ["", `shared secret  ${moodle.secret}`],
    ["database", `psql ${databaseUrl}`],
  ]);
  report.heading("\nCtrl-C stops everything.");
}
