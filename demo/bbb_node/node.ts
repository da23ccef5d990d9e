// A simulated BigBlueButton 3.0 node for the demo and for tests: real HTTP on loopback, state in memory, failures on
// request. Written against the documented API and independent of src/, so that it is an honest counterpart.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { page, type Reply } from "./answers.ts";
import { answerCall } from "./calls.ts";
import { hashHex } from "./checksum.ts";
import { createFailures, failureReply, type NodeFailure } from "./failures.ts";
import { clientPage } from "./join.ts";
import { createMeetings } from "./meetings.ts";
import type { NewMeeting, SimAttendee, SimMeeting, SimUser } from "./model.ts";
import { createRandom } from "./random.ts";
import { type ApiRequest, type NodeCall, readRequest, splitTarget } from "./request.ts";

export interface BbbNodeOptions {
  secret: string;
  /** Default 127.0.0.1. */
  hostname?: string;
  /** Default 0: any free port, kept over restarts. */
  port?: number;
  latencyMs?: number;
  /** Milliseconds since 1970; default the real clock. */
  clock?: () => number;
  /** Of passwords, ids and tokens; default derived from the secret. */
  seed?: number;
  /** How long an ended meeting stays visible with hasBeenForciblyEnded, by the clock; default 0: gone at once. */
  endDelayMs?: number;
}

export interface BbbNode extends AsyncDisposable {
  /** Base of the API with a trailing slash: `http://127.0.0.1:PORT/bigbluebutton/api/`. */
  readonly url: string;
  readonly secret: string;
  readonly port: number;
  /** API calls that arrived, oldest first, failed ones included. */
  readonly calls: readonly NodeCall[];
  clearCalls(): void;
  /** Resolves as soon as `calls` holds `count`: a call that hangs is known to have arrived. */
  waitForCalls(count: number): Promise<void>;
  meetings(): readonly SimMeeting[];
  /** Behind the balancer's back, without any validation. */
  addMeeting(meeting: NewMeeting): SimMeeting;
  joinUser(meetingID: string, user: SimUser): SimAttendee;
  leaveUser(meetingID: string, userID: string): void;
  /** Gone at once, whatever endDelayMs says. */
  endMeeting(meetingID: string): void;
  fail(failure: NodeFailure): void;
  /** Forgets all failures; resolves once a node that refused listens again. Calls that hang go on hanging. */
  heal(): Promise<void>;
  setLatency(latencyMs: number): void;
  /** Answers the calls that hang, as if they had just arrived. */
  release(): void;
  /** Drops all connections and listens on the same port again. Failures asked for stay. */
  restart(options?: { keepMeetings?: boolean }): Promise<void>;
  /** Drops all connections; nothing listens. Meetings stay in memory. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @throws the signal's reason when the node stops meanwhile */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}

const apiPath = "/bigbluebutton/api";

function listen(server: Server, port: number, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** @returns once the node listens. @throws when the port is taken */
export async function startBbbNode(options: BbbNodeOptions): Promise<BbbNode> {
  const { secret, hostname = "127.0.0.1", clock = Date.now } = options;
  const random = createRandom(options.seed ?? parseInt(hashHex("sha1", secret).slice(0, 8), 16));
  const meetings = createMeetings({ clock, random, endDelayMs: options.endDelayMs ?? 0 });
  const failures = createFailures();
  const calls: NodeCall[] = [];
  const held = new Set<() => void>();
  const waiters = new Set<{ count: number; resolve: () => void }>();
  let latencyMs = options.latencyMs ?? 0;
  let port = options.port ?? 0;
  let stopping = new AbortController();
  let server: Server | undefined;
  /** The last change between listening and not listening; the next one waits for it. */
  let change: Promise<void> = Promise.resolve();
  let refusing = false;

  const send = (response: ServerResponse, { status, headers, body }: Reply) => {
    response.writeHead(status, headers);
    response.end(body);
  };

  const untilReleased = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      held.add(resolve);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });

  const answerApi = async (request: ApiRequest, response: ServerResponse, signal: AbortSignal) => {
    const origin = `http://${hostname}:${port}`;
    const failure = failures.take(request.resource);
    const answer = () =>
      answerCall(
        { request, meetings, random, clock, origin },
        request.checksumValid && failure?.kind !== "wrong_checksum",
      );
    const waitMs = latencyMs + (failure?.delayMs ?? 0);
    if (waitMs > 0) await pause(waitMs, signal);
    const early = failure?.takesEffect === true ? answer() : undefined;
    if (failure?.kind === "hang") await untilReleased(signal);
    if (failure?.kind === "close") response.socket?.destroy();
    else send(response, failure && failureReply(failure) || (early ?? answer()));
  };

  const serve = async (message: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const { path, rawQuery } = splitTarget(message.url ?? "/");
    if (path === "/html5client" || path === "/html5client/") return send(response, clientPage(rawQuery, meetings));
    if (path === "/") return send(response, page(200, "BigBlueButton", `A simulated node on port ${port}.`));
    if (path !== apiPath && path.startsWith(`${apiPath}/`) === false) return send(response, page(404, "Not Found"));
    const request = await readRequest(message, path.slice(apiPath.length + 1), secret);
    const { contentType: _, hasBody: __, params, ...call } = request;
    calls.push({ ...call, params: Object.fromEntries(params), at: clock() });
    for (const waiter of waiters) {
      if (calls.length >= waiter.count && waiters.delete(waiter)) waiter.resolve();
    }
    await answerApi(request, response, signal);
  };

  const open = async () => {
    if (server !== undefined) return;
    stopping = new AbortController();
    const { signal } = stopping;
    const opened = createServer((message, response) => {
      serve(message, response, signal).catch((error: unknown) => {
        if (signal.aborted || response.destroyed) return;
        send(response, page(500, "The simulation itself failed", String(error)));
      });
    });
    await listen(opened, port, hostname);
    server = opened;
    const address = opened.address();
    if (address !== null && typeof address === "object") port = address.port;
  };

  const close = async () => {
    const closing = server;
    if (closing === undefined) return;
    server = undefined;
    stopping.abort();
    held.clear();
    const closed = new Promise((resolve) => closing.close(resolve));
    closing.closeAllConnections();
    await closed;
  };

  /** One change at a time; a failed one is its caller's to know and does not stop the next. */
  const inTurn = (step: () => Promise<void>): Promise<void> => change = change.catch(() => {}).then(step);
  const start = (): Promise<void> => {
    refusing = false;
    return inTurn(open);
  };
  const stop = (): Promise<void> => inTurn(close);

  await start();
  return {
    get url() {
      return `http://${hostname}:${port}${apiPath}/`;
    },
    secret,
    get port() {
      return port;
    },
    calls,
    clearCalls: () => {
      calls.length = 0;
    },
    waitForCalls: (count) =>
      calls.length >= count ? Promise.resolve() : new Promise((resolve) => waiters.add({ count, resolve })),
    meetings: meetings.list,
    addMeeting: meetings.add,
    joinUser: meetings.joinUser,
    leaveUser: meetings.leaveUser,
    endMeeting: meetings.remove,
    fail: (failure) => {
      if (failure.kind !== "refuse") return failures.add(failure);
      refusing = true;
      // Nobody waits for it: the listener is closed before this turn of the event loop ends, and so before any connect.
      void stop();
    },
    heal: () => {
      failures.clear();
      return refusing ? start() : change;
    },
    setLatency: (ms) => {
      latencyMs = ms;
    },
    release: () => {
      for (const release of held) release();
      held.clear();
    },
    restart: async ({ keepMeetings = false } = {}) => {
      await stop();
      if (keepMeetings === false) meetings.clear();
      await start();
    },
    stop,
    start,
    [Symbol.asyncDispose]: stop,
  };
}

export type { NewMeeting, NodeCall, NodeFailure, SimAttendee, SimMeeting, SimUser };
