// A bound on what runs at once; waiters are served in order and leave when their signal aborts.
export interface Semaphore {
  /** Resolves with the function that gives the place back, or rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>;
}

export function createSemaphore(places: number): Semaphore {
  let free = places;
  const waiters = new Set<() => void>();

  function release(): void {
    const [next] = waiters;
    if (next === undefined) free++;
    else {
      waiters.delete(next);
      next(); // the place goes on to the next waiter
    }
  }
  const once = () => {
    let held = true;
    return () => {
      if (held) release();
      held = false;
    };
  };

  return {
    acquire: (signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (free > 0) {
        free--;
        return Promise.resolve(once());
      }
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          waiters.delete(onPlace);
          reject(signal?.reason);
        };
        const onPlace = () => {
          signal?.removeEventListener("abort", onAbort);
          resolve(once());
        };
        waiters.add(onPlace);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
  };
}
