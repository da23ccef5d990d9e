// Access tokens of the CLI, one file per server, readable by their owner only. Places and names are 1.x's.
import type { Env } from "../src/config.ts";

/** `$XDG_CONFIG_HOME/b3scale`, or below ~/.config */
export const configDirOf = (env: Env): string =>
  `${env["XDG_CONFIG_HOME"]?.trim() || `${env["HOME"]?.trim() || "."}/.config`}/b3scale`;

/** `http://127.0.0.1:42353` → `http_127.0.0.1_42353.access_token` */
export const tokenPath = (dir: string, apiUrl: string): string =>
  `${dir}/${apiUrl.replace(/[^A-Za-z0-9.]+/g, "_")}.access_token`;

export async function readToken(dir: string, apiUrl: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(tokenPath(dir, apiUrl))).trim() || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Written beside and moved into place: nobody else can read it at any moment, and half a token is never left. */
export async function writeToken(dir: string, apiUrl: string, token: string): Promise<void> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const path = tokenPath(dir, apiUrl);
  const fresh = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(fresh, token, { mode: 0o600, createNew: true });
    await Deno.rename(fresh, path);
  } catch (error) {
    await Deno.remove(fresh).catch(() => {}); // the first error counts
    throw error;
  }
}
