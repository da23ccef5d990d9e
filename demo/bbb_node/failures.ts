// How a node may misbehave on request, and which of the failures asked for applies to a call.
import { page, type Reply } from "./answers.ts";

export type NodeFailure = {
  /**
   * - `refuse`: nothing listens any more, for any resource, until heal() or start()
   * - `hang`: no answer until release() or stop()
   * - `http500`, `garbage` (XML cut in the middle), `empty`: an answer that is none
   * - `close`: the connection ends without an answer; `fetch` may quietly try such a call a second time
   * - `wrong_checksum`: everything signed fails as if the node's secret were another
   * - `raw`: `status`, `headers` and `body` as given
   */
  kind: "refuse" | "hang" | "http500" | "garbage" | "empty" | "close" | "wrong_checksum" | "raw";
  /** Undefined: every call. The root call is `""`. */
  resource?: string;
  /** How many calls; undefined: until heal(). */
  count?: number;
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** Waited before the failure shows, in addition to the latency. */
  delayMs?: number;
  /** The call does its work (a meeting is created) and only its answer goes wrong. */
  takesEffect?: boolean;
};

export interface Failures {
  add(failure: NodeFailure): void;
  /** The failure for one call, counted down: those with a count first, in order; else the newest of the others. */
  take(resource: string): NodeFailure | undefined;
  clear(): void;
}

export function createFailures(): Failures {
  let pending: { failure: NodeFailure; left: number }[] = [];
  return {
    add: (failure) => {
      pending.push({ failure, left: failure.count ?? Infinity });
    },
    take: (resource) => {
      const fitting = pending.filter(({ failure, left }) =>
        left > 0 && (failure.resource === undefined || failure.resource === resource)
      );
      const chosen = fitting.find(({ left }) => left < Infinity) ?? fitting.at(-1);
      if (chosen === undefined) return undefined;
      chosen.left -= 1;
      return chosen.failure;
    },
    clear: () => {
      pending = [];
    },
  };
}

const xmlType = { "content-type": "text/xml;charset=utf-8" };

/** The answer of a failure that has one of its own; undefined when the call is answered in another way or not at all. */
export function failureReply({ kind, status, headers, body }: NodeFailure): Reply | undefined {
  switch (kind) {
    case "http500":
      return page(500, "Internal Server Error");
    case "garbage":
      return { status: 200, headers: xmlType, body: "<response>\n<returncode>SUCCESS</returncode>\n<meetings>\n<meet" };
    case "empty":
      return { status: 200, headers: xmlType, body: "" };
    case "raw":
      return { status: status ?? 200, headers: headers ?? xmlType, body: body ?? "" };
    default:
      return undefined;
  }
}
