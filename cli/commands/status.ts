// `status`: server, database, nodes and queue on one screen, once or again and again.
import { backendEndpoints } from "../../src/contract/backend.ts";
import type { ApiClient } from "../../src/contract/client.ts";
import { commandEndpoints } from "../../src/contract/command.ts";
import { statusEndpoints } from "../../src/contract/status.ts";
import { json } from "../output.ts";
import { type Picture, statusLine, statusScreen } from "../status_screen.ts";
import { type Cli, CliError, type CommandSpec, type Given } from "../types.ts";
import { watchLines, watchScreen } from "../watch.ts";

const USUAL_SECONDS = 2;

export const status: CommandSpec = {
  name: "status",
  summary: "the whole cluster at a glance: server, database, nodes, queue",
  options: [{
    flags: "--watch [seconds]",
    summary:
      `again every ${USUAL_SECONDS} or so many seconds until Ctrl-C; a line each time where there is no terminal`,
  }],
  examples: [
    "b3scalectl status",
    "b3scalectl status --watch",
    "b3scalectl status --watch 60 >> cluster.log",
    "b3scalectl status --json | jq '.backends[] | select(.eligible | not) | .bbb.host'",
  ],
  async run(cli, given) {
    const everyMs = intervalMs(given);
    const { api } = await cli.connect();
    const first = await takePicture(cli, api);
    const { terminal, apiUrl: url } = cli;
    if (everyMs === undefined) {
      terminal.write(
        given.has("json") ? json(document(first)) : `${statusScreen(first, { terminal, url }).join("\n")}\n`,
      );
      return first.backends === undefined ? 1 : 0;
    }
    const watched = { everyMs, first, ask: () => takePicture(cli, api) };
    if (given.has("json")) {
      await watchLines(cli, { ...watched, line: (picture) => oneLine(json(document(picture))) });
    } else if (!terminal.interactive || cli.env["TERM"] === "dumb") {
      await watchLines(cli, { ...watched, line: statusLine });
    } else {
      const lines = (picture: Picture, rows: number, problem: string | undefined) =>
        statusScreen(picture, { terminal, url, rows, problem });
      await watchScreen(cli, { ...watched, lines });
    }
  },
};

/** @returns undefined when once is enough @throws CliError */
function intervalMs(given: Given): number | undefined {
  if (!given.has("watch")) return undefined;
  const text = given.text("watch") ?? String(USUAL_SECONDS);
  const seconds = /^\d{1,5}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw new CliError(`--watch: "${text}" is no number of seconds from 1 to 99999`);
  return seconds * 1000;
}

/** A database that is away answers nothing else: what is known is shown. */
async function takePicture({ clock }: Pick<Cli, "clock">, api: ApiClient): Promise<Picture> {
  const status = await api.call(statusEndpoints.root);
  const [backends, commands] = status.database.available
    ? await Promise.all([api.call(backendEndpoints.list), api.call(commandEndpoints.list)])
    : [];
  return { takenAt: clock.now(), status, backends, commands };
}

/** An object a line, whose texts hold no line breaks as they stand. */
const oneLine = (text: string): string => text.replace(/\n */g, "");

/** REST objects but for the nodes' secrets: such output ends up in logs and tickets. */
const document = ({ status, backends, commands }: Picture) => ({
  status,
  backends: backends?.map((backend) => ({ ...backend, bbb: { host: backend.bbb.host } })) ?? null,
  commands: commands ?? null,
});
