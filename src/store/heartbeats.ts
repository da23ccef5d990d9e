// Signs of life of agents. They neither notify nor reload rows: views read their ages each second.
import type { Db } from "../deps.ts";

/** Those that said so within the last second, in one statement. */
export async function recordHeartbeats(db: Db, backendIDs: readonly string[]): Promise<void> {
  await db`
    update backends set agent_heartbeat = localtimestamp where id = any(${backendIDs as string[]}::uuid[])`;
}
