// Finds nginx for the tests, or says what to install. Used by tests/run.ts and tests/support/nginx.ts.
import { findProgram, type Program, requireProgram, thisMachine } from "./require_program.ts";

export const WHAT_TO_INSTALL = "the tests need nginx with auth_request: install Debian's package nginx or its like";

const NGINX: Program = {
  name: "nginx",
  commands: ["nginx"],
  debianPackage: "nginx",
  whatToInstall: WHAT_TO_INSTALL,
};

/** Returns when tests can have it. @throws Error with one line that says what to install */
export const requireNginx = (): Promise<void> => requireProgram(NGINX, { ...thisMachine(NGINX), find: findNginx });

/** Where distributions put it, the PATH of most users does not lead. */
export const findNginx = (): Promise<string | undefined> =>
  findProgram(NGINX, `${Deno.env.get("PATH") ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`);
