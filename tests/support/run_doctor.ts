// `b3scalectl doctor` as a process against a real b3scaled, with what changes from run to run taken out of what it prints.
import { freePort } from "../../demo/postgres.ts";
import { createTokenStore } from "../../cli/token_store.ts";
import { shortHost } from "../../cli/phrases.ts";
import { type Cluster, type ClusterOptions, startCluster } from "./cluster.ts";
import { buildToken } from "./golden_rest/token.ts";
import { serverEnv } from "./server_process.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const { B3SCALE_API_JWT_SECRET: SECRET } = serverEnv("");

export const ADMIN_TOKEN = buildToken({ scope: "b3scale:admin", sub: "b3scalectl", secret: SECRET });
export const ACCOUNT_TOKEN = buildToken({ scope: "b3scale", sub: "acct1", secret: SECRET });

export interface DoctorRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param token undefined: none is stored */
export async function runDoctor(
  apiUrl: string,
  { token, mode = 0o600, args = [] }: { token?: string; mode?: number; args?: string[] } = {},
): Promise<DoctorRun> {
  const home = await Deno.makeTempDir({ prefix: "b3scalectl_" });
  try {
    const tokens = createTokenStore(`${home}/b3scale`);
    if (token !== undefined) {
      await tokens.write(apiUrl, token);
      await Deno.chmod(tokens.pathOf(apiUrl), mode);
    }
    const { PATH = "", HOME = "", DENO_DIR = `${HOME}/.cache/deno` } = Deno.env.toObject();
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--config", `${ROOT}deno.json`, "--frozen", "-A", `${ROOT}cli/main.ts`, "doctor", ...args],
      cwd: home,
      clearEnv: true,
      env: { PATH, DENO_DIR, XDG_CONFIG_HOME: home, B3SCALE_DB_URL: "none", B3SCALE_API_URL: apiUrl },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll(home, "HOME");
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** A server that knows its own public URL. */
export function startPublicCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const listen = `127.0.0.1:${freePort()}`;
  const env = { B3SCALE_LISTEN_HTTP: listen, B3SCALE_API_URL: `http://${listen}`, ...options.env };
  return startCluster({ ...options, env });
}

/** With names for addresses, and nodes in the order of these. */
export function readable(text: string, { origins: [origin = ""], nodes, dbUrl }: Cluster): string {
  let told = text.replaceAll(origin, "SERVER").replaceAll(new URL(dbUrl).pathname.slice(1), "DATABASE");
  for (const [index, node] of nodes.all.entries()) {
    told = told.replaceAll(node.url, `NODE${index}/api/`).replaceAll(shortHost(node.url), `NODE${index}`);
  }
  const changing: readonly (readonly [RegExp, string])[] = [
    [/\b\d+(\.\d)? (ms|s)\b/g, "N $2"],
    [/\b\d+ failed polls?/g, "N failed polls"],
    [/(unstable|offline)(?=: N failed)/g, "down"],
    [/\(\d+ commands? lately\)/, "(N commands lately)"],
    [/b3scale \S+ \(\w+\)/, "b3scale VERSION"],
  ];
  for (const [pattern, instead] of changing) told = told.replace(pattern, instead);
  const lines = told.split("\n");
  const nodeOf = (line: string) => /^\w+ +(NODE\d):/.exec(line)?.[1] ?? "";
  const inOrder = lines.filter(nodeOf).sort((a, b) => nodeOf(a).localeCompare(nodeOf(b)));
  return lines.map((line) => nodeOf(line) === "" ? line : inOrder.shift()).join("\n");
}
