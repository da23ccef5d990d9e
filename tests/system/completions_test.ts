// Completion in real shells: bash, zsh and fish load their script on a terminal, keys are typed, and what the shell makes
// of the line is read back.
import assert from "node:assert/strict";
import { createTokenStore } from "../../cli/token_store.ts";
import { eventually } from "../support/wait.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const HOSTS = ["http://127.0.0.1:41110/bigbluebutton/api/", "https://node2.example.test/bigbluebutton/api/"];
const KEYS = ["fe1", "greenlight", "moodle a&b"];

interface Shell {
  readonly name: string;
  /** @param script with the completion */
  readonly setUp: (script: string) => string;
  /** Reads what setUp() says from `rc`, and nothing else of this machine. */
  readonly command: (rc: string) => string;
}

/** Prints its arguments, each in `<>`, then a mark that is not on the line itself. */
const SAID = `said() { printf '<%s>' "$@"; printf '%s\\n' "=EN""D="; }`;
const READY = "ready> ";

const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    setUp: (script) => `${SAID}\nPS1='${READY}'\nsource '${script}'\n`,
    command: (rc) => `bash --noprofile --rcfile '${rc}' -i`,
  },
  {
    name: "zsh",
    setUp: (script) => `
${SAID}
PS1='${READY}'
bindkey -e
autoload -Uz compinit && compinit -u -D
source '${script}'
`,
    command: (rc) => `env ZDOTDIR='${rc}.d' zsh -d -i`,
  },
  {
    name: "fish",
    setUp: (script) => `
function said; printf '<%s>' $argv; printf '%s\\n' "=EN""D="; end
function fish_prompt; printf '${READY}'; end
source '${script}'
`,
    command: (rc) => `fish --no-config -i -C "source '${rc}'"`,
  },
];

/** Typed up to the Tab → the words that the shell then holds. */
const LINES: readonly (readonly [what: string, typed: string, words: readonly string[]])[] = [
  ["a command", "b3scalectl create-m", ["b3scalectl", "create-meeting"]],
  ["a command of a group", "b3scalectl completions fi", ["b3scalectl", "completions", "fish"]],
  ["an address, from its scheme", "b3scalectl show backend http:", ["b3scalectl", "show", "backend", HOSTS[0] ?? ""]],
  [
    "an address, from its middle",
    "b3scalectl show backend https://node2.ex",
    ["b3scalectl", "show", "backend", HOSTS[1] ?? ""],
  ],
  ["a key", "b3scalectl show frontend gr", ["b3scalectl", "show", "frontend", "greenlight"]],
  ["a key with blanks", "b3scalectl show frontend moodle\\ ", ["b3scalectl", "show", "frontend", "moodle a&b"]],
  ["a flag", "b3scalectl auth create_access_token --sc", ["b3scalectl", "auth", "create_access_token", "--scopes"]],
  [
    "a flag's value",
    "b3scalectl show recordings --frontend gr",
    ["b3scalectl", "show", "recordings", "--frontend", "greenlight"],
  ],
  [
    "a flag's value behind =",
    "b3scalectl show recordings --frontend=gr",
    ["b3scalectl", "show", "recordings", "--frontend=greenlight"],
  ],
  [
    "behind a quoted value",
    `b3scalectl set backend --opts '{"tags": ["a b"]}' https:`,
    ["b3scalectl", "set", "backend", "--opts", '{"tags": ["a b"]}', HOSTS[1] ?? ""],
  ],
  ["a file", "b3scalectl apply -f clus", ["b3scalectl", "apply", "-f", "cluster.yaml"]],
  ["with the program that was typed", "~/other/b3scalectl x", ["{home}/other/b3scalectl", "x-of-the-other"]],
  ["nothing where nothing fits", "b3scalectl show nothing", ["b3scalectl", "show", "nothing"]],
];

let home = "";
let server: Deno.HttpServer<Deno.NetAddr> | undefined;
let env: Record<string, string> = {};

Deno.test.beforeAll(async () => {
  home = await Deno.makeTempDir({ prefix: "b3scalectl_shells_" });
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}`;
  await createTokenStore(`${home}/.config/b3scale`).write(url, "header.payload.signature");
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  env = { PATH: `${home}/bin:${PATH}`, HOME: home, DENO_DIR, TERM: "xterm", LANG: "C.UTF-8", SHELL: "/bin/sh" };
  Object.assign(env, { B3SCALE_API_URL: url, B3SCALE_DB_URL: "no environment files" });

  const bundle = `${home}/b3scalectl.js`;
  await run(Deno.execPath(), ["bundle", "--quiet", "--output", bundle, `${ROOT}cli/main.ts`]);
  await program("bin", `exec '${Deno.execPath()}' run --no-config --no-lock -A '${bundle}' "$@"`);
  await Deno.writeTextFile(`${home}/cluster.yaml`, "");
  await program("other", "echo x-of-the-other");
});

Deno.test.afterAll(async () => {
  await server?.shutdown();
  await Deno.remove(home, { recursive: true });
});

for (const shell of SHELLS) {
  const installed = await isInstalled(shell.name);
  const remark = installed ? "" : ` (not run: ${shell.name} is not installed)`;
  Deno.test({
    name: `the script for ${shell.name} completes in a real ${shell.name}${remark}`,
    ignore: !installed,
    async fn(t) {
      const terminal = await openShell(shell);
      try {
        for (const [what, typed, words] of LINES) {
          await t.step(what, async () => {
            const expected = words.map((word) => `<${word.replace("{home}", home)}>`).join("");
            assert.equal(await terminal.complete(typed), expected);
          });
        }
      } finally {
        await terminal.close();
      }
    },
  });
}

async function openShell(shell: Shell): Promise<{ complete(typed: string): Promise<string>; close(): Promise<void> }> {
  const script = `${home}/completion.${shell.name}`;
  const rc = `${home}/rc.${shell.name}`;
  await Deno.writeTextFile(script, await run(`${home}/bin/b3scalectl`, ["completions", shell.name]));
  await Deno.mkdir(`${rc}.d`);
  for (const path of [rc, `${rc}.d/.zshrc`]) await Deno.writeTextFile(path, shell.setUp(script));
  const child = new Deno.Command("script", {
    args: ["-qfec", `stty cols 400 rows 50; exec ${shell.command(rc)}`, "/dev/null"],
    cwd: home,
    clearEnv: true,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const type = (keys: string) => keyboard.write(new TextEncoder().encode(keys));
  let seen = "";
  const drained = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) seen += text;
  })();
  const see = (text: string) =>
    eventually(text, () => seen.includes(text)).catch((cause) => {
      throw new Error(`${shell.name} did not show "${text}", but: ${JSON.stringify(seen)}`, { cause });
    });
  return {
    complete: async (typed) => {
      await see(READY);
      seen = "";
      await type(`${typed}\t\x01said \r`); // Ctrl-A: before the line
      await see("=END=");
      const said = /(<[^\r\n]*>)=END=/.exec(seen)?.[1] ?? seen;
      seen = seen.slice(seen.indexOf("=END="));
      return said;
    },
    close: async () => {
      await see(READY);
      await type("exit\r");
      await child.status;
      await drained;
      await keyboard.close().catch(() => {}); // it ended with the shell
    },
  };
}

function answer(req: Request): Response {
  const database = { available: true, database: "b3scale", migrated: true, migration: null, pending_migrations: 0 };
  switch (new URL(req.url).pathname) {
    case "/api/v1":
      return Response.json({ version: "1", build: "1", api: "v1", is_admin: true, database });
    case "/api/v1/backends":
      return Response.json(HOSTS.map((host) => ({ bbb: { host } })));
    case "/api/v1/frontends":
      return Response.json(KEYS.map((key) => ({ bbb: { key } })));
    default:
      return Response.json({ message: "Not Found" }, { status: 404 });
  }
}

async function program(folder: string, text: string): Promise<void> {
  await Deno.mkdir(`${home}/${folder}`);
  await Deno.writeTextFile(`${home}/${folder}/b3scalectl`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** @returns its stdout */
async function run(command: string, args: readonly string[]): Promise<string> {
  const output = await new Deno.Command(command, { args: [...args], cwd: ROOT, env }).output();
  assert.ok(output.success, new TextDecoder().decode(output.stderr));
  return new TextDecoder().decode(output.stdout);
}

async function isInstalled(shell: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${shell}`], stdout: "null" }).output();
  return success;
}
