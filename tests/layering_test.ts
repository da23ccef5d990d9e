// The layers and homes of tests/support/layering.ts, over the real sources; then the checker over sources it must refuse.
import assert from "node:assert/strict";
import { checkLayering, layerOf, type Sources } from "./support/layering.ts";
import { readSource } from "./support/source_text.ts";

async function readTree(folder: string): Promise<Sources> {
  const sources: Record<string, string> = {};
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name, isDirectory } of entries) {
    const path = `${folder}/${name}`;
    if (isDirectory) Object.assign(sources, await readTree(path));
    else if (name.endsWith(".ts")) sources[path] = await Deno.readTextFile(path);
  }
  return sources;
}

Deno.test("checkLayering() finds nothing in src, cli and agent", async () => {
  const sources = { ...await readTree("src"), ...await readTree("cli"), ...await readTree("agent") };
  assert(Object.keys(sources).length > 10, "started from the root of the project");
  assert.deepEqual(checkLayering(sources), []);
});

const refused: [string, string, string, RegExp][] = [
  ["store → gateway", "src/store/a.ts", 'import { b } from "../gateway/b.ts";', /store may not import gateway/],
  [
    "store → recordings",
    "src/store/a.ts",
    'import { b } from "../recordings/b.ts";',
    /store may not import recordings/,
  ],
  ["gateway → rest", "src/gateway/a.ts", 'import type { B } from "../rest/b.ts";', /gateway may not import rest/],
  ["cluster → router", "src/cluster/a.ts", 'import { b } from "../router/b.ts";', /cluster may not import router/],
  ["bbb → contract", "src/bbb/a.ts", 'import type { B } from "../contract/b.ts";', /bbb may not import contract/],
  ["contract → value of bbb", "src/contract/a.ts", 'import { b } from "../bbb/b.ts";', /contract may not import bbb/],
  ["lib → store", "src/lib/a.ts", 'import { b } from "../store/b.ts";', /layer 0 may not import store/],
  [
    "deps → value of the view",
    "src/deps.ts",
    'import { b } from "./cluster/view.ts";',
    /layer 0 may not import cluster/,
  ],
  [
    "errors → type of the view",
    "src/errors.ts",
    'import type { B } from "./cluster/view.ts";',
    /layer 0 may not import cluster/,
  ],
  ["cli → store", "cli/a.ts", 'import { b } from "../src/store/b.ts";', /cli may not import store/],
  ["agent → gateway", "agent/a.ts", 'import { b } from "../src/gateway/b.ts";', /agent may not import gateway/],
  ["anything → app", "src/rest/a.ts", 'import { b } from "../app.ts";', /rest may not import app/],
  ["anything → main", "src/app.ts", 'import { b } from "./main.ts";', /app may not import main/],
  ["src → demo", "src/main.ts", 'import { b } from "../demo/postgres.ts";', /may not import "demo\/postgres.ts"/],
  ["src → tests", "src/main.ts", 'const b = await import("../tests/b.ts");', /may not import "tests\/b.ts"/],
  [
    "migrations outside of store",
    "src/rest/a.ts",
    'import b from "../../migrations/b.sql" with { type: "text" };',
    /migrations/,
  ],
  ["an unknown folder", "src/utils/a.ts", 'import { b } from "../lib/b.ts";', /is in no layer/],
  [
    "an import over lines",
    "src/store/a.ts",
    'import {\n  b,\n  type C,\n} from "../rest/b.ts";',
    /store may not import rest/,
  ],
  ["a side-effect import", "src/store/a.ts", 'import "../rest/b.ts";', /store may not import rest/],
  ["a re-export", "src/store/a.ts", 'export { b } from "../rest/b.ts";\nconst c = 1;', /store may not import rest/],
  ["hono in the gateway", "src/gateway/a.ts", 'import { Hono } from "hono";', /"hono" has its home elsewhere/],
  ["postgres in rest", "src/rest/a.ts", 'import postgres from "postgres";', /"postgres" has its home/],
  ["Date.now", "src/lib/a.ts", "const a = Date.now();", /Date.now/],
  ["a bare Date", "src/lib/a.ts", "const a = new Date( );", /new Date/],
  ["a Date without brackets", "src/lib/a.ts", "const a = [new Date];", /new Date/],
  ["performance.now", "src/lib/a.ts", "const a = performance.now();", /performance.now/],
  ["setTimeout", "src/lib/a.ts", "setTimeout(run, 1);", /timers/],
  ["setInterval by its object", "src/lib/a.ts", "globalThis.setInterval(run, 1);", /timers/],
  ["AbortSignal.timeout", "agent/a.ts", "const a = AbortSignal.timeout(1);", /AbortSignal.timeout/],
  ["Math.random", "src/lib/a.ts", "const a = Math.random();", /Math.random/],
  ["global fetch", "cli/a.ts", "const a = await fetch(url);", /global fetch/],
  ["global fetch by its object", "src/bbb/a.ts", "const a = { fetch: globalThis.fetch };", /globalThis.fetch/],
  ["Deno.createHttpClient", "src/main.ts", "Deno.createHttpClient({});", /createHttpClient/],
  ["console", "src/main.ts", "console.log(1);", /console/],
  ["console in a template", "src/lib/a.ts", "const a = `${console.log(`x`)} text`;", /console/],
  ["Deno.env", "src/config.ts", 'const a = Deno.env.get("A");', /Deno.env/],
  ["process.env", "src/lib/a.ts", "const a = process.env.A;", /Deno.env/],
  ["SQL on db", "src/rest/a.ts", "const a = await db`select 1`;", /SQL/],
  ["SQL on deps.db with a type", "src/rest/a.ts", "await deps.db<{ a: number }[]>`select 1`;", /SQL/],
  ["SQL on tx over lines", "src/cluster/a.ts", "await tx<Row[]>`\n  select 1`;", /SQL/],
  ["SQL as text", "src/rest/a.ts", "await db.unsafe(text);", /SQL/],
  ["a default export", "src/lib/a.ts", "export default function a() {}", /export default/],
  ["a default export by name", "src/lib/a.ts", "const a = 1;\nexport { a as default };", /default/],
  ["a barrel", "src/lib/a.ts", '// All of it.\nexport { b } from "./b.ts";\nexport { c } from "./c.ts";\n', /barrel/],
  ["export *", "src/lib/a.ts", 'const a = 1;\nexport * from "./b.ts";', /barrel/],
  ["a file called index", "src/lib/index.ts", "export const a = 1;", /barrel/],
  ["a long file", "src/lib/a.ts", "// x\n".repeat(251), /251 lines, at most 250/],
];
for (const [name, path, text, problem] of refused) {
  Deno.test(`checkLayering() refuses ${name}`, () => {
    const problems = checkLayering({ [path]: text });
    assert(problems.some((line) => problem.test(line)), `${problems.join("\n") || "nothing found"}`);
  });
}

const accepted: [string, string, string][] = [
  ["downward imports", "src/gateway/a.ts", 'import { b } from "../store/b.ts";\nimport { c } from "../router/c.ts";'],
  [
    "types of the view in deps",
    "src/deps.ts",
    'import type { B } from "./cluster/view.ts";\nimport { type N } from "./bbb/client.ts";',
  ],
  ["types of bbb in contract", "src/contract/a.ts", 'import type { B } from "../bbb/b.ts";'],
  ["contract in cli", "cli/a.ts", 'import { b } from "../src/contract/b.ts";'],
  ["the type of a package", "src/store/a.ts", 'import type postgres from "postgres";'],
  [
    "comments",
    "src/lib/a.ts",
    "// setTimeout(x), console.log\n/* Date.now()\n Math.random() */\n/** `db`select 1`` */",
  ],
  ["strings", "src/lib/a.ts", `const a = "console.log(1)" + 'Date.now()' + \`Deno.env \${"setTimeout"}\`;`],
  ["regular expressions", "src/lib/a.ts", "const a = /['\"`]/.test(b) ? c / d : /Date.now()[/']/g;\nconst e = 'x';"],
  ["dates with a value", "src/lib/a.ts", "const a = new Date(clock.now());\nconst b = new Date(\n  text,\n);"],
  [
    "injected clocks and fetches",
    "src/bbb/a.ts",
    "const f = ({ fetch, clock }: Deps) => fetch(url, clock.setTimeout, deps.fetch(x));",
  ],
  ["SQL in the store", "src/store/a.ts", "await db<{ a: 1 }[]>`select 1`; await tx.unsafe(x);"],
  ["templates that are no SQL", "src/rest/a.ts", "const a = `db`; const b = html`x`; const c = f(db, `x`);"],
  ["the environment in main", "agent/main.ts", "const env = Deno.env.toObject();"],
  ["some names handed on", "src/lib/a.ts", 'export { b } from "./b.ts";\nexport const c = 1;'],
];
for (const [name, path, text] of accepted) {
  Deno.test(`checkLayering() accepts ${name}`, () => assert.deepEqual(checkLayering({ [path]: text }), []));
}

Deno.test("checkLayering() finds a cycle of values, not one of types", () => {
  const cycle = {
    "src/lib/a.ts": 'import { b } from "./b.ts";',
    "src/lib/b.ts": 'import { c } from "./c.ts";',
    "src/lib/c.ts": 'import { a } from "./a.ts";',
  };
  assert.match(
    checkLayering(cycle).join("\n"),
    /cycle src\/lib\/a.ts → src\/lib\/b.ts → src\/lib\/c.ts → src\/lib\/a.ts/,
  );
  assert.deepEqual(checkLayering({ ...cycle, "src/lib/c.ts": 'import type { A } from "./a.ts";' }), []);
});

Deno.test("layerOf() places files and folders", () => {
  assert.equal(layerOf("src/lib/http.ts"), "layer 0");
  assert.equal(layerOf("src/deps.ts"), "layer 0");
  assert.equal(layerOf("src/gateway/middleware/a.ts"), "gateway");
  assert.equal(layerOf("src/app.ts"), "app");
  assert.equal(layerOf("cli/commands/show.ts"), "cli");
  assert.equal(layerOf("src/constructor.ts"), undefined);
});

Deno.test("readSource() keeps positions and reads nested templates", () => {
  const text = 'const a = `x ${f({ b: `${"}"}` })} y`; // end\nimport b from "b";';
  const { code, imports } = readSource(text);
  assert.equal(code.length, text.length);
  assert.match(code, /^const a = ` {2}\$\{f\(\{ b: `\$\{" "\}` \}\)\} {2}`; +\nimport b from " ";$/);
  assert.deepEqual(imports, [{ specifier: "b", typeOnly: false, reexport: false, line: 2 }]);
});
