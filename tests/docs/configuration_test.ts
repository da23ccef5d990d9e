import assert from "node:assert/strict";
import { configurationReference } from "../../docs/generate.ts";

Deno.test("docs/configuration.md is what `deno task docs` writes", async () => {
  const written = await Deno.readTextFile(new URL("../../docs/configuration.md", import.meta.url));
  assert.equal(written, await configurationReference(), "run `deno task docs`");
});
