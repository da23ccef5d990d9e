// b3scalectl on a terminal: secrets are typed unseen, Ctrl-C ends it at any time, and the terminal is left as it was.
import assert from "node:assert/strict";
import { verifyToken } from "../../src/contract/token.ts";
import { killIfRunning } from "../support/kill.ts";
import { eventually } from "../support/wait.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SECRET = "sécret of the server";

let folder = "";
let server: Deno.HttpServer<Deno.NetAddr> | undefined;
let hanging = 0;
const url = () => `http://127.0.0.1:${server?.addr.port}`;
const tokenFile = () => `${folder}/.config/b3scale/http_127.0.0.1_${server?.addr.port}.access_token`;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "b3scalectl_terminal_" });
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (req) => {
    if (!req.url.endsWith("/api/v1")) {
      hanging++;
      return await new Promise((resolve) => req.signal.addEventListener("abort", () => resolve(new Response())));
    }
    const token = req.headers.get("authorization")?.slice("Bearer ".length) ?? "";
    return await verifyToken(SECRET, token, Date.now()) === undefined
      ? Response.json({ message: "invalid or expired jwt" }, { status: 401 })
      : Response.json({ is_admin: true });
  });
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--output", `${folder}/b3scalectl.js`, `${ROOT}cli/main.ts`],
    cwd: ROOT,
  }).output();
  assert.ok(success, "cli/main.ts is bundled");
});

Deno.test.afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

interface Screen extends AsyncDisposable {
  /** Waits until the text was shown so many times. */
  see(text: string, times?: number): Promise<void>;
  type(keys: string): Promise<void>;
  shown(): string;
  /** Waits for the shell's end. */
  end(): Promise<void>;
}

/** `{}` in the shell's line is the program. */
function open(line: string, env: Readonly<Record<string, string>> = {}): Screen {
  const program = `'${Deno.execPath()}' run --no-config --no-lock -A '${folder}/b3scalectl.js'`;
  const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
  const child = new Deno.Command("script", {
    // The shell lives on to tell how the program left its terminal.
    args: ["-qfec", `trap : INT; stty cols 91; ${line.replaceAll("{}", program)}`, "/dev/null"],
    cwd: folder,
    clearEnv: true,
    env: { PATH, DENO_DIR, HOME: folder, TERM: "xterm", SHELL: "/bin/sh", B3SCALE_API_URL: url(), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  let shown = "";
  let ended = false;
  const drained = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) shown += text;
    ended = true;
  })();
  return {
    see: async (text, times = 1) => {
      await eventually(`${text} in ${JSON.stringify(shown)}`, () => shown.split(text).length > times);
    },
    type: (keys) => keyboard.write(new TextEncoder().encode(keys)),
    shown: () => shown,
    end: async () => {
      await drained;
      await child.status;
    },
    [Symbol.asyncDispose]: async () => {
      if (!ended) killIfRunning(child, "SIGKILL");
      await child.status;
      await drained;
      await keyboard.close().catch(() => {}); // it ended with the program
    },
  };
}

const AUTHORIZE = `{} auth authorize --secret '${SECRET}'`;
const TELL = `; echo "code=$?="; stty -a`;

async function assertAsItWas(screen: Screen, code: number): Promise<void> {
  await screen.see(`code=${code}=`);
  await screen.see("echoctl");
  const settings = screen.shown().slice(screen.shown().lastIndexOf("code="));
  for (const setting of ["echo", "icanon", "isig", "icrnl", "opost"]) {
    assert.match(settings, new RegExp(`(^|\\s)${setting}(\\s|;)`, "m"), settings);
  }
}

const CTRL_C = "\x03";
for (const [name, key] of [["Ctrl-C", CTRL_C], ["Ctrl-D", "\x04"]] as const) {
  Deno.test(`${name} at the prompt ends the program, stores nothing, and leaves the terminal as it was`, async () => {
    await using screen = open(`{} auth authorize${TELL}`);
    await screen.see("Secret: ");
    await screen.type("wrong\n");
    await screen.see("Secret: ", 2);
    await screen.type(name === "Ctrl-C" ? `half${key}` : key);
    await screen.see("interrupted: no secret was entered");
    await assertAsItWas(screen, 1);
    await assert.rejects(Deno.stat(tokenFile()), Deno.errors.NotFound);
  });
}

Deno.test("a secret can be corrected while it is typed, is not shown, and opens the way", async () => {
  await using screen = open(`{} auth authorize${TELL}`);
  await screen.see("Secret: ");
  await screen.type(`wrong\x15${SECRET.replace("é", "ü\x7fé")}x\x7f\n`); // Ctrl-U: all of it; Backspace: a symbol
  await screen.see("Secret accepted");
  await assertAsItWas(screen, 0);
  assert.ok(!screen.shown().includes("cret of the server"));
  const [file, dir] = [await Deno.stat(tokenFile()), await Deno.stat(`${folder}/.config/b3scale`)];
  assert.deepEqual([(file.mode ?? 0) & 0o777, (dir.mode ?? 0) & 0o777], [0o600, 0o700]);
});

Deno.test("Ctrl-C while the server does not answer ends the program with 130", async () => {
  const before = hanging;
  await using screen = open(`${AUTHORIZE}; {} show backends${TELL}`);
  await eventually("the server is asked", () => hanging > before);
  await screen.type(CTRL_C);
  await assertAsItWas(screen, 130);
  assert.ok(!screen.shown().includes("FTL"));
});

Deno.test("SIGTERM ends the program with 143", async () => {
  const before = hanging;
  await using screen = open(`${AUTHORIZE}; {} show backends & pid=$!; echo "pid=$pid="; wait $pid${TELL}`);
  await eventually("the server is asked", () => hanging > before);
  Deno.kill(Number(/pid=(\d+)=/.exec(screen.shown())?.[1]), "SIGTERM");
  await assertAsItWas(screen, 143);
});

const TERMINAL = `
import { createTerminal } from "${new URL("../../cli/terminal.ts", import.meta.url)}";
const { interactive, colours, columns, update, readSecret } = createTerminal(Deno.env.toObject(), new AbortController().signal);
console.log(JSON.stringify([interactive, colours, columns(), update !== undefined, readSecret !== undefined]));
update?.("x".repeat(200));
update?.("");
`;
const terminals: [what: string, line: string, env: Record<string, string>, seen: unknown[]][] = [
  ["a terminal", "", {}, [true, true, 91, true, true]],
  ["NO_COLOR", "", { NO_COLOR: "1" }, [true, false, 91, true, true]],
  ["an empty NO_COLOR", "", { NO_COLOR: "" }, [true, true, 91, true, true]],
  ["TERM=dumb", "", { TERM: "dumb" }, [true, false, 91, false, true]],
  ["stdout into a pipe", "| cat", {}, [false, false, 0, true, true]],
  ["stderr into a file", "2>/dev/null", {}, [true, true, 91, false, true]],
  ["no stdin", "</dev/null", {}, [true, true, 91, true, false]],
];
for (const [what, redirection, env, expected] of terminals) {
  Deno.test(`createTerminal() sees ${what}`, async () => {
    await Deno.writeTextFile(`${folder}/terminal.ts`, TERMINAL);
    const command = `'${Deno.execPath()}' run --no-lock --config ${ROOT}deno.json -A terminal.ts ${redirection}`;
    await using screen = open(command, env);
    await screen.end();
    assert.deepEqual(
      JSON.parse(/\[(?:true|false),.*?\]/.exec(screen.shown())?.[0] ?? "null"),
      expected,
      screen.shown(),
    );
    assert.equal(screen.shown().includes(`\r${"x".repeat(89)}…\x1b[K\r\x1b[K`), expected[3], "the line fits");
  });
}
