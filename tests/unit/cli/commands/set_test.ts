import assert from "node:assert/strict";
import { set } from "../../../../cli/commands/set.ts";
import type { CommandSpec } from "../../../../cli/types.ts";
import { type Line, type Run, runCommand } from "../../../support/fake_cli.ts";

const spec = (name: string) => set.commands?.find((command) => command.name === name) as CommandSpec;

const BACKEND = {
  id: "b1",
  admin_state: "ready",
  load_factor: 1.5,
  bbb: { host: "http://n1/api/", secret: "old" },
  settings: { tags: null },
};
const FRONTEND = { id: "f1", bbb: { key: "fe1", secret: "old" }, settings: {} };

const setBackend = (flags: Line["flags"], existing: readonly unknown[] = [BACKEND]): Run =>
  runCommand(spec("backend"), {
    args: ["http://n1/api/"],
    flags,
    server: ({ method, body }) => method === "GET" ? existing : { ...BACKEND, ...body as object },
  });
const written = (run: Run) => run.asked.filter(({ method }) => method !== "GET").map(({ body }) => body);

Deno.test("set backend sends each changed key alone, and nothing that is so already", async () => {
  const changes: readonly (readonly [Line["flags"], unknown])[] = [
    [{ state: "stopped" }, { admin_state: "stopped" }],
    [{ "load-factor": "2" }, { load_factor: 2 }],
    [{ "load-factor": "0", state: "ready" }, { load_factor: 0 }],
    [{ secret: "new", opts: '{"tags":["a"]}' }, { settings: { tags: ["a"] }, bbb: { secret: "new" } }],
  ];
  for (const [flags, body] of changes) {
    const run = setBackend(flags);
    assert.equal(await run.code, 0);
    assert.deepEqual(written(run), [body]);
    assert.equal(run.stdout(), "updated backend\n");
  }
  const same = setBackend({ secret: "old", state: "ready", "load-factor": "1.50" });
  assert.equal(await same.code, 64);
  assert.deepEqual(written(same), []);
});

Deno.test("set backend creates with what is given, and ready unless another state is", async () => {
  const created = setBackend({ secret: "s", json: true }, []);
  assert.equal(await created.code, 0);
  assert.deepEqual(written(created), [{ admin_state: "ready", bbb: { host: "http://n1/api/", secret: "s" } }]);
  assert.deepEqual(created.stderr, ["created backend: b1 http://n1/api/"]);
  assert.equal(JSON.parse(created.stdout()).id, "b1");

  const stopped = setBackend({ secret: "s", state: "init", "load-factor": "0.5", opts: '{"tags":[]}' }, []);
  await stopped.code;
  assert.deepEqual(written(stopped), [{
    admin_state: "init",
    load_factor: 0.5,
    settings: { tags: [] },
    bbb: { host: "http://n1/api/", secret: "s" },
  }]);
});

Deno.test("set backend refuses states, numbers and settings that are none", async () => {
  const refused: readonly (readonly [Line["flags"], RegExp])[] = [
    [{ state: "error" }, /unknown state "error": give one of init, ready, stopped/],
    [{ "load-factor": "" }, /the load factor "" is no number/],
    [{ "load-factor": "-1" }, /the load factor "-1" is no number/],
    [{ "load-factor": "Infinity" }, /the load factor "Infinity" is no number/],
    [{ opts: "[1]" }, /--opts is no JSON object/],
    [{ opts: "null" }, /--opts is no JSON object/],
    [{ opts: "{tags:1}" }, /--opts is no valid JSON/],
  ];
  for (const [flags, message] of refused) {
    const run = setBackend(flags);
    await assert.rejects(run.code, message);
    assert.deepEqual(written(run), []);
  }
});

Deno.test("set frontend does not change a secret that is the same", async () => {
  const run = runCommand(spec("frontend"), {
    args: ["fe1"],
    flags: { secret: "old" },
    server: () => [FRONTEND],
  });
  assert.equal(await run.code, 64);
  assert.deepEqual(written(run), []);
});

Deno.test("set recording-visibility prints the recording when JSON is asked for", async () => {
  const run = runCommand(spec("recording-visibility"), {
    args: ["r1", "public"],
    flags: { json: true },
    server: ({ body }) => ({ record_id: (body as { record_id: string }).record_id }),
  });
  assert.equal(await run.code, 0);
  assert.deepEqual(JSON.parse(run.stdout()), { record_id: "r1" });
  assert.deepEqual(run.stderr, ["Update recording: r1 Visiblity: public", "Ok."]);
});
