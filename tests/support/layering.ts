// The rules of the tree: who may import whom, and which files alone may touch clock, chance, environment, network,
// console and SQL. Works on text, so it needs no compiler; tests/layering_test.ts runs it over the sources and itself.
import { dirname, join } from "node:path/posix";
import { type Import, lineOf, readSource, type SourceText } from "./source_text.ts";

/** Path from the root → text. */
export type Sources = Readonly<Record<string, string>>;

const BASE = ["layer 0"];
const PROTOCOL = [...BASE, "bbb", "contract"];
const STORES = [...PROTOCOL, "store", "recordings"];
const EDGES = [...STORES, "cluster", "router", "metrics"];
const APP = [...EDGES, "gateway", "rest", "controller", "console"];

/** Layer → layers whose values it may import; itself always. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "layer 0": [],
  bbb: BASE,
  contract: BASE,
  store: PROTOCOL,
  recordings: PROTOCOL,
  cluster: STORES,
  router: [...STORES, "cluster"],
  metrics: [...STORES, "cluster"],
  gateway: EDGES,
  rest: EDGES,
  controller: EDGES,
  console: EDGES,
  app: APP,
  server: [...APP, "app"],
  main: [...APP, "app", "server"],
  cli: PROTOCOL,
  agent: PROTOCOL,
};

/** Types only, on top of that. */
const MAY_IMPORT_TYPE: readonly (readonly [from: RegExp, to: RegExp])[] = [
  [/^src\/deps\.ts$/, /^src\/(cluster\/view|bbb\/client|metrics\/types)\.ts$/],
  [/^src\/contract\//, /^src\/bbb\//],
];

/** Packages with one home, and where it is. */
const PACKAGES: readonly (readonly [name: RegExp, home: RegExp])[] = [
  [/^hono(\/|$)/, /^src\/(app\.ts|rest\/rest\.ts|console\/)/],
  [/^postgres$/, /^src\/store\/pool\.ts$/],
  [/^ioredis$/, /^agent\/redis\.ts$/],
  [/^commander$/, /^cli\/program\.ts$/],
  [/^yaml$/, /^cli\/cluster_file\.ts$/],
  [/^@logtape\//, /^src\/log\.ts$/],
  [/^fast-xml-parser$/, /^src\/bbb\//],
  [/^tldts$/, /^src\/recordings\/cookie_reach\.ts$/],
  [/^modern-tar$/, /^src\/recordings\/unpack_upload\.ts$/],
  [/^prom-client$/, /^src\/metrics\//],
];

const MAIN = /^(src|cli|agent)\/main\.ts$/;
const DEPS = /^src\/deps\.ts$/;
const OWN_NAME = String.raw`(?<![\w$.])`;
const own = (pattern: string) => new RegExp(OWN_NAME + pattern, "g");

/** What only some files may contain. */
const RESERVED: readonly (readonly [what: string, pattern: RegExp, home: RegExp])[] = [
  ["Date.now", own(String.raw`Date\s*\.\s*now\b`), DEPS],
  ["new Date()", own(String.raw`new\s+Date\b(?!\s*\(\s*[^\s)])`), DEPS],
  ["performance.now", own(String.raw`performance\s*\.`), DEPS],
  ["timers", own(String.raw`(globalThis\s*\.\s*)?(setTimeout|setInterval|setImmediate)\b`), DEPS],
  ["AbortSignal.timeout", own(String.raw`AbortSignal\s*\.\s*timeout\b`), DEPS],
  ["Math.random", own(String.raw`Math\s*\.\s*random\b`), DEPS],
  ["Deno.createHttpClient", own(String.raw`Deno\s*\.\s*createHttpClient\b`), DEPS],
  ["globalThis.fetch", own(String.raw`globalThis\s*\.\s*fetch\b`), DEPS],
  ["console", own(String.raw`console\s*\.`), /^(src\/log|cli\/output)\.ts$/],
  ["Deno.env", own(String.raw`(Deno|process)\s*\.\s*env\b`), MAIN],
  [
    "SQL",
    own(String.raw`(?:[\w$]+\s*\.\s*)*(?:db|tx|sql|pool)\s*(?:<[^;(){}=]*>|<\{[^}]*\}[[\]]*>)?${"`"}`),
    /^src\/store\//,
  ],
  ["SQL", /\.\s*unsafe\s*\(/g, /^src\/store\//],
  ["export default", own(String.raw`export\s+default\b`), /^$/],
  ["export … as default", /\bas\s+default\b/g, /^$/],
];

const MAX_LINES = 250;

/** One line per broken rule, `path:line: what`; empty when all is well. Judges src, cli and agent. */
export function checkLayering(sources: Sources): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [path, text] of Object.entries(sources)) {
    if (!/^(src|cli|agent)\/.*\.ts$/.test(path) || path.includes("/assets/")) continue;
    const source = readSource(text);
    const report = (line: number, what: string) => problems.push(`${path}:${line}: ${what}`);
    const values: string[] = [];
    for (const item of source.imports) {
      const target = item.specifier.startsWith(".") ? join(dirname(path), item.specifier) : undefined;
      const problem = target === undefined ? packageProblem(path, item) : importProblem(path, target, item.typeOnly);
      if (problem !== undefined) report(item.line, problem);
      if (target !== undefined && !item.typeOnly) values.push(target);
    }
    graph.set(path, values);
    checkContent(path, text, source, report);
  }
  return [...problems, ...cyclesOf(graph)];
}

function checkContent(
  path: string,
  text: string,
  { code, imports }: SourceText,
  report: (line: number, what: string) => void,
) {
  for (const [what, pattern, home] of RESERVED) {
    if (home.test(path)) continue;
    for (const match of code.matchAll(pattern)) report(lineOf(code, match.index), `${what} does not belong here`);
  }
  // `fetch(…)` is the global one unless the file takes one as a parameter or declares it.
  const declared = /[{,(]\s*fetch\s*[,:}=)?]|\b(const|let|function)\s+fetch\b/.test(code);
  for (const match of code.matchAll(/(?<![\w$.])fetch\s*\(/g)) {
    if (!declared && !DEPS.test(path)) report(lineOf(code, match.index), "global fetch does not belong here");
  }
  const reexports = imports.filter((item) => item.reexport);
  for (const { line } of reexports) {
    if (/export\s*\*/.test(code.split("\n")[line - 1] ?? "")) report(line, "export * makes a barrel file");
  }
  const rest = code.replace(/export\b[^;]*?\bfrom\s*["'][^"']*["'];?/g, "").trim();
  if (/\/(index|mod)\.ts$/.test(path) || (reexports.length > 0 && rest === "")) report(1, "a barrel file");
  const lines = text.trimEnd().split("\n").length;
  if (lines > MAX_LINES) report(MAX_LINES + 1, `${lines} lines, at most ${MAX_LINES}`);
}

/** Undefined for what is no layer: a new folder must be given its place here. */
export function layerOf(path: string): string | undefined {
  if (/^src\/(lib\/.*|errors\.ts|log\.ts|config\.ts|settings(_of_\w+)?\.ts|deps\.ts|version\.ts)$/.test(path)) {
    return "layer 0";
  }
  const name = /^src\/(\w+)(\/|\.ts$)/.exec(path)?.[1] ?? /^(cli|agent)\//.exec(path)?.[1];
  return name !== undefined && Object.hasOwn(MAY_IMPORT, name) ? name : undefined;
}

function importProblem(path: string, target: string, typeOnly: boolean): string | undefined {
  const from = layerOf(path);
  if (from === undefined) return `"${path}" is in no layer`;
  if (target.startsWith("migrations/")) return from === "store" ? undefined : `${from} may not import migrations`;
  const to = layerOf(target);
  if (to === undefined) return `${from} may not import "${target}"`;
  if (to === from || MAY_IMPORT[from]?.includes(to)) return undefined;
  if (typeOnly && MAY_IMPORT_TYPE.some(([a, b]) => a.test(path) && b.test(target))) return undefined;
  return `${from} may not import ${to} ("${target}")`;
}

function packageProblem(path: string, { specifier, typeOnly }: Import): string | undefined {
  const home = PACKAGES.find(([name]) => name.test(specifier))?.[1];
  return typeOnly || home === undefined || home.test(path) ? undefined : `"${specifier}" has its home elsewhere`;
}

/** Cycles of value imports; each is reported once. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) {
      problems.push(`${path}:1: import cycle ${[...trail.slice(trail.indexOf(path)), path].join(" → ")}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return problems;
}
