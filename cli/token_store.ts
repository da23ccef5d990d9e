// Access tokens of the CLI, one file per server, readable by their owner only. Places and names are 1.x's.
import type { Env } from "../src/lib/read_setting.ts";
import type { TokenStore } from "./types.ts";

/** `$XDG_CONFIG_HOME/b3scale`, or below ~/.config */
export const configDirOf = (env: Env): string =>
  `${env["XDG_CONFIG_HOME"]?.trim() || `${env["HOME"]?.trim() || "."}/.config`}/b3scale`;

export function createTokenStore(dir: string): TokenStore {
  /** `http://127.0.0.1:42353` → `http_127.0.0.1_42353.access_token` */
  const pathOf = (apiUrl: string) => `${dir}/${apiUrl.replace(/[^A-Za-z0-9.]+/g, "_")}.access_token`;
  return {
    pathOf,
    async read(apiUrl) {
      try {
        return (await Deno.readTextFile(pathOf(apiUrl))).trim() || undefined;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    /** Written beside and moved into place: nobody else can read it at any moment, and half a token is never left. */
    async write(apiUrl, token) {
      await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
      const fresh = `${pathOf(apiUrl)}.${crypto.randomUUID()}`;
      try {
        await Deno.writeTextFile(fresh, token, { mode: 0o600, createNew: true });
        await Deno.rename(fresh, pathOf(apiUrl));
      } catch (error) {
        await Deno.remove(fresh).catch(() => {}); // the first error counts
        throw error;
      }
    },
  };
}
