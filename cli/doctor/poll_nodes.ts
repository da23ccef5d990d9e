// Has every node polled now and waits for what comes of it. An empty PATCH does that, on a 1.x server as well.
import { backendEndpoints, type BackendJson } from "../../src/contract/backend.ts";
import { type Answer, type ApiClient, ApiError } from "../../src/contract/client.ts";
import type { World } from "./check.ts";

type Backend = Answer<BackendJson>;

export interface PolledNode {
  /** As it is afterwards. */
  readonly backend: Backend;
  /** False when nothing has changed in time: most failures look as they did before, too. */
  readonly polled: boolean;
}

/** As many as the server polls at once. */
const AT_ONCE = 64;
const LOOK_EVERY_MS = 500;
/** The server gives a node 5 s. */
export const PATIENCE_MS = 8000;

/** @returns in their order, without those that were removed meanwhile @throws ApiError */
export async function pollNodes(
  { clock, signal, progress }: Pick<World, "clock" | "signal" | "progress">,
  api: ApiClient,
  backends: readonly Backend[],
): Promise<PolledNode[]> {
  const waiting = [...backends];
  const asked = new Map<string, { readonly before: Backend; readonly askedAt: number }>();
  const done = new Map<string, PolledNode>();
  while (waiting.length + asked.size > 0) {
    await Promise.all(
      waiting.splice(0, AT_ONCE - asked.size).map(async ({ id }) => {
        const before = await unlessGone(api.call(backendEndpoints.update, { params: { id } }));
        if (before !== undefined) asked.set(id, { before, askedAt: clock.monotonic() });
      }),
    );
    progress(`nodes: ${done.size} of ${backends.length} polled`);
    await clock.sleep(LOOK_EVERY_MS, signal);
    const now = new Map((await api.call(backendEndpoints.list)).map((backend) => [backend.id, backend]));
    for (const [id, { before, askedAt }] of asked) {
      const backend = now.get(id);
      const waitedMs = clock.monotonic() - askedAt;
      const polled = backend !== undefined && (traceOf(backend) !== traceOf(before) || failedWithin(backend, waitedMs));
      if (backend !== undefined && !polled && waitedMs < PATIENCE_MS) continue;
      if (backend !== undefined) done.set(id, { backend, polled });
      asked.delete(id);
    }
  }
  return backends.flatMap(({ id }) => done.get(id) ?? []);
}

/** What a poll leaves behind. Ages in the reasons grow by themselves, the count of failed polls does not. */
const traceOf = ({ synced_at, node_state, last_error, health, reasons = [] }: Backend): string =>
  JSON.stringify([synced_at, node_state, last_error, health, reasons.map((text) => text.replace(/\d+ \w+ ago/, ""))]);

/** A node that answers with an error looks the same after each poll but for this age. */
function failedWithin({ reasons = [] }: Backend, ms: number): boolean {
  const seconds = /failed (\d+) s ago/.exec(reasons.join("; "))?.[1];
  return seconds !== undefined && Number(seconds) * 1000 <= ms;
}

async function unlessGone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
