// `db migrate`: the server applies what is pending to its database.
import { statusEndpoints } from "../../src/contract/status.ts";
import { json } from "../output.ts";
import { CliError, type CommandSpec } from "../types.ts";
import { databaseText } from "./version.ts";

/** Of a big table it may take that long to build an index. */
const TIMEOUT_MS = 15 * 60_000;

const migrate: CommandSpec = {
  name: "migrate",
  summary: "apply pending migrations",
  examples: ["b3scalectl db migrate"],
  async run({ connect, terminal }, given) {
    const { api } = await connect({ timeoutMs: TIMEOUT_MS });
    const { database: before } = await api.call(statusEndpoints.root);
    if (!before.available) {
      throw new CliError(`the server cannot reach its database: ${before.error ?? "no reason given"}`);
    }
    const asJson = given.has("json");
    const say = asJson ? terminal.note : (line: string) => terminal.write(`${line}\n`);
    if (before.pending_migrations === 0) {
      if (before.error !== null) throw new CliError(before.error);
      say("There are currently no migrations to apply.\nThe database is up to date.");
      if (asJson) terminal.write(json(before));
      return;
    }
    say(`Applying ${before.pending_migrations} pending migrations.`);
    const after = await api.call(statusEndpoints.migrate);
    terminal.write(asJson ? json(after) : databaseText(after));
    if (after.error !== null) throw new CliError(after.error);
    if (after.pending_migrations > 0) {
      throw new CliError(`${after.pending_migrations} migrations are still pending: the log of b3scaled says why`);
    }
  },
};

export const db: CommandSpec = { name: "db", summary: "the server's database", commands: [migrate] };
