// A real nginx on loopback with the configuration of deploy/nginx, its addresses and folders replaced:
// `await using nginx = await startNginx({ … })`.
import { findNginx, WHAT_TO_INSTALL } from "./require_nginx.ts";
import { eventually } from "./wait.ts";

export interface NginxSetting {
  readonly apiPort: number;
  readonly playbackPort: number;
  /** host:port of b3scaled */
  readonly b3scaled: string;
  readonly publishedPath: string;
  /** Holds playback/presentation/2.3. */
  readonly playerRoot: string;
  /** Is emptied by nobody but the caller. */
  readonly workFolder: string;
}

export interface Nginx extends AsyncDisposable {
  /** What it has complained about. */
  log(): string;
}

/** @returns once both servers accept connections */
export async function startNginx(setting: NginxSetting): Promise<Nginx> {
  const binary = await findNginx();
  if (binary === undefined) throw new Error(WHAT_TO_INSTALL);
  const file = `${setting.workFolder}/nginx.conf`;
  await Deno.writeTextFile(file, mainConfig(setting.workFolder, await serverConfigs(setting)));
  const child = new Deno.Command(binary, {
    args: ["-c", file, "-p", setting.workFolder, "-e", "stderr"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let log = "";
  let ended = false;
  const exited = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) log += text;
    await child.status;
    ended = true;
  })();
  const stop = async () => {
    if (!ended) child.kill("SIGTERM");
    await exited;
  };
  try {
    for (const port of [setting.apiPort, setting.playbackPort]) {
      await eventually("nginx accepts connections", async () => {
        if (ended) throw new Error(`nginx ended: ${log}`);
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        conn.close();
        return true;
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { log: () => log, [Symbol.asyncDispose]: stop };
}

/** One process, no service, nothing outside of the folder. */
const mainConfig = (folder: string, servers: string): string => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { }
http {
    access_log off;
    default_type application/octet-stream;
    ${
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")
}
${servers}
}
`;

async function serverConfigs({ apiPort, playbackPort, b3scaled, publishedPath, playerRoot }: NginxSetting) {
  const read = (name: string) => Deno.readTextFile(new URL(`../../deploy/nginx/${name}.conf`, import.meta.url));
  const plain = (text: string, port: number) =>
    replaced(text, [
      [/server \{\n {4}listen 80;[^}]*\}\n/, ""], // the redirect to https
      [/listen 443 ssl http2;/, `listen 127.0.0.1:${port};`],
      [/ {4}ssl_certificate .*\n {4}ssl_certificate_key .*\n/, ""],
      [/server 127\.0\.0\.1:42353 /, `server ${b3scaled} `],
    ]);
  const playback = replaced(await read("playback"), [
    [/root \/var\/lib\/b3scale\/published;/, `root ${publishedPath};`],
    [/root \/var\/bigbluebutton;/, `root ${playerRoot};`],
  ]);
  return plain(await read("b3scaled"), apiPort) + plain(playback, playbackPort);
}

/** @throws Error for what is not there: the test would run something else than what is shipped */
function replaced(text: string, changes: readonly (readonly [from: RegExp, to: string])[]): string {
  return changes.reduce((result, [from, to]) => {
    if (!from.test(result)) throw new Error(`deploy/nginx has no ${from}`);
    return result.replace(from, () => to);
  }, text);
}
