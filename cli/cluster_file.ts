// The cluster as a YAML file, text ⇄ ClusterFile, for apply and export. Says of everything that is wrong where it stands,
// and never shows a value, which may be a secret.
import { dirname, resolve } from "node:path/posix";
import * as v from "valibot";
import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Env } from "../src/lib/read_setting.ts";
import { errorText } from "../src/errors.ts";
import {
  type ClusterFile,
  ENTRIES,
  type Entry,
  escapeSecret,
  expandSecret,
  type Members,
  NAMES,
  type RawEntry,
  Root,
  Secret,
  type Section,
  SECTIONS,
  wordsOf,
} from "./cluster_schema.ts";
import { CliError } from "./types.ts";

export class ClusterFileError extends CliError {
  /** @param problems each as `file:line: what` */
  constructor(readonly problems: readonly string[]) {
    super(problems.length === 1 ? "there is an error in the file" : `there are ${problems.length} errors in the file`);
  }
}

interface TextFile {
  /** Its path. */
  readonly name: string;
  readonly text: string;
}

/** What a file may point at. */
export interface Surroundings {
  readonly env: Env;
  /** @throws when it cannot be read */
  readText(path: string): string;
}

/** @param files one or more, taken as one @throws ClusterFileError */
export function readClusterFiles(files: readonly TextFile[], surroundings: Surroundings): ClusterFile {
  const problems: string[] = [];
  const whole: { [section in Section]?: Map<string, Entry> } = {};
  const places = new Map<string, string>();
  for (const file of files) {
    for (const [section, objects] of readFile(file, surroundings, problems)) {
      const entries = whole[section] ??= new Map();
      for (const { name, entry, place } of objects) {
        const first = places.get(`${section}.${name}`);
        if (first !== undefined) problems.push(`${place}: ${section}.${name} is there already: ${first}`);
        places.set(`${section}.${name}`, place);
        entries.set(name, entry);
      }
    }
  }
  if (problems.length > 0) throw new ClusterFileError(problems);
  return whole;
}

type Path = readonly string[];

/** @param problems is added to */
function readFile({ name: file, text }: TextFile, surroundings: Surroundings, problems: string[]) {
  const { value, faults, lineOf } = parseYaml(text);
  for (const { line, what } of faults) problems.push(`${file}:${line}: ${what}`);
  if (faults.length > 0) return [];
  const placeOf = (path: Path) => `${file}:${lineOf(path)}`;
  const report = (path: Path, what: string) => {
    problems.push(`${placeOf(path)}: ${path.length === 0 ? "the file" : path.join(".")} ${what}`);
  };
  const check = <T>(schema: v.GenericSchema<unknown, T>, given: unknown, path: Path): T | undefined => {
    const result = v.safeParse(schema, given, { abortPipeEarly: true });
    if (result.success) return result.output;
    for (const issue of result.issues) {
      report([...path, ...(issue.path ?? []).map(({ key }) => String(key))], wordsOf(issue));
    }
  };
  const readEntry = (schema: v.GenericSchema<unknown, RawEntry>, given: unknown, path: Path): Entry => {
    const { secret: direct, secret_file, ...entry } = check(schema, given, path) ?? {};
    const at = [...path, direct === undefined ? "secret_file" : "secret"];
    try {
      const text = resolveSecret({ direct, secret_file, file }, surroundings);
      return text === undefined ? entry : { secret: check(Secret, text, at), ...entry };
    } catch (error) {
      report(at, errorText(error));
      return entry;
    }
  };
  const root = check(Root, value, []) ?? {};
  return SECTIONS.flatMap((section) => {
    const objects = root[section];
    if (objects === undefined) return [];
    const read = Object.entries(objects).flatMap(([key, given]) => {
      const path = [section, key];
      const name = check(NAMES[section], key, path);
      const entry = readEntry(ENTRIES[section], given, path);
      return name === undefined ? [] : [{ name, entry, place: placeOf(path) }];
    });
    return [[section, read] as const];
  });
}

/** @throws CliError, and what reading a file throws */
function resolveSecret(
  { direct, secret_file, file }: { direct?: string; secret_file?: string; file: string },
  { env, readText }: Surroundings,
): string | undefined {
  if (secret_file === undefined) return direct === undefined ? undefined : expandSecret(direct, env);
  if (direct !== undefined) throw new CliError("stands beside secret_file: one of them is enough");
  return readText(resolve(dirname(file), secret_file)).trim();
}

interface Yaml {
  /** Undefined when there are faults. */
  readonly value: unknown;
  readonly faults: readonly { readonly line: number; readonly what: string }[];
  /** Of the deepest member of that path that there is. */
  lineOf(path: Path): number;
}

/** Cascades of errors end somewhere, and the first ones say it all. */
const MOST_FAULTS = 10;
/** Times that one anchor is used, those within each other multiplied. */
const MOST_ALIASES = 10_000;

const FAULTS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "the name is there already, in the same map",
  MULTIPLE_DOCS: "a second document begins: a file holds one",
  NON_STRING_KEY: "the name is no text",
  TAG_RESOLVE_FAILED: "a tag (!…) is unknown here: put text that begins with ! in quotes",
};

/** Schemas skip these silently, the server's as well. */
const UNKEPT_NAMES = ["__proto__", "constructor", "prototype"];
/** The document, its map, the pair of a section, the map of its objects. */
const DEPTH_OF_OBJECTS = 4;

function parseYaml(text: string): Yaml {
  const lines = new LineCounter();
  const lineAt = (offset = 0) => lines.linePos(offset).line;
  const doc = parseDocument(text, {
    schema: "core",
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const faults = [...doc.errors, ...doc.warnings].map(({ code, message, pos: [offset] }) => ({
    line: lineAt(offset),
    what: FAULTS[code] ?? message.replace(/:.*$/s, ""), // what follows the colon is quoted from the file
  }));
  if (faults.length === 0) {
    visit(doc, {
      Alias: (_, alias) => {
        if (alias.resolve(doc) !== undefined) return;
        faults.push({ line: lineAt(alias.range?.[0]), what: "no anchor (&…) of that name stands before the alias" });
      },
      Pair: (_, { key }, path) => {
        if (path.length === DEPTH_OF_OBJECTS || !isScalar(key) || !UNKEPT_NAMES.includes(String(key.value))) return;
        faults.push({ line: lineAt(key.range?.[0]), what: `"${key.value}" is a name that the server does not keep` });
      },
    });
  }
  let value: unknown;
  if (faults.length === 0) {
    try {
      value = doc.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      faults.push({ line: 1, what: errorText(error).replace(/:.*$/s, "") });
    }
  }
  return { value, faults: faults.slice(0, MOST_FAULTS), lineOf };

  function lineOf(path: Path): number {
    let node: unknown = doc.contents;
    let offset = 0;
    for (const step of path) {
      const collection = isAlias(node) ? node.resolve(doc) : node;
      if (isMap(collection)) {
        const pair = collection.items.find(({ key }) => isScalar(key) && key.value === step);
        if (!isScalar(pair?.key)) break;
        offset = pair.key.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(collection)) {
        node = collection.items[Number(step)];
        offset = isScalar(node) ? node.range?.[0] ?? offset : offset;
      } else break;
    }
    return lineAt(offset);
  }
}

/** The same as JSON, which readClusterFiles() reads as well. */
export const clusterFileJson = ({ frontends, backends }: ClusterFile): Members => ({
  version: 1,
  ...frontends === undefined ? {} : { frontends: Object.fromEntries(printed(frontends)) },
  ...backends === undefined ? {} : { backends: Object.fromEntries(printed(backends)) },
});

/** @param comment stands above it, without its # */
export function printClusterFile({ frontends, backends }: ClusterFile, comment: string): string {
  // Text that an older YAML takes for something else ("yes", "0123") is put in quotes, for other programs that read it.
  const doc = new Document({
    version: 1,
    frontends: frontends && printed(frontends),
    backends: backends && printed(backends),
  }, { compat: "yaml-1.1" });
  doc.commentBefore = comment.replace(/^/gm, " ");
  visit(doc, {
    Scalar: (_, scalar) => {
      if (UNPRINTABLE.test(String(scalar.value))) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return doc.toString({ lineWidth: 0 }).replace(new RegExp(UNPRINTABLE, "gu"), escapeSymbol);
}

/** Steers a terminal, or is not seen in a difference of two files. */
const UNPRINTABLE = /(?!\n)\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u;
const escapeSymbol = (symbol: string): string => `\\U${symbol.codePointAt(0)?.toString(16).padStart(8, "0")}`;

const printed = (entries: ReadonlyMap<string, Entry>): ReadonlyMap<string, Entry> =>
  new Map([...entries].map(([name, { secret, ...entry }]) => [
    name,
    secret === undefined ? entry : { secret: escapeSecret(secret), ...entry },
  ]));
