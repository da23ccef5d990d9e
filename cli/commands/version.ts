// What this program and the server are, and in which state the server's database is.
import type { Answer } from "../../src/contract/client.ts";
import { type DatabaseJson, statusEndpoints, type StatusJson } from "../../src/contract/status.ts";
import { BUILD, VERSION } from "../../src/version.ts";
import { json, printable } from "../output.ts";
import type { Cli, CommandSpec } from "../types.ts";

/** Below the help, when no command was given. */
export async function showStatus(cli: Cli): Promise<void> {
  const { terminal, tokens, apiUrl } = cli;
  terminal.write("\n");
  if (await tokens.read(apiUrl) !== undefined) return terminal.write(statusText(apiUrl, await askStatus(cli)));
  terminal.write(`b3scalectl is not authorized: An API access token for this host is not present.
API host: ${apiUrl}

Use \`b3scalectl auth authorize\` to create a new access token for this host.

`);
}

/** Asked again on the connection that is there: 1.x does, and its servers count on nothing else. */
async function askStatus({ connect }: Cli): Promise<Answer<StatusJson>> {
  const { api } = await connect();
  return await api.call(statusEndpoints.root);
}

function statusText(apiUrl: string, { version, build, api, database }: Answer<StatusJson>): string {
  return `b3scale @ ${apiUrl}

server version: ${printable(version)} \tbuild: ${printable(build)}
   api version: ${printable(api)}

${databaseText(database)}
`;
}

export function databaseText({ database, migration, error, available, ...rest }: Answer<DatabaseJson>): string {
  const lines = [`Database: ${printable(database)}`];
  if (migration !== null) {
    const { version, description, applied_at } = migration;
    lines.push(`Version:  v${version}, '${printable(description)}', applied at: ${goTime(printable(applied_at))}`);
  } else if (available) lines.push("Version:  none, the database is empty");
  if (rest.pending_migrations > 0) {
    lines.push(`Pending:  ${rest.pending_migrations}, apply with \`b3scalectl db migrate\``);
  }
  if (error !== null) lines.push(`Error:    ${printable(error)}`);
  return `${lines.join("\n")}\n`;
}

/** As 1.x prints it, for scripts that look for it. */
const goTime = (time: string): string => time.replace("T", " ").replace(/Z$/, " +0000 UTC");

export const version: CommandSpec = {
  name: "version",
  summary: "versions of this program and of the server, state of its database",
  examples: ["b3scalectl version", "b3scalectl version --json"],
  async run(cli, given) {
    const { terminal, apiUrl } = cli;
    if (given.has("json")) {
      return terminal.write(json({ version: VERSION, build: BUILD, api: apiUrl, server: await askStatus(cli) }));
    }
    terminal.write(`b3scalectl v.${VERSION}\t${BUILD}\nAPI status:\n`);
    terminal.write(statusText(apiUrl, await askStatus(cli)));
  },
};
