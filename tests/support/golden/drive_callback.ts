// Drives a vector of the group callback: a node's call to the proxy, and what reaches the frontend's receiver of it.
import { readConfig } from "../../../src/config.ts";
import { startServer } from "../../../src/server.ts";
import { holdSchedule } from "../golden_rest/hold.ts";
import { silentLog, testDatabase } from "../test_db.ts";
import { pause } from "../wait.ts";
import { send } from "./client.ts";
import { compareResponse, recordedResponse } from "./compare_response.ts";
import { deviationOf } from "./deviations.ts";
import { API_HOST, deadHost, fill } from "./placeholders.ts";
import { compareCallbacks, type SentCallback, startReceiver } from "./receiver.ts";
import { insertGiven } from "./state.ts";
import type { Vector } from "./vector.ts";

/** Of what the recording waited for. */
const DEADLINE_MS = 10_000;
/** The outbox is looked at once a second. */
const LATE_MS = 1500;

interface CallbackVector extends Omit<Vector, "forwarded" | "given" | "request"> {
  readonly forwarded: readonly SentCallback[];
  readonly given: Vector["given"] & { readonly node_mode?: { readonly sink?: number } };
  readonly request: NonNullable<Vector["request"]>;
}

/** @throws Error with one line per difference */
export async function driveCallback(recorded: Vector): Promise<void> {
  const deviation = deviationOf(recorded) ?? {};
  const { node_mode } = (recorded as unknown as CallbackVector).given;
  await using receiver = startReceiver(node_mode?.sink);
  const hosts = { nodes: { client: receiver.host, node1: deadHost() }, deadNode: deadHost() };
  const vector = fill(recorded, hosts) as unknown as CallbackVector;
  await using db = await testDatabase();
  await insertGiven(db.pool, vector.given as Vector["given"], 0);
  await using _quiet = await holdSchedule(db.url);
  await using server = await startRunning(vector, db.url);

  const answer = await send(server.address, vector.request, vector.given.frontends);
  const response = deviation.response ?? recordedResponse(vector.response ?? { status: 200 });
  const problems = compareResponse(answer, response, undefined);
  const callbacks = deviation.callbacks ?? vector.forwarded;
  const end = performance.now() + DEADLINE_MS;
  while (receiver.received.length < callbacks.length && performance.now() < end) await pause(20);
  problems.push(...compareCallbacks(receiver.received, callbacks));
  for (const [index, least] of (deviation.minGapsMs ?? []).entries()) {
    const [from = 0, to = 0] = receiver.received.slice(index, index + 2).map(({ at }) => at);
    if (to - from < least || to - from > least + LATE_MS) problems.push(`gap ${index}: ${to - from} ms, not ${least}`);
  }
  if (callbacks.length === 0) {
    const left = await db.pool`select from b3scale_callbacks`;
    if (left.length > 0) problems.push(`${left.length} callbacks were accepted`);
  }
  if (problems.length === 0) return;
  const rule = vector.deviate === undefined ? "binding" : `deviates: ${vector.deviate}`;
  throw new Error(`"${vector.name}" (${rule})\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
}

async function startRunning({ server }: CallbackVector, dbUrl: string) {
  const running = await startServer(
    readConfig({
      B3SCALE_DB_URL: dbUrl,
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_API_URL: server?.api_url ?? `http://${API_HOST}`,
      B3SCALE_API_JWT_SECRET: server?.jwt_secret ?? "jwt-secret",
      B3SCALE_CALLBACK_ALLOW: "127.0.0.0/8",
    }),
    { log: silentLog },
  );
  await running.ready;
  return { address: running.address, [Symbol.asyncDispose]: () => running.stop() };
}
