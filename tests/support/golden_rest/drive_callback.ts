// Drives a REST vector of the group callbacks: each has a server of its own, without folders of recordings, so that none
// waits for one, and a node that has signed what is posted.
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { readConfig } from "../../../src/config.ts";
import { startServer } from "../../../src/server.ts";
import { compareCallbacks, type SentCallback, startReceiver } from "../golden/receiver.ts";
import type { JsonObject, VectorToken } from "../golden/vector.ts";
import { silentLog, testDatabase } from "../test_db.ts";
import { pause } from "../wait.ts";
import { compareAnswer } from "./compare.ts";
import { expectationOf } from "./deviations.ts";
import { holdSchedule } from "./hold.ts";
import { setRows } from "./rows.ts";
import { buildToken, JWT_SECRET } from "./token.ts";
import type { RestVector } from "./vector.ts";

const DEADLINE_MS = 10_000;
const MEETING_ID = "WyJmZTEiLCJyb29tLTciLCJiM3NjbCJd";
const RECORD_ID = "aabbccdd00112233445566778899aabbccddeeff-1647181479536";
const NODE = { host: "http://127.0.0.1:9/bigbluebutton/api/", secret: "node-secret", admin_state: "ready" };

/** @throws Error with one line per difference */
export async function driveCallback(recorded: RestVector): Promise<void> {
  await using receiver = startReceiver();
  const vector = JSON.parse(JSON.stringify(recorded).replaceAll("127.0.0.1:41110", receiver.host)) as RestVector;
  await using db = await testDatabase();
  await using _quiet = await holdSchedule(db.url);
  await setRows(db.pool, { backends: [NODE], ...vector.given });
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: db.url,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: "http://127.0.0.1:41100",
      B3SCALE_API_JWT_SECRET: JWT_SECRET,
      B3SCALE_CALLBACK_ALLOW: "127.0.0.0/8",
    }),
    { log: silentLog },
  );
  await using _server = { [Symbol.asyncDispose]: () => running.stop() };
  await running.ready;

  const expected = expectationOf(vector);
  const problems = compareAnswer(await ask(`http://127.0.0.1:${running.address.port}`, vector), expected.response);
  const outgoing = ((expected.then?.["outgoing"] ?? []) as unknown as Outgoing[]).map(sentCallback);
  const end = performance.now() + DEADLINE_MS;
  while (receiver.received.length < outgoing.length && performance.now() < end) await pause(20);
  problems.push(...compareCallbacks(receiver.received, outgoing));
  if (outgoing.length === 0) {
    const left = await db.pool`select from b3scale_callbacks`;
    if (left.length > 0) problems.push(`${left.length} callbacks were accepted`);
  }
  if (problems.length === 0) return;
  const rule = vector.deviate === undefined ? "binding" : `deviates: ${vector.deviate}`;
  throw new Error(`"${vector.name}" (${rule})\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

async function ask(origin: string, { request }: RestVector) {
  const { method, token, headers } = request;
  const filled = (text: string | undefined) =>
    text?.replace("{{token}}", token === undefined ? "" : buildToken(token)).replace("MEETINGID", MEETING_ID)
      .replace("{{bbbjwt}}", nodeToken(MEETING_ID)).replace("{{bbbjwt-plain}}", nodeToken("plain-id"));
  const response = await fetch(origin + filled(request.path), { method, headers, body: filled(request.body) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function nodeToken(meeting_id: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ meeting_id, record_id: RECORD_ID })}`;
  return `${signed}.${createHmac("sha256", NODE.secret).update(signed).digest("base64url")}`;
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: JsonObject;
  readonly body: string;
  readonly body_jwt?: VectorToken;
}

/** Who sends it is not compared. */
function sentCallback({ method, path, headers, body, body_jwt }: Outgoing): SentCallback {
  const { pathname, searchParams } = new URL(path, "http://receiver");
  return {
    method,
    path: pathname,
    query: [...searchParams],
    content_type: headers["content-type"] as string ?? null,
    body: body.replace("{{jwt}}", "{{jwt:0}}"),
    jwt: body_jwt && [{ ...body_jwt, signed_with: "fe1-secret" }],
  };
}
