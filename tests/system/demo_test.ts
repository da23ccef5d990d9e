// The demo as a newcomer runs it: `--once` passes and leaves nothing behind, and Ctrl-C ends it in the middle.
import assert from "node:assert/strict";
import { eventually } from "../support/wait.ts";

const ROOT = new URL("../..", import.meta.url);

function runDemo(args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "demo/main.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = { stdout: "", stderr: "" };
  const drain = async (name: "stdout" | "stderr") => {
    for await (const part of child[name].pipeThrough(new TextDecoderStream())) text[name] += part;
  };
  const exited = (async () => (await Promise.all([child.status, drain("stdout"), drain("stderr")]))[0])();
  return { child, text, exited };
}

/** Addresses of the parts, as the demo prints them. */
function addressesOf(stdout: string): string[] {
  const server = /b3scaled … http:\/\/(127\.0\.0\.1:\d+)/.exec(stdout)?.[1];
  const postgres = /PostgreSQL .* … (127\.0\.0\.1:\d+)/.exec(stdout)?.[1];
  const nodes = Array.from(stdout.matchAll(/node-[abc] :(\d+)/g), (match) => `127.0.0.1:${match[1]}`);
  return [server, postgres, ...nodes].filter((address) => address !== undefined);
}

async function isListening(address: string): Promise<boolean> {
  const [hostname = "", port] = address.split(":");
  try {
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

const untilGone = (addresses: readonly string[]) =>
  eventually(
    "nothing of the demo listens any more",
    async () => (await Promise.all(addresses.map(isListening))).every((listens) => !listens),
  );

Deno.test("deno task demo --once meets all its expectations, exits 0 and leaves nothing running", async () => {
  const { text, exited } = runDemo(["--once"]);
  const { code } = await exited;
  assert.equal(code, 0, text.stdout + text.stderr);
  assert.match(text.stdout, /\nDEMO PASSED: all \d+ expectations met\n/);
  assert.doesNotMatch(text.stdout, /FAIL/);
  assert(!text.stdout.includes("\x1b"), "no colours without a terminal");
  for (
    const fact of [
      "the lecture's node gets no seminar, the other two share them",
      "40 people are in the lecture",
      "getMeetings: all six rooms",
      "the copy on it is ended",
      "no meetings are left",
    ]
  ) {
    assert(text.stdout.includes(`PASS  ${fact}\n`), fact);
  }
  assert.match(text.stdout, /PASS {2}the lecture goes on, on node-[abc]\n/);
  assert.equal(text.stderr, "");
  const addresses = addressesOf(text.stdout);
  assert.equal(addresses.length, 5, text.stdout);
  await untilGone(addresses);
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test(`${signal} in the middle of the demo leaves nothing running`, async () => {
    const { child, text, exited } = runDemo([]);
    await eventually("the lecture has begun", () => text.stdout.includes("40 people enter"), { withinMs: 60_000 });
    child.kill(signal);
    if (signal === "SIGINT") child.kill(signal); // as "deno task" repeats it
    const status = await exited;
    if (signal === "SIGINT") {
      assert.equal(status.code, 130, text.stdout + text.stderr);
      assert.match(text.stdout, /\nstopping …\n$/);
    }
    await untilGone(addressesOf(text.stdout));
  });
}

Deno.test("the demo takes other ports when its own are taken", async () => {
  const taken = [42350, 42353, 42361].flatMap((port) => {
    try {
      return [Deno.listen({ hostname: "127.0.0.1", port })];
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return []; // by somebody else: just as well
      throw error;
    }
  });
  const { child, text, exited } = runDemo([]);
  try {
    await eventually("the first scene is over", () => /PASS {2}the version index answers/.test(text.stdout), {
      withinMs: 60_000,
    });
    assert.doesNotMatch(text.stdout, /127\.0\.0\.1:4235[03]\b|node-a :42361/);
  } finally {
    child.kill("SIGTERM");
    await exited;
    for (const listener of taken) listener.close();
  }
  await untilGone(addressesOf(text.stdout));
});

Deno.test("the demo refuses an option that it does not know", async () => {
  const { text, exited } = runDemo(["--onec"]);
  assert.equal((await exited).code, 1);
  assert.match(text.stderr, /^unknown option: --onec\n/);
});
