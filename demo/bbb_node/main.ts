// The simulated node as a program of its own, for deploy/compose/: address and secret from the environment, until a
// signal ends it.
import { startBbbNode } from "./node.ts";

const USAGE = `Needed in the environment:
  SIMULATED_NODE_URL     http://<host>:<port>, where it listens; b3scaled and browsers both need to reach it there
  SIMULATED_NODE_SECRET  the secret that b3scaled signs with`;

async function main(): Promise<void> {
  const url = URL.parse(Deno.env.get("SIMULATED_NODE_URL") ?? "");
  const secret = Deno.env.get("SIMULATED_NODE_SECRET") ?? "";
  if (url?.protocol !== "http:" || secret === "") {
    console.error(USAGE);
    Deno.exit(1);
  }
  const node = await startBbbNode({ secret, hostname: url.hostname, port: Number(url.port || "80") });
  console.log(`simulated BigBlueButton node at ${node.url}`);
  // As the first process of a container it gets no signal that it does not listen for.
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => Deno.exit(0));
}

if (import.meta.main) await main();
