// `deno task compile [x64] [arm64]`: each program as one binary that needs no Deno, in dist/ (x64) and dist/arm64/. What
// may be compiled in is decided here: permissions, most memory, version, OpenTelemetry.
//
// BUILD_VERSION, BUILD_COMMIT  in place of what git says: the tag v… of this commit, else src/version.ts; the commit
// COMPILE_OTEL=1               binaries that export OpenTelemetry when they run; the others never do
// DENORT_OFFLINE, DENORT_CACHE see denort.sh
import project from "../deno.json" with { type: "json" };
import { VERSION } from "../src/version.ts";

interface Program {
  readonly name: string;
  readonly main: string;
  /** Nothing else is possible, and nobody is asked: no program runs others, loads libraries, or imports code. */
  readonly permissions: readonly string[];
  /** Of V8's old objects; what it needs besides is about 70 MB. */
  readonly mostHeapMb: number;
}

// Every name of the environment: ioredis and commander list it. Every file: settings name certificates and folders.
// Every host: nodes, callbacks and the database are settings.
const PROGRAMS: readonly Program[] = [
  {
    name: "b3scaled",
    main: "src/main.ts",
    // Writes recordings' files, and asks how much room there is for them.
    permissions: ["--allow-net", "--allow-env", "--allow-read", "--allow-write", "--allow-sys=statfs"],
    mostHeapMb: 1024,
  },
  {
    name: "b3scalectl",
    main: "cli/main.ts",
    // Writes the token in XDG_CONFIG_HOME.
    permissions: ["--allow-net", "--allow-env", "--allow-read", "--allow-write"],
    mostHeapMb: 512,
  },
  {
    name: "b3scaleagent",
    main: "agent/main.ts",
    permissions: ["--allow-net", "--allow-env", "--allow-read"],
    mostHeapMb: 256,
  },
];

const ROOT = new URL("..", import.meta.url).pathname;
const TARGETS = {
  x64: { triple: "x86_64-unknown-linux-gnu", folder: "dist" },
  arm64: { triple: "aarch64-unknown-linux-gnu", folder: "dist/arm64" },
} as const;
type Target = keyof typeof TARGETS;

/** denort.sh: there is no runtime for that target here. */
const NO_RUNTIME = 3;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.length > 0 ? args : Object.keys(TARGETS);
  const targets = (Object.keys(TARGETS) as Target[]).filter((target) => wanted.includes(target));
  if (targets.length < wanted.length) return complain(`only ${Object.keys(TARGETS).join(" and ")} can be compiled for`);
  const work = await Deno.makeTempDir({ prefix: "b3scale-compile-" });
  try {
    const built = await stamp();
    const config = await writeConfig(work, built);
    console.log(`b3scale ${built.version}, build ${built.build}`);
    for (const target of targets) {
      const code = await compileAll(target, config);
      if (code === NO_RUNTIME && targets.length > 1) complain(`${target}: left out`);
      else if (code !== 0) return code;
      else await Deno.writeTextFile(`${ROOT}${TARGETS[target].folder}/VERSION`, `${built.version}\n`); // for packages
    }
    return 0;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function compileAll(target: Target, config: string): Promise<number> {
  const { triple, folder } = TARGETS[target];
  await Deno.mkdir(ROOT + folder, { recursive: true });
  for (const { name, main, permissions, mostHeapMb } of PROGRAMS) {
    const { code } = await new Deno.Command(`${ROOT}deploy/denort.sh`, {
      args: [
        main,
        `${folder}/${name}`,
        "--target",
        triple,
        "--no-prompt",
        "--deny-import",
        // Else compiled code is kept in /tmp under a name that anybody on the machine may take first. It saves 30 ms.
        "--no-code-cache",
        ...permissions,
        `--v8-flags=--max-old-space-size=${mostHeapMb}`,
      ],
      cwd: ROOT,
      env: {
        DENO: Deno.execPath(),
        DENORT_CONFIG: config,
        OTEL_DENO: Deno.env.get("COMPILE_OTEL") === "1" ? "true" : "false",
      },
      stdin: "null",
    }).spawn().status;
    if (code !== 0) return code;
  }
  return 0;
}

interface Stamp {
  readonly version: string;
  readonly build: string;
}

async function stamp(): Promise<Stamp> {
  const tag = await git("describe", "--tags", "--exact-match", "--match", "v[0-9]*");
  return {
    version: Deno.env.get("BUILD_VERSION") || tag?.slice(1) || VERSION,
    build: Deno.env.get("BUILD_COMMIT") || await git("describe", "--always", "--dirty", "--exclude", "*") || "unknown",
  };
}

/** @returns undefined where there is no git, no repository, or no answer */
async function git(...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() || undefined : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The project's deno.json, but src/version.ts is one that says what is built: no tracked file changes. */
async function writeConfig(folder: string, { version, build }: Stamp): Promise<string> {
  const lines = [
    `export const VERSION = ${JSON.stringify(version)};`,
    `export const BUILD = ${JSON.stringify(build)};`,
  ];
  await Deno.writeTextFile(`${folder}/version.ts`, lines.join("\n") + "\n");
  const config = {
    ...project,
    tasks: {},
    lock: { path: `${ROOT}deno.lock`, frozen: true },
    imports: { ...project.imports, [`file://${ROOT}src/version.ts`]: `file://${folder}/version.ts` },
  };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config, null, 2));
  return `${folder}/deno.json`;
}

function complain(text: string): number {
  console.error(text);
  return 1;
}
