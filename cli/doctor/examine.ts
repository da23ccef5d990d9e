// All examinations in their order; each goes on where it can when another fails. Nothing is changed but by the polls.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import { type Answer, ApiError } from "../../src/contract/client.ts";
import { commandEndpoints } from "../../src/contract/command.ts";
import { frontendEndpoints, type FrontendJson } from "../../src/contract/frontend.ts";
import { callbackChecks } from "./callbacks.ts";
import { deadLetterChecks } from "./dead_letters.ts";
import { type Check, problem, type Subject, type World } from "./check.ts";
import { frontendChecks } from "./frontends.ts";
import { clusterChecks, nodeCheck } from "./nodes.ts";
import { pollNodes } from "./poll_nodes.ts";
import { queueChecks } from "./queue.ts";
import { type Server, visitServer } from "./server.ts";

/** What the server cannot be asked is left out. */
export async function* examine(world: World): AsyncGenerator<Check> {
  world.progress(`asking ${world.apiUrl}`);
  const { checks, server } = await visitServer(world);
  yield* checks;
  if (server === undefined) return;
  const { available, migrated } = server.status.database;
  if (available && migrated) yield* examineCluster(world, server);
  else yield* section("callback", () => callbackChecks(world, server.api, { frontends: [], backends: [] }));
}

async function* examineCluster(world: World, { api, skewMs }: Server): AsyncGenerator<Check> {
  const now = () => world.clock.now() + skewMs;
  const backends: Answer<BackendJson>[] = [];
  const frontends: Answer<FrontendJson>[] = [];
  yield* section("node", async function* () {
    const nodes = await pollNodes(world, api, await api.call(backendEndpoints.list));
    backends.push(...nodes.map(({ backend }) => backend));
    for (const node of nodes) yield nodeCheck(node, now());
    yield* clusterChecks(backends, now());
  });
  yield* section("frontend", async function* () {
    frontends.push(...await api.call(frontendEndpoints.list));
    yield* frontendChecks(frontends, backends);
  });
  yield* section("callback", () => callbackChecks(world, api, { frontends, backends }));
  yield* section("callback", async function* () {
    yield* await deadLetterChecks(api);
  });
  yield* section("queue", async function* () {
    yield* queueChecks(await api.call(commandEndpoints.list), now());
  });
}

/** What fails there is said, and ends no other section. */
async function* section(check: Subject, run: () => AsyncIterable<Check>): AsyncGenerator<Check> {
  try {
    yield* run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    yield { check, ...problem(`${check} cannot be examined: ${error.message}`, "look into the log of b3scaled") };
  }
}
