// The recordings resources out of the rows of a case, for as long as the server does not serve them: take this file and
// its one call in proxy.ts away then.
import type { JsonObject } from "../golden/vector.ts";
import type { Rows } from "../golden_rest/vector.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** @returns undefined for other resources */
export function answerRecordings({ method, path, body }: Asked, given: Rows): Response | undefined {
  const url = new URL(path, "http://stub");
  const [, resource, , id] = /^\/api\/v1\/(recordings(-visibility)?)(?:\/(.+))?$/.exec(url.pathname) ?? [];
  if (resource === undefined) return undefined;
  const rows = given["recordings"] ?? [];
  if (resource === "recordings" && method === "GET" && id === undefined) {
    const key = url.searchParams.get("frontend_key");
    const frontend = url.searchParams.get("frontend_id") ??
      given["frontends"]?.find((row) => row["key"] === key)?.["id"];
    return Response.json(rows.filter((row) => row["frontend_id"] === frontend).map(document));
  }
  const wanted = method === "GET" ? id : (JSON.parse(body) as JsonObject)["record_id"];
  const row = rows.find((row) => row["record_id"] === wanted);
  return row === undefined ? Response.json({ message: "Not Found" }, { status: 404 }) : Response.json(document(row));
}

const NO_TIME = "0001-01-01T00:00:00Z"; // as 1.x shows all three

function document({ record_id, state, meeting_id, internal_meeting_id, frontend_id }: JsonObject): JsonObject {
  const times = { created_at: NO_TIME, updated_at: NO_TIME, synced_at: NO_TIME };
  const values = { record_id, recording: state, meeting_id, internal_meeting_id, frontend_id };
  return { ...JSON.parse(JSON.stringify(values)) as JsonObject, ...times };
}
