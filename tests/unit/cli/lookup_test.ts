import assert from "node:assert/strict";
import { findBackend, findFrontend, normalizeHost } from "../../../cli/lookup.ts";
import type { CommandSpec } from "../../../cli/types.ts";
import { runCommand } from "../../support/fake_cli.ts";

const command = (run: CommandSpec["run"]): CommandSpec => ({ name: "test", summary: "", run });

/** What was looked up for `host`, and what was found among `stored`. */
async function lookUp(host: string, stored: readonly string[]): Promise<{ asked: string[]; found: unknown }> {
  let found: unknown;
  const run = runCommand(
    command(async ({ connect }) => {
      found = await findBackend((await connect()).api, host);
    }),
    {
      server: ({ path }) =>
        stored.filter((one) => path.endsWith(`?host=${encodeURIComponent(one)}`)).map((one) => ({ host: one })),
    },
  );
  await run.code.catch((error) => found = error.message);
  return { asked: run.asked.map(({ path }) => decodeURIComponent(path)), found };
}

Deno.test("normalizeHost() adds the slash and refuses what is no URL", () => {
  assert.equal(normalizeHost("https://n1/api"), "https://n1/api/");
  assert.equal(normalizeHost("http://n1/api/"), "http://n1/api/");
  for (const host of ["n1", "", "httpfoo", "ftp://n1/"]) {
    assert.throws(() => normalizeHost(host), /host should start with http\(s\):\/\//);
  }
});

Deno.test("findBackend() asks for the host with its slash, and as typed only when that is not there", async () => {
  const [long, short] = ["http://n1/api/", "http://n1/api"];
  const list = (host: string) => `/api/v1/backends?host=${host}`;
  assert.deepEqual(await lookUp(short, [long, short]), { asked: [list(long)], found: { host: long } });
  assert.deepEqual(await lookUp(short, [short]), { asked: [list(long), list(short)], found: { host: short } });
  assert.deepEqual(await lookUp(long, [short]), { asked: [list(long)], found: "backend not found" });
});

Deno.test("findFrontend() says which key is missing, or what it is told to say", async () => {
  const find = (missing?: string) =>
    runCommand(
      command(async ({ connect }) => {
        await findFrontend((await connect()).api, "a&b", missing);
      }),
      { server: () => [] },
    );
  await assert.rejects(find().code, /frontend with key a&b not found/);
  await assert.rejects(find("nobody").code, /^CliError: nobody$/);
});
