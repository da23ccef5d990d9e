// What polls and calls found out about nodes: the record behind health (design §6), and when each node is due.
import type { Db } from "../deps.ts";

/** Consecutive failed polls after which a node is offline and its meetings are released. */
export const OFFLINE_AFTER_FAILED_POLLS = 3;

/**
 * A poll that got an answer. `node_state` becomes ready only where the operator wants the node ready.
 * @param latencyMs of the call
 * @param askedAgoMs since the node was asked
 */
export async function recordGoodPoll(
  tx: Db,
  poll: { backendID: string; latencyMs: number; nextPollMs: number; askedAgoMs?: number },
): Promise<void> {
  await tx`
    update backends set synced_at = localtimestamp, last_error = null, latency = ${Math.round(poll.latencyMs * 1e6)},
      node_state = case when admin_state = 'ready' then 'ready'::instance_state else node_state end
    where id = ${poll.backendID}`;
  await tx`
    insert into b3scale_backend_health as h (backend_id, failed_polls, good_at, due_at)
    values (${poll.backendID}, 0, localtimestamp, localtimestamp + make_interval(secs => ${poll.nextPollMs / 1000}))
    on conflict (backend_id) do update set failed_polls = 0, last_error = null, good_at = excluded.good_at,
      -- a poll that was requested while this one was under way is still owed
      due_at = case when h.due_at <= localtimestamp
        and h.due_at > clock_timestamp()::timestamp - make_interval(secs => ${(poll.askedAgoMs ?? 0) / 1000})
        then h.due_at else excluded.due_at end`;
}

/** An answer that says nothing about the node's health: only when it is asked next. */
export async function postponePoll(tx: Db, poll: { backendID: string; nextPollMs: number }): Promise<void> {
  await tx`
    insert into b3scale_backend_health as h (backend_id, due_at)
    values (${poll.backendID}, localtimestamp + make_interval(secs => ${poll.nextPollMs / 1000}))
    on conflict (backend_id) do update set due_at = excluded.due_at`;
}

/**
 * A poll without a usable answer.
 * @param reason text for people, without URL
 * @returns consecutive failed polls, this one included
 */
export async function recordFailedPoll(
  tx: Db,
  poll: { backendID: string; reason: string; nextPollMs: (failedPolls: number) => number },
): Promise<number> {
  await tx`
    update backends set node_state = 'error', last_error = ${poll.reason} where id = ${poll.backendID}`;
  const [row] = await tx<{ failed_polls: number }[]>`
    insert into b3scale_backend_health as h (backend_id, failed_polls, failed_at, last_error)
    values (${poll.backendID}, 1, localtimestamp, ${poll.reason})
    on conflict (backend_id) do update set failed_polls = h.failed_polls + 1, failed_at = excluded.failed_at,
      last_error = excluded.last_error
    returning failed_polls`;
  const failedPolls = row?.failed_polls ?? 1;
  await postponePoll(tx, { backendID: poll.backendID, nextPollMs: poll.nextPollMs(failedPolls) });
  return failedPolls;
}

/** A call of a request failed: the node takes no new meetings until it was polled well, and is polled at once. */
export async function recordFailedCall(db: Db, backendID: string, reason: string): Promise<void> {
  await db`
    insert into b3scale_backend_health as h (backend_id, failed_at, last_error, due_at)
    select id, localtimestamp, ${reason}, localtimestamp from backends where id = ${backendID}
    on conflict (backend_id) do update set failed_at = excluded.failed_at, last_error = excluded.last_error,
      due_at = least(h.due_at, excluded.due_at)`;
  await wakeControllers(db);
}

/** Has the node polled now instead of at its turn; one whose turn is near is left alone. */
export async function requestPoll(db: Db, backendID: string): Promise<void> {
  const requested = await db`
    insert into b3scale_backend_health as h (backend_id, due_at)
    select id, localtimestamp from backends where id = ${backendID}
    on conflict (backend_id) do update set due_at = excluded.due_at
    where h.due_at is null or h.due_at > localtimestamp + interval '2 seconds'`;
  if (requested.count > 0) await wakeControllers(db);
}

/** What the payload of a wake-up says when nodes are due; inserting a command notifies without one, as in 1.x. */
export const NODES_ARE_DUE = "due";
const wakeControllers = (db: Db) => db`select pg_notify('commands_queue', ${NODES_ARE_DUE})`;

/** The node answered that it will not: no new meetings until the reason is mended, and those it has are kept. */
export async function recordRefusedPoll(
  tx: Db,
  poll: { backendID: string; reason: string; nextPollMs: number },
): Promise<void> {
  await tx`update backends set node_state = 'error', last_error = ${poll.reason} where id = ${poll.backendID}`;
  await tx`
    insert into b3scale_backend_health as h (backend_id, failed_at, last_error)
    values (${poll.backendID}, localtimestamp, ${poll.reason})
    on conflict (backend_id) do update set failed_polls = 0, failed_at = excluded.failed_at, last_error = excluded.last_error`;
  await postponePoll(tx, poll);
}
