// The start of an agent's process against what was recorded from b3scale 1.x (tests/fixtures/golden/rest/README.md), one
// test each, and what the recording does not show; what deviates on purpose is written down in
// tests/support/golden_agent/deviations.ts.
import assert from "node:assert/strict";
import { VERSION } from "../../src/version.ts";
import { type AgentProcess, runAgent } from "../support/agent_process.ts";
import { fakeNode } from "../support/fake_node.ts";
import { compareLines, compareRequests } from "../support/golden_agent/compare.ts";
import { startupMisfits } from "../support/golden_agent/deviations.ts";
import { AGENT_TOKEN, type AgentStage, startAgentStage } from "../support/golden_agent/drive.ts";
import { loadStartups, VECTORS } from "../support/golden_agent/vector.ts";
import { deadHost } from "../support/golden/placeholders.ts";
import { setRows } from "../support/golden_rest/rows.ts";
import { buildToken } from "../support/golden_rest/token.ts";
import { eventually } from "../support/wait.ts";

const vectors = loadStartups();
let stage: AgentStage;
let driven = 0;

Deno.test.beforeAll(async () => {
  stage = await startAgentStage();
});

Deno.test.afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** The server outlives each test. */
const test = (name: string, run: () => Promise<void>) =>
  Deno.test(name, { sanitizeOps: false, sanitizeResources: false }, run);

Deno.test("golden agent: the table of deviations fits the vectors", () => {
  assert.deepEqual(startupMisfits(vectors), []);
  const unmarked = vectors.map(({ deviate: _, ...vector }) => vector);
  assert.deepEqual(startupMisfits(unmarked), ['"startup.known-backend" is superfluous']);
  const marked = vectors.map((vector) => ({ ...vector, deviate: "somehow" }));
  assert(startupMisfits(marked).includes('"startup.no-token" has no entry'));
  assert(startupMisfits(vectors.slice(1)).includes('"startup.known-backend" is superfluous'));
});

Deno.test("golden agent: the comparison sees what differs", () => {
  const recorded = ["{{time}} INF api host=http://a", '{{time}} FTL it failed error="in Go"', "  -a\tflag"];
  const line = (second: string) => `1:02PM INF api host=http://a\n1:02PM ERR redis is away\n${second}\n  -a\tflag\n`;
  assert.deepEqual(compareLines(line('12:02AM FTL it failed error="otherwise" hint="do this"'), recorded), []);
  const wrong = [
    '1:02PM FTL it failed hint="no error"',
    '1:02PM ERR it failed error="x"',
    '1:02PM FTL it failed twice error="x"',
    "1:02PM INF more\n" + '1:02PM FTL it failed error="x"',
  ];
  for (const one of wrong) assert.equal(compareLines(line(one), recorded).length, 1, one);
  assert.equal(compareLines("1:02PM INF api host=http://a more=1", recorded.slice(0, 1)).length, 1);

  const headers = { authorization: "Bearer {{jwt}}", "content-length": "99" };
  const expected = { method: "PATCH", path: "/b", status: 200, headers, json: { a: { b: 1 } } };
  const sent = { authorization: "Bearer eyJh.eyJi.c", "content-length": "7" };
  const actual = { ...expected, headers: sent, bytes: 7 };
  assert.deepEqual(compareRequests([actual], [expected]), []);
  const others = [
    [],
    [actual, actual],
    [{ ...actual, path: "/c" }],
    [{ ...actual, status: 500 }],
    [{ ...actual, json: { a: { b: 1 }, c: 1 } }],
    [{ ...actual, bytes: 8 }],
    [{ ...actual, headers: { ...sent, authorization: "Bearer abc" } }],
    [{ ...actual, headers: { ...sent, "content-type": "text/plain" } }],
    [{ ...actual, headers: { "content-length": "7" } }],
  ];
  for (const one of others) assert.equal(compareRequests(one, [expected]).length, 1, JSON.stringify(one));
});

for (const vector of vectors) {
  test(`golden agent: ${vector.name}`, async () => {
    driven++;
    await stage.drive(vector);
  });
}

Deno.test("golden agent: every start was driven", () => {
  assert.equal(driven, VECTORS);
});

const ID = "00000000-0000-4000-8000-0000000000b1";

/** A node with a file of its own, and its backend as the server has it. */
async function withNode(
  backend: Record<string, string>,
  run: (start: (...args: string[]) => AgentProcess) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await fakeNode());
  const file = stack.adopt(await Deno.makeTempFile(), (path) => Deno.remove(path));
  const redis = deadHost().replace(":", "\nredisPort=");
  const url = new URL(node.url).origin;
  await Deno.writeTextFile(
    file,
    `bigbluebutton.web.serverURL=${url}\nsecuritySalt=${node.secret}\nredisHost=${redis}\n`,
  );
  const row = { id: ID, host: node.url, secret: node.secret, agent_ref: "agent1", settings: {}, ...backend };
  await setRows(stage.db, { backends: [row] });
  const env = { B3SCALE_API_URL: stage.origin, B3SCALE_API_ACCESS_TOKEN: buildToken(AGENT_TOKEN), BBB_CONFIG: file };
  await run((...args) => stack.use(runAgent({ args, env })));
}

test("b3scaleagent brings a changed secret to the server", async () => {
  await withNode({ secret: "of yesterday" }, async (start) => {
    const agent = start();
    await eventually("the node's own secret is stored", async () => {
      return (await stage.db`select from backends where secret = 'node-secret-0'`).length === 1;
    });
    agent.kill("SIGINT");
    assert.equal((await agent.exited).code, 0);
  });
});

test("b3scaleagent ends when it has another backend, for the next start to find it", async () => {
  await withNode({}, async (start) => {
    const agent = start();
    await eventually("it runs", () => /agent configured for backend/.test(agent.stderr()));
    await stage.db`update backends set agent_ref = 'somebody' where id = ${ID}`;
    await stage.db`insert into backends (host, secret, agent_ref) values ('http://other.invalid/', 's', 'agent1')`;
    assert.equal((await agent.exited).code, 1);
    assert.match(agent.stderr(), / FTL the agent has another backend now backend_id=/);
  });
});

test("b3scaleagent check tells what it found, and changes nothing", async () => {
  await withNode({ node_state: "ready", admin_state: "ready" }, async (start) => {
    const rows = async () =>
      await stage.db`select (select json_agg(b)::text from backends b), (select count(*) from commands),
        (select count(*) from b3scale_audit) as audit`;
    const before = await rows();
    const agent = start("check");
    assert.equal((await agent.exited).code, 1);
    assert.deepEqual(await rows(), before);
    assert.equal(agent.stderr(), "");
    const [first = "", ...lines] = agent.stdout().trimEnd().split("\n");
    assert.equal(first, `b3scale node agent\t\tv.${VERSION}`);
    assert.deepEqual(lines.map((line) => line.split(":", 1)[0]), [
      "ok       properties",
      "ok       node",
      "ok       token",
      "ok       server",
      "ok       backend",
      "problem  redis",
      "ok       bbb",
    ]);
  });
});

test("b3scaleagent reads .env, and says which settings it cannot use", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/.env`, 'B3SCALE_API_URL="http://b3s.example"\nB3SCALE_LOG_FORMAT=structured\n');
    await using agent = runAgent({ cwd: folder, env: { BBB_CONFIG: "/nonexistent/file" } });
    assert.equal((await agent.exited).code, 1);
    const [read, fatal = ""] = agent.stderr().split("\n");
    assert.equal(read, "using environment from: .env");
    assert.equal(JSON.parse(fatal).message, "could not read bbb config");
    await using wrong = runAgent({ cwd: folder, env: { B3SCALE_API_URL: "http://x", B3SCALE_LOG_LEVEL: "loud" } });
    assert.equal((await wrong.exited).code, 1);
    assert.match(wrong.stderr(), /^b3scaleagent: B3SCALE_LOG_LEVEL: "loud" is /);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("b3scaleagent --version prints the version alone", async () => {
  await using agent = runAgent({ args: ["--version"] });
  assert.equal((await agent.exited).code, 0);
  assert.deepEqual([agent.stdout(), agent.stderr()], [`${VERSION}\n`, ""]);
});
