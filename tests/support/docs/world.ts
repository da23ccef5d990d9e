// The cluster that documents find when they begin: two nodes, two frontends, a meeting, and b3scalectl with a token.
import { freePort } from "../../../demo/postgres.ts";
import { startBbbNode } from "../../../demo/bbb_node/node.ts";
import { startCluster } from "../cluster.ts";
import type { World } from "./run_blocks.ts";

const SECRET = "a secret of the documents that has at least 32 bytes";

/** For documents that begin with nothing: ports of their own, and no b3scale anywhere. */
export function emptyWorld(): World {
  const server = freePort();
  return {
    env: { B3SCALE_LISTEN_HTTP: `127.0.0.1:${server}`, B3SCALE_DRAIN_SECONDS: "0" },
    names: { ...ownPorts(), "42353": String(server) },
  };
}

export async function clusterWorld(): Promise<World & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  const cluster = stack.use(
    await startCluster({
      nodes: 2,
      nodeOptions: { secret: "node-secret" },
      frontends: ["greenlight", "moodle"],
      env: { B3SCALE_LISTEN_HTTP: `127.0.0.1:${port}`, B3SCALE_API_URL: origin, B3SCALE_API_JWT_SECRET: SECRET },
    }),
  );
  const added = stack.use(await startBbbNode({ secret: "node-secret" }));
  await cluster.client("greenlight").create("lecture", { name: "Lecture" });
  const nodes = [...cluster.nodes, added].flatMap(({ port }, index) => [
    [`https://node${index + 1}.example.org`, `http://127.0.0.1:${port}`],
    [`node${index + 1}.example.org`, `127.0.0.1:${port}`],
  ]);
  const owned = stack.move();
  return {
    env: {
      B3SCALE_DB_URL: cluster.dbUrl,
      B3SCALE_API_URL: origin,
      B3SCALE_API_JWT_SECRET: SECRET,
    },
    names: {
      ...ownPorts(),
      ...Object.fromEntries(nodes),
      "https://b3scale.example.org": origin,
      "b3scale.example.org": `127.0.0.1:${port}`,
      "42353": String(port),
    },
    prelude: 'b3scalectl auth authorize --secret "$B3SCALE_API_JWT_SECRET" > /dev/null',
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of what documents start themselves: a node, PostgreSQL, metrics. */
const ownPorts = () => ({ "8090": String(freePort()), "54320": String(freePort()), "9464": String(freePort()) });
