// Commands: operators give the one that is theirs to give, and watch the queue.
import { commandEndpoints, type CommandJson, END_ALL_MEETINGS } from "../contract/command.ts";
import { jsonTime } from "../contract/endpoint.ts";
import { AppError } from "../errors.ts";
import { type CommandRecord, findCommandRecord, insertCommand, listCommandRecords } from "../store/commands.ts";
import { isUuid } from "./input.ts";
import { invalid } from "./problem.ts";
import { route } from "./route.ts";

/** The only place where row and JSON differ. */
const commandJson = (row: CommandRecord): CommandJson => ({
  id: row.id,
  seq: row.seq,
  state: row.state,
  action: row.action,
  params: row.params,
  result: row.result,
  deadline: jsonTime(row.deadline),
  started_at: row.started_at && jsonTime(row.started_at),
  stopped_at: row.stopped_at && jsonTime(row.stopped_at),
  created_at: jsonTime(row.created_at),
});

/** PostgreSQL stores such params but fails on each later look into them: the whole queue would stand still. */
function isUnreadable(params: unknown): boolean {
  let found = false;
  JSON.stringify(params, (key, value: unknown) => {
    for (const text of [key, value]) {
      if (typeof text === "string" && (text.includes("\0") || !text.isWellFormed())) found = true;
    }
    return value;
  });
  return found;
}

export const commandRoutes = [
  route(commandEndpoints.list, async ({ deps }) => (await listCommandRecords(deps.db)).map(commandJson)),

  route(commandEndpoints.create, async ({ deps, body }) => {
    if (body.action !== END_ALL_MEETINGS) invalid({ action: ["this action is not allowed"] });
    if (isUnreadable(body.params)) invalid({ params: ["should not contain NUL or broken characters"] });
    const row = await deps.db.begin(async (tx) =>
      await findCommandRecord(tx, await insertCommand(tx, END_ALL_MEETINGS, body.params))
    );
    if (row === undefined) throw new AppError("internal", "The command was not stored");
    deps.log.info("command requested", { id: row.id, action: row.action });
    return commandJson(row);
  }),

  route(commandEndpoints.show, async ({ deps, params: { id = "" } }) => {
    const row = isUuid(id) ? await findCommandRecord(deps.db, id) : undefined;
    if (row === undefined) throw new AppError("not_found", `Command "${id}" is unknown`);
    return commandJson(row);
  }),
];
