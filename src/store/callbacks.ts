// Rows of `b3scale_callbacks`, the outbox: written by rest/callback_proxy.ts, claimed by controller/send_callbacks.ts until
// they are delivered or dead, listed and given another chance by rest/callbacks.ts.
import type { CallbackKind, DeathReason } from "../contract/callback.ts";
import type { Db } from "../deps.ts";

/** Told after each row that is due at once. */
export const CALLBACKS_CHANNEL = "b3scale_callbacks";

export interface NewCallback {
  readonly frontend_id: string;
  readonly kind: CallbackKind;
  readonly url: string;
  /** Of the URL. */
  readonly origin: string;
  /** JSON that is signed with the frontend's secret when it is sent. */
  readonly claims: string | null;
  readonly body: string | null;
  readonly request_id: string;
  /** Nothing is sent before this recording can be played, for so many seconds at most. */
  readonly wait_for?: { readonly record_id: string; readonly seconds: number };
}

/** Then it is dead. A dead one that is given another chance has as long again. */
const LIFE_DAYS = 3;

/** @returns its id */
export async function insertCallback(db: Db, row: NewCallback): Promise<string> {
  const { record_id = null, seconds = null } = row.wait_for ?? {};
  const [inserted] = await db<{ id: string }[]>`
    with inserted as (
      insert into b3scale_callbacks (frontend_id, kind, url, origin, claims, body, request_id, give_up_at, record_id,
        held_until)
      values (${row.frontend_id}, ${row.kind}, ${row.url}, ${row.origin}, ${row.claims}, ${row.body}, ${row.request_id},
        localtimestamp + make_interval(days => ${LIFE_DAYS}), ${record_id},
        localtimestamp + make_interval(secs => ${seconds}))
      returning id
    )
    select id, pg_notify(${CALLBACKS_CHANNEL}, '') from inserted`;
  return inserted?.id ?? "";
}

export interface ClaimedCallback {
  readonly id: string;
  readonly frontend_id: string;
  readonly kind: CallbackKind;
  readonly url: string;
  readonly origin: string;
  readonly claims: string | null;
  readonly body: string | null;
  readonly request_id: string;
  /** This one included; whoever has claimed it is known by it. */
  readonly attempts: number;
  /** Of the frontend, as it is now. */
  readonly secret: string;
}

/** Who has not said how the try went is dead by then. */
const LEASE_SECONDS = 20;

/**
 * Takes callbacks that are due, the longest due of each receiver first. Two callers never get the same one.
 * @param busy what the caller is sending already: it counts into the bounds
 */
export async function claimCallbacks(
  db: Db,
  { limit, perOrigin, perFrontend, busy }: {
    readonly limit: number;
    readonly perOrigin: number;
    readonly perFrontend: number;
    readonly busy: readonly Pick<ClaimedCallback, "origin" | "frontend_id">[];
  },
): Promise<ClaimedCallback[]> {
  const busyOrigins = busy.map(({ origin }) => origin);
  const busyFrontends = busy.map(({ frontend_id }) => frontend_id);
  // From receiver to receiver along the index: thousands that wait for one of them cost no more than a few.
  return await db<ClaimedCallback[]>`
    with recursive origins as (
      (select origin from b3scale_callbacks where died_at is null order by origin limit 1)
      union all
      select (select c.origin from b3scale_callbacks c
        where c.died_at is null and c.origin > o.origin order by c.origin limit 1)
      from origins o where o.origin is not null
    ), due as (
      select c.id, c.due_at, c.frontend_id, row_number() over (partition by c.frontend_id order by c.due_at) as nth
      from origins o cross join lateral (
        select c.id, c.due_at, c.frontend_id from b3scale_callbacks c
        where c.died_at is null and c.origin = o.origin and c.due_at <= localtimestamp
          and (c.claimed_until is null or c.claimed_until <= localtimestamp)
          and (c.held_until is null or c.held_until <= localtimestamp or (
            exists (select from recordings r where r.record_id = c.record_id)
            and not exists (select from b3scale_recording_moves m where m.record_id = c.record_id)
            and not exists (select from b3scale_recording_imports i
              where i.record_id = c.record_id and i.state in ('requested', 'moving'))))
        order by c.due_at
        limit greatest(0, ${perOrigin}::int - (select count(*) from unnest(${busyOrigins}::text[]) b where b = o.origin))
        for update skip locked
      ) c
    )
    update b3scale_callbacks c
    set attempts = c.attempts + 1, claimed_until = localtimestamp + make_interval(secs => ${LEASE_SECONDS})
    from frontends f
    where f.id = c.frontend_id and c.id = any(array(
      select id from due
      where nth + (select count(*) from unnest(${busyFrontends}::uuid[]) b where b = frontend_id) <= ${perFrontend}::int
      order by due_at limit ${limit}))
    returning c.id, c.frontend_id, c.kind, c.url, c.origin, c.claims, c.body, c.request_id, c.attempts, f.secret`;
}

/** Nothing happens when the lease was over and somebody else has it now. */
const claimed = (db: Db, { id, attempts }: Claim) => db`id = ${id} and attempts = ${attempts} and died_at is null`;
type Claim = Pick<ClaimedCallback, "id" | "attempts">;

/** It is delivered. */
export async function deleteSentCallback(db: Db, claim: Claim): Promise<void> {
  await db`delete from b3scale_callbacks where ${claimed(db, claim)}`;
}

/** @returns false when its time is over: it is dead now */
export async function postponeCallback(
  db: Db,
  claim: Claim,
  { seconds, error }: { readonly seconds: number; readonly error: string },
): Promise<boolean> {
  const [row] = await db<{ alive: boolean }[]>`
    update b3scale_callbacks set claimed_until = null, last_error = ${error},
      due_at = localtimestamp + make_interval(secs => ${seconds}),
      died_at = case when give_up_at <= localtimestamp then localtimestamp end,
      reason = case when give_up_at <= localtimestamp then 'expired' end
    where ${claimed(db, claim)} returning died_at is null as alive`;
  return row?.alive ?? true;
}

/** It is not tried again but by hand. */
export async function buryCallback(
  db: Db,
  claim: Claim,
  { reason, error }: { readonly reason: DeathReason; readonly error: string },
): Promise<void> {
  await db`
    update b3scale_callbacks set claimed_until = null, last_error = ${error}, died_at = localtimestamp, reason = ${reason}
    where ${claimed(db, claim)}`;
}

/** What may be shown: the URL's path and query, the claims and the body hold tokens and people's names. */
export interface CallbackRecord {
  readonly id: string;
  readonly frontend_id: string;
  readonly frontend_key: string;
  readonly kind: CallbackKind;
  readonly origin: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly due_at: Date;
  readonly died_at: Date | null;
  readonly reason: DeathReason | null;
  readonly request_id: string;
}

const record = (db: Db) =>
  db`c.id, c.frontend_id, f.key as frontend_key, c.kind, c.origin, c.attempts, c.last_error, c.created_at, c.due_at,
    c.died_at, c.reason, c.request_id`;

/** Newest first. */
export async function listCallbacks(
  db: Db,
  { dead, frontend_key, limit }: {
    readonly dead?: boolean;
    readonly frontend_key?: string;
    readonly limit: number;
  },
): Promise<CallbackRecord[]> {
  return await db<CallbackRecord[]>`
    select ${record(db)} from b3scale_callbacks c join frontends f on f.id = c.frontend_id
    where true
      ${dead === undefined ? db`` : db`and (c.died_at is not null) = ${dead}`}
      ${frontend_key === undefined ? db`` : db`and f.key = ${frontend_key}`}
    order by c.created_at desc, c.id limit ${limit}`;
}

/** Has it tried at once, with all its time before it again; one that is being tried goes on. */
export async function retryCallback(tx: Db, id: string): Promise<CallbackRecord | undefined> {
  await tx`
    update b3scale_callbacks set due_at = localtimestamp, held_until = null, died_at = null, reason = null,
      attempts = case when died_at is null then attempts else 0 end,
      give_up_at = localtimestamp + make_interval(days => ${LIFE_DAYS})
    where id = ${id} and (claimed_until is null or claimed_until <= localtimestamp)`;
  await tx`select pg_notify(${CALLBACKS_CHANNEL}, '')`;
  return (await tx<CallbackRecord[]>`
    select ${record(tx)} from b3scale_callbacks c join frontends f on f.id = c.frontend_id where c.id = ${id}`)[0];
}

export async function deleteCallback(db: Db, id: string): Promise<CallbackRecord | undefined> {
  return (await db<CallbackRecord[]>`
    delete from b3scale_callbacks c using frontends f where f.id = c.frontend_id and c.id = ${id}
    returning ${record(db)}`)[0];
}

/** @returns how many there were */
export async function deleteDeadCallbacks(db: Db, days: number): Promise<number> {
  const deleted = await db`
    delete from b3scale_callbacks where died_at < localtimestamp - make_interval(days => ${days})`;
  return deleted.count;
}
