// The checker of the documentation over documents that it must refuse: what finds nothing is worth nothing otherwise.
import assert from "node:assert/strict";
import { callsIn, problemOf } from "../support/docs/commands.ts";
import { readMarkdown } from "../support/docs/markdown.ts";
import { brokenLinks, unknownCommands, unknownNames } from "../support/docs/references.ts";
import { run } from "../support/docs/run_blocks.ts";
import { missingLine, runBlocks } from "../support/docs/script.ts";
import { emptyWorld } from "../support/docs/world.ts";

const document = (source: string, path = "docs/a.md") => ({ path, source, markdown: readMarkdown(source) });
const block = (mark: string, text: string) => `\`\`\`${mark}\n${text}\n\`\`\`\n`;
const blocksOf = (...sources: string[]) => runBlocks(document(sources.join("\n")));
const runSources = (...sources: string[]) => run(blocksOf(...sources), emptyWorld(), 5000);

Deno.test("run() runs blocks in one shell, in a copy of the tree, with our programs", async () => {
  await runSources(
    "Text first.",
    block("sh run", 'greet() { echo "hello from port 8090 $1"; }\ntest -f src/main.ts\ncd docs'),
    block("sh", "false"),
    block(
      "sh run",
      "greet $(basename $PWD)\nb3scaled --version\nnpx -y deno@2.9.6 eval 'console.log(1 + 1)'\nb3scalectl --version",
    ),
    block("text output", "hello from port 8090 docs\n2\nb3scalectl v.… source"),
    block("text", "not compared"),
  );
});

Deno.test("run() starts what runs in the background, waits for its port, and ends it", async () => {
  const server = 'deno eval \'Deno.serve({ hostname: "127.0.0.1", port: 8090 }, () => new Response("here"))\'';
  const world = emptyWorld();
  await run(
    blocksOf(
      block("sh run background port=8090", server),
      block("sh run", "curl -s http://127.0.0.1:8090/"),
      block("text output", "here"),
    ),
    world,
  );
  assert.throws(
    () => Deno.listen({ hostname: "127.0.0.1", port: Number(world.names["8090"]) }).close() ?? assert.fail("free"),
    /free/,
  );
});

const refused: [name: string, sources: string[], problem: RegExp][] = [
  [
    "a command that fails",
    [block("sh run", "true"), block("sh run", "echo before\nfalse\necho after")],
    /docs\/a.md:5: it failed[^]*\nbefore\n$/,
  ],
  ["a command that fails in a pipe", [block("sh run", "false | cat")], /docs\/a.md:1: it failed/],
  ["a variable that is not set", [block("sh run", "echo $NOBODY")], /NOBODY: unbound variable/],
  ["a program that is not there", [block("sh run", "b3scalectrl")], /command not found/],
  ["a line that is no shell", [block("sh run", "if")], /docs\/a.md:1: it failed/],
  [
    "another output",
    [block("sh run", "echo one"), block("text output", "two")],
    /docs\/a.md:1: "two" is not in the output/,
  ],
  [
    "background that ends",
    [block("sh run background port=8090", "echo gone; false")],
    /docs\/a.md:1: it failed[^]*gone/,
  ],
];
for (const [name, sources, problem] of refused) {
  Deno.test(`run() refuses ${name}`, async () => {
    await assert.rejects(runSources(...sources), problem);
  });
}

Deno.test("run() gives up a block that takes too long, and leaves nothing running", async () => {
  await assert.rejects(
    run(blocksOf(block("sh run", "sleep 60")), emptyWorld(), 200),
    /docs\/a.md:1: not within 200 ms/,
  );
});

Deno.test("run() ends what a block left running with its output open", async () => {
  await run(blocksOf(block("sh run", "sleep 60 &")), emptyWorld(), 60_000);
});

for (const mark of ["sh ran", "text outputs", "bash run", "sh run foreground", "sh run background 80", "text output"]) {
  Deno.test(`runBlocks() knows no mark "${mark}"`, () => {
    assert.throws(() => blocksOf("", block(mark, "")), /docs\/a.md:2: /);
  });
}

Deno.test("missingLine() looks for lines in their order, `…` for anything", () => {
  const output = "node1   ready  3\nnode2 stopped\ndone (1 s)";
  assert.equal(missingLine(["node1 ready …", "", "done (…)"], output), undefined);
  assert.equal(missingLine(["node1", "ready 3"], output), undefined);
  assert.equal(missingLine(["node2 stopped", "node1 ready"], output), "node1 ready");
  assert.equal(missingLine(["node1 …stopped"], output), "node1 …stopped");
});

Deno.test("brokenLinks() finds files and headings that are not there", () => {
  const other = document("# It's *one*: `two`\n## Same\n## Same\n", "docs/b.md");
  const links = (...targets: string[]) => {
    const source = targets.map((target) => `[x](${target})`).join("\n") + "\n`[y](z.md)`\n# Here\n";
    return brokenLinks([document(source), other], (path) => path === "deploy");
  };
  assert.deepEqual(links("b.md#its-one-two", "b.md#same-1", "#here", "../deploy", "https://x.example/#a"), []);
  assert.deepEqual(links("c.md", "b.md#same-2", "#there"), [
    "docs/a.md:1: there is no docs/c.md",
    'docs/a.md:2: there is no heading "#same-2" in docs/b.md',
    'docs/a.md:3: there is no heading "#there" in docs/a.md',
  ]);
});

Deno.test("unknownNames() finds settings that nobody reads", () => {
  assert.deepEqual(unknownNames("a", "B3SCALE_DB_URL B3SCALE_HTTP_IDLE_TIMEOUT `B3SCALE_RECORDINGS_…` B3SCALE_*"), []);
  assert.match(unknownNames("a", "\nexport B3SCALE_DB_URI=x")[0] ?? "", /^a:2: nothing reads B3SCALE_DB_URI /);
});

Deno.test("callsIn() reads calls to the end of each command", () => {
  const code =
    'b3scalectl show backends --json | jq . # b3scalectl\nctl set frontend \\\n  --secret "a b" x && b3scalectl status > file';
  assert.deepEqual(callsIn(code), [["show", "backends", "--json"], ["set", "frontend", "--secret", "a b", "x"], [
    "status",
  ]]);
});

Deno.test("unknownCommands() finds commands and flags that b3scalectl does not have", () => {
  const problems = (code: string) => unknownCommands(document(`${block("sh", code)}\n\`${code}\``)).length;
  for (
    const right of [
      "show backends",
      "--api https://x.example status --watch",
      "help set backend",
      "<command> --help",
      "b3scaled /usr/bin",
    ]
  ) {
    assert.equal(problems(`b3scalectl ${right}`), 0, right);
  }
  for (const wrong of ["sow backends", "show backend --jason", "drain --wat https://x.example", "set nothing"]) {
    assert.equal(problems(`b3scalectl ${wrong}`), 2, wrong);
  }
  assert.equal(problemOf(["show", "backends", "--nothing"]), 'unknown flag "--nothing"');
});
