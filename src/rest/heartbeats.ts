// Gathers the heartbeats of agents and writes them in one statement a second, however many agents there are.
import type { Deps } from "../deps.ts";
import { errorText } from "../errors.ts";
import { recordHeartbeats } from "../store/heartbeats.ts";

export interface Heartbeats {
  /** Reaches the row within a second. */
  beat(backendID: string): void;
}

/** An agent counts as lost 5 s after its last beat, and the view looks each second: what is left is ours to wait. */
const GATHER_MS = 900;
/** Written later than that, an old beat would be taken for a new one; a living agent has sent another by then. */
const STALE_MS = 2500;

export function createHeartbeats({ db, clock, log }: Pick<Deps, "db" | "clock" | "log">): Heartbeats {
  /** When each was heard last, on the monotonic clock. */
  let heard = new Map<string, number>();
  let scheduled = false;
  let failing = false;

  /** One write at a time: a slow database gets the next one when it has answered. */
  async function flush(): Promise<void> {
    const gathered = heard;
    heard = new Map();
    const oldest = clock.monotonic() - STALE_MS;
    const ids = Array.from(gathered.keys()).filter((id) => (gathered.get(id) ?? 0) > oldest);
    try {
      if (ids.length > 0) await recordHeartbeats(db, ids);
      if (failing) log.info("heartbeats are recorded again");
      failing = false;
    } catch (error) {
      if (!failing) log.warn("heartbeats could not be recorded, trying on", { error: errorText(error) });
      failing = true; // nothing is kept: the agents beat again within a second
    }
    scheduled = false;
    if (heard.size > 0) schedule();
  }

  function schedule(): void {
    scheduled = true;
    clock.after(GATHER_MS, () => void flush());
  }

  return {
    beat: (backendID) => {
      heard.set(backendID, clock.monotonic());
      if (!scheduled) schedule();
    },
  };
}
