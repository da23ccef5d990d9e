// Live values for the shell's completion, for the specs of commands and options that take a backend or a frontend.
import { backendEndpoints } from "../src/contract/backend.ts";
import { frontendEndpoints } from "../src/contract/frontend.ts";
import type { Session } from "./types.ts";

export const backendHosts = async ({ api }: Session): Promise<readonly string[]> =>
  (await api.call(backendEndpoints.list)).map((backend) => backend.bbb.host);

export const frontendKeys = async ({ api }: Session): Promise<readonly string[]> =>
  (await api.call(frontendEndpoints.list)).map((frontend) => frontend.bbb.key);
