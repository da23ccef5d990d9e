// What the server is and in which state its database is.
import type { Cli, CommandSpec } from "../types.ts";

export async function showStatus(cli: Cli): Promise<void> {
  const { status } = await cli.connect();
  cli.terminal.write(`b3scale @ ${cli.apiUrl}\n\nserver version: ${status.version} \tbuild: ${status.build}\n`);
}

export const version: CommandSpec = {
  name: "version",
  summary: "versions of this program and of the server",
  run: showStatus,
};
