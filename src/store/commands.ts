// The command queue, shared with 1.x workers: they take `requested` rows only and never look at ours that are `running`.
import type { Db } from "../deps.ts";
import { OFFLINE_AFTER_FAILED_POLLS, requestPoll } from "./backend_health.ts";

export interface Command {
  readonly id: string;
  readonly seq: number;
  readonly action: string;
  readonly params: unknown;
  /** The lease begins here; `finishCommand` asks for it. */
  readonly started_at: Date;
  readonly expired: boolean;
}

/** A worker that has not finished by then is dead, and another one takes over. */
export const COMMAND_LEASE_SECONDS = 70;
/** 1.x's life of a command. */
const DEADLINE_SECONDS = 120;

/** @returns its id */
export async function insertCommand(db: Db, action: string, params: unknown): Promise<string> {
  const [row] = await db<{ id: string }[]>`
    insert into commands (action, params, deadline)
    values (${action}, ${
    JSON.stringify(params ?? null)
  }::text::json, localtimestamp + make_interval(secs => ${DEADLINE_SECONDS})) returning id`;
  return row?.id ?? "";
}

/**
 * Has a node polled at once, by whichever worker. A poll that somebody requested already will do: its row is held until
 * the caller commits, so that it finds what the caller has changed.
 */
export async function insertPollCommand(tx: Db, backendID: string): Promise<void> {
  const [requested] = await tx`
    select 1 from commands
    where state = 'requested' and action = 'update_node_state' and deadline > localtimestamp
      and params ->> 'ID' = ${backendID}
    limit 1 for update skip locked`;
  if (requested === undefined) await insertCommand(tx, "update_node_state", { ID: backendID });
  await requestPoll(tx, backendID);
}

/** Takes the oldest requested commands. Two callers never get the same one, and neither does a 1.x worker. */
export async function claimCommands(db: Db, limit: number): Promise<Command[]> {
  return await db<Command[]>`
    update commands set state = 'running', started_at = clock_timestamp()
    where id = any(array( -- read once, whatever the plan: "in" may read, and lock, again and again
      select id from commands where state = 'requested' order by seq limit ${limit} for update skip locked))
    returning id, seq, action, params, started_at, deadline < localtimestamp as expired`;
}

/** False when the lease was over and somebody else has the command now. */
export async function finishCommand(
  db: Db,
  command: Command,
  outcome: { state: "success" | "error"; result: boolean | string },
): Promise<boolean> {
  const finished = await db`
    update commands set state = ${outcome.state}, result = ${
    db.json(outcome.result)
  }::json, stopped_at = clock_timestamp()
    where id = ${command.id} and state = 'running'
      and date_trunc('milliseconds', started_at) = ${command.started_at}`;
  return finished.count > 0;
}

/** Gives back what a dead worker held; past its deadline a command ends as timed out. */
export async function reapCommands(db: Db): Promise<void> {
  await db`
    update commands set
      state = case when deadline < localtimestamp then 'error' else 'requested' end::command_state,
      result = case when deadline < localtimestamp then '"timedout"'::json end,
      stopped_at = case when deadline < localtimestamp then localtimestamp end
    where state = 'running' and started_at < localtimestamp - make_interval(secs => ${COMMAND_LEASE_SECONDS})`;
}

const SCHEDULE_LOCK = 0x62337364;

/**
 * One scheduling round of the cluster: a poll for each node that is due, and the chores that wait. Of several processes
 * one does it, the others skip; so two polls of one node are never requested. Peers insert as they like.
 * @param polls without an agent or with one, in seconds
 * @returns how many commands were inserted
 */
export async function scheduleCommands(
  tx: Db,
  { agentlessSeconds, agentSeconds, garbageSeconds }: {
    agentlessSeconds: number;
    agentSeconds: number;
    garbageSeconds: number;
  },
): Promise<number> {
  const [lock] = await tx<{ locked: boolean }[]>`select pg_try_advisory_xact_lock(${SCHEDULE_LOCK}) as locked`;
  if (lock?.locked !== true) return 0;
  const polls = await tx`
    with due as (
      select b.id from backends b left join b3scale_backend_health h on h.backend_id = b.id
      where b.admin_state <> 'init'
        and least(
          coalesce(h.due_at, b.synced_at + make_interval(secs =>
            case when b.node_state = 'init' then 0 when b.node_state = 'error' then 2
              when b.agent_heartbeat > localtimestamp - interval '5 seconds' then ${agentSeconds}::int
              else ${agentlessSeconds}::int end)),
          -- a lost heartbeat does not wait for the node's turn
          case when coalesce(h.failed_polls, 0) < ${OFFLINE_AFTER_FAILED_POLLS}::int and b.agent_heartbeat > '2001-01-01' and b.agent_heartbeat < localtimestamp - interval '5 seconds'
            and coalesce(h.good_at, b.synced_at) < b.agent_heartbeat + interval '5 seconds'
            then greatest(h.failed_at, h.good_at, b.synced_at) + interval '2 seconds' end
        ) <= localtimestamp
        -- whoever polls it, a 1.x worker included: not twice within 1.5 s
        and not exists (select from commands c where c.action = 'update_node_state' and c.params ->> 'ID' = b.id::text
          and (c.state in ('requested', 'running') or c.created_at > localtimestamp - interval '1500 milliseconds'))
    ), inserted as (
      insert into commands (action, params, deadline)
      select 'update_node_state', json_build_object('ID', id), localtimestamp + make_interval(secs => ${DEADLINE_SECONDS})
      from due returning params
    )
    select from inserted`;
  const removals = await tx`
    insert into commands (action, params, deadline)
    select 'decommission_backend', json_build_object('id', b.id), localtimestamp + make_interval(secs => ${DEADLINE_SECONDS})
    from backends b
    where b.admin_state = 'decommissioned' and not exists (
      select from commands c where c.action = 'decommission_backend' and c.params ->> 'id' = b.id::text
        and (c.state in ('requested', 'running') or c.created_at > localtimestamp - interval '10 seconds'))`;
  const garbage = await tx`
    insert into commands (action, params, deadline)
    select 'collect_garbage', 'null'::json, localtimestamp + make_interval(secs => ${DEADLINE_SECONDS})
    where not exists (select from commands c where c.action = 'collect_garbage'
      and (c.state in ('requested', 'running') or c.created_at > localtimestamp - make_interval(secs => ${garbageSeconds})))`;
  return polls.count + removals.count + garbage.count;
}

/** A command as REST shows it. */
export interface CommandRecord {
  readonly id: string;
  readonly seq: number;
  readonly state: "requested" | "running" | "success" | "error";
  readonly action: string;
  readonly params: unknown;
  readonly result: unknown;
  readonly deadline: Date;
  readonly started_at: Date | null;
  readonly stopped_at: Date | null;
  readonly created_at: Date;
}

const recordColumns = (db: Db) =>
  db`id, seq, state, action, params, result, deadline, started_at, stopped_at, created_at`;

/** In the order in which they are done. */
export async function listCommandRecords(db: Db): Promise<CommandRecord[]> {
  return await db<CommandRecord[]>`select ${recordColumns(db)} from commands order by seq`;
}

export async function findCommandRecord(db: Db, id: string): Promise<CommandRecord | undefined> {
  return (await db<CommandRecord[]>`select ${recordColumns(db)} from commands where id = ${id}`)[0];
}
