// The shell blocks that README and docs mark with `sh run` work as written: only names of hosts and ports are others.
import { run } from "../support/docs/run_blocks.ts";
import { runBlocks } from "../support/docs/script.ts";
import { readDocuments } from "../support/docs/sources.ts";
import { clusterWorld, emptyWorld } from "../support/docs/world.ts";

for (const document of await readDocuments()) {
  const blocks = runBlocks(document);
  if (blocks.length === 0) continue;
  Deno.test(`${document.path}: the ${blocks.length} runnable blocks work as written`, async () => {
    if (document.source.includes("<!-- checker: empty -->")) return await run(blocks, emptyWorld());
    await using world = await clusterWorld();
    await run(blocks, world);
  });
}
