// PostgreSQL is killed under the compiled server, again and again. postgres.js throws outside of any query when a socket
// dies under it, and the guard against that knows these errors by their stacks: minified ones have other names in them.
import assert from "node:assert/strict";
import { startPostgres } from "../../demo/postgres.ts";
import { bbbClient } from "../support/bbb_client.ts";
import { eventually, pause } from "../support/wait.ts";
import { alone, JWT_SECRET, startServer } from "./binary.ts";

const ROUNDS = 5;

Deno.test("b3scaled lives on when PostgreSQL is killed under traffic, and writes again when it is back", async () => {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await alone());
  // A kill must lose nothing that was committed, or the database itself would be what is wrong.
  const postgres = await startPostgres({ fsync: false, settings: { synchronous_commit: "on" } });
  stack.defer(() => postgres.stop());
  const server = await startServer(scene, { B3SCALE_DB_URL: postgres.url(), B3SCALE_DB_POOL_SIZE: "8" });
  stack.use(server.process);
  const ctl = (...args: string[]) => scene.run("b3scalectl", args, { B3SCALE_API_URL: server.origin });
  await eventually("the secret is accepted", async () => {
    return (await ctl("auth", "authorize", "--secret", JWT_SECRET)).code === 0;
  });
  await eventually("it writes", async () => {
    return (await ctl("set", "frontend", "--secret", "s", "fe")).code === 0;
  });
  const traffic = startTraffic(server.origin);
  stack.defer(() => traffic.stop());
  for (let round = 1; round <= ROUNDS; round++) {
    const before = traffic.answers();
    await eventually("there is traffic", () => traffic.answers() > before + 50);
    await postgres.kill();
    const then = traffic.answers();
    await eventually("it answers without a database", () => traffic.answers() > then + 10);
    await postgres.restart();
    await eventually(`round ${round}: it writes again`, async () => {
      assert(!server.process.hasEnded(), server.process.stderr().slice(-4000));
      return (await ctl("set", "frontend", "--secret", `s${round}`, `fe${round}`)).code === 0;
    });
  }
  // The older runtime of denort.sh, 2.7.14, hangs in shutdown() when a connection comes in at that moment: 2.9.6 does not.
  await traffic.stop();
  assert(!server.process.hasEnded());
  server.process.kill("SIGTERM");
  assert.equal((await server.process.exited).code, 0, server.process.stderr().slice(-4000));
});

/** Requests that need the database each time: of frontends that it does not know, from eight clients at once. */
function startTraffic(origin: string): { answers(): number; stop(): Promise<void> } {
  let answers = 0;
  let stopped = false;
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let turn = 0; !stopped; turn++) {
      await bbbClient(origin, `unknown-${client}-${turn}`, "x").call("getMeetings").catch(() => {});
      answers++;
      await pause(1);
    }
  });
  return {
    answers: () => answers,
    stop: async () => {
      stopped = true;
      await Promise.all(clients);
    },
  };
}
