// Fake BBB nodes of the driver: verify each checksum, answer as the vector says, and record every request. Over plain TCP,
// because a vector may want the connection dropped without an answer.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzip, header, readMessage, type WireMessage, writeMessage } from "./http_wire.ts";
import * as bbb from "./bbb_xml.ts";
import type { CannedAnswer, Pair, Vector } from "./vector.ts";

/** One request as it reached a node. */
export interface NodeRequest {
  readonly to: string;
  readonly method: string;
  /** The last segment below the node's path; the whole path when it is another one. */
  readonly resource: string;
  /** Decoded, sorted by name, without the checksum. */
  readonly params: readonly Pair[];
  readonly checksumValid: boolean;
  readonly checksumAlgorithm: string;
  /** Names sorted bytewise, everything escaped the one way, the checksum at the end. */
  readonly isCanonical: boolean;
  readonly headers: WireMessage["headers"];
  readonly body: string;
  /** What the node sent back; undefined when it dropped the connection. */
  readonly answer?: string;
}

export interface FakeNode extends AsyncDisposable {
  /** host:port */
  readonly host: string;
}

const API_PATH = "/bigbluebutton/api/";
const ALGORITHMS: Readonly<Record<number, string>> = { 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512" };
const DEFAULT_HEADERS = { "Content-Type": "text/xml;charset=utf-8" };

/** @param requests where each request is appended, in the order of arrival over all nodes */
export function startFakeNode(name: string, vector: Vector, requests: NodeRequest[]): FakeNode {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const node = createNode(name, vector);
  const open = new Set<Deno.Conn>();
  const served = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      // A peer that gives up while a delayed answer is due is no failure of the node.
      serve(conn, node, requests).catch(() => {}).finally(() => {
        if (open.delete(conn)) conn.close();
      });
    }
  })();
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) conn.close();
      open.clear();
      await served;
      node.stop();
    },
  };
}

async function serve(conn: Deno.Conn, node: NodeState, requests: NodeRequest[]): Promise<void> {
  const message = await readMessage(conn, false);
  if (message === undefined) return;
  const request = readRequest(message, node);
  const canned = request.checksumValid ? answerOf(node, request) : { body: bbb.CHECKSUM_ERROR };
  requests.push({ ...request, answer: canned.close ? undefined : canned.body });
  if (canned.close) return;
  if (canned.delay !== undefined) await node.wait(canned.delay * 1000);
  const fields = Object.entries(canned.headers ?? DEFAULT_HEADERS);
  const bytes = new TextEncoder().encode(canned.body ?? "");
  const isZipped = fields.some(([key, value]) => key.toLowerCase() === "content-encoding" && value === "gzip");
  await writeMessage(conn, {
    startLine: `HTTP/1.1 ${canned.status ?? 200} x`,
    headers: fields,
    body: isZipped ? await gzip(bytes) : bytes,
  });
}

function readRequest(message: WireMessage, node: NodeState): NodeRequest {
  const [method = "", target = ""] = message.startLine.split(" ");
  const [path = "", rawQuery = ""] = target.split("?", 2);
  const raw = rawQuery === "" ? [] : rawQuery.split("&");
  const checksum = raw.find((pair) => pair.startsWith("checksum="))?.slice("checksum=".length) ?? "";
  const signed = raw.filter((pair) => !pair.startsWith("checksum="));
  const resource = path.startsWith(API_PATH) && !path.slice(API_PATH.length).includes("/")
    ? path.slice(API_PATH.length)
    : path;
  const algorithm = ALGORITHMS[checksum.length] ?? "";
  const text = resource + signed.join("&") + node.secret;
  const params = signed.map((pair): Pair => {
    const [key = "", ...value] = pair.split("=");
    return [decode(key), decode(value.join("="))];
  }).sort(([a], [b]) => compareBytes(a, b));
  const canonical = params.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
  return {
    to: node.name,
    method,
    resource,
    params,
    checksumValid: algorithm !== "" && createHash(algorithm).update(text).digest("hex") === checksum,
    checksumAlgorithm: algorithm,
    isCanonical: rawQuery === `${canonical}${canonical === "" ? "" : "&"}checksum=${checksum}`,
    headers: message.headers,
    body: new TextDecoder().decode(message.body),
  };
}

interface NodeState {
  readonly name: string;
  readonly secret: string;
  readonly modes: Readonly<Record<string, CannedAnswer>>;
  /** Answers as recorded, first come first served. */
  readonly recorded: { readonly resource: string; readonly answer: CannedAnswer }[];
  readonly meetings: Map<string, bbb.NodeMeeting>;
  wait(ms: number): Promise<void>;
  stop(): void;
}

function createNode(name: string, vector: Vector): NodeState {
  const { given } = vector;
  const meetings = new Map<string, bbb.NodeMeeting>();
  for (const meeting of given.meetings ?? []) {
    if (meeting.backend !== name || !meeting.present_on_node) continue;
    meetings.set(meeting.id, {
      id: meeting.id,
      internalId: meeting.internal_id,
      name: String(meeting.state.MeetingName ?? ""),
      isBreakout: meeting.breakout ?? false,
      meta: meeting.node_meta ?? {},
      extra: meeting.node_extra ?? "",
    });
  }
  for (const { id, iid, name: title } of given.node_only_meetings?.[name] ?? []) {
    meetings.set(id, { id, internalId: iid, name: title, isBreakout: false, meta: {}, extra: "" });
  }
  const waits = new Map<ReturnType<typeof setTimeout>, () => void>();
  return {
    name,
    secret: given.backends.find((backend) => backend.name === name)?.secret ?? "",
    modes: given.node_mode ?? {},
    recorded: (vector.forwarded ?? []).flatMap(({ to, resource, node_response: answer }) =>
      to === name && answer !== undefined ? [{ resource, answer }] : []
    ),
    meetings,
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          waits.delete(timer);
          resolve();
        }, ms);
        waits.set(timer, resolve);
      }),
    stop() {
      for (const [timer, resolve] of waits) {
        clearTimeout(timer);
        resolve();
      }
      waits.clear();
    },
  };
}

function answerOf(node: NodeState, request: NodeRequest): CannedAnswer {
  const { resource } = request;
  const mode = node.modes[resource];
  if (mode !== undefined) return mode;
  const answer = defaultAnswer(node, request); // even when another is recorded: the node must know what it built
  const at = node.recorded.findIndex((entry) => entry.resource === resource);
  const [recorded] = at < 0 ? [] : node.recorded.splice(at, 1);
  return recorded?.answer ?? answer;
}

function defaultAnswer(node: NodeState, { resource, params }: NodeRequest): CannedAnswer {
  const id = params.find(([name]) => name === "meetingID")?.[1] ?? "";
  const meeting = node.meetings.get(id);
  if (resource === "isMeetingRunning") return { body: bbb.running(meeting !== undefined) };
  if (resource === "getMeetings") return { body: bbb.meetingList([...node.meetings.values()]) };
  if (resource === "create") {
    const name = params.find(([key]) => key === "name")?.[1] ?? "";
    const fresh = { id, internalId: bbb.internalIdOf(id), name, isBreakout: false, meta: {}, extra: "" };
    node.meetings.set(id, meeting ?? fresh);
    return { body: bbb.created(id, meeting === undefined) };
  }
  if (meeting === undefined) return { body: bbb.UNKNOWN_MEETING };
  switch (resource) {
    case "getMeetingInfo":
      return { body: bbb.meetingInfo(meeting) };
    case "end":
      node.meetings.delete(id);
      return { body: bbb.ended() };
    case "join":
      return {
        body: bbb.joined(meeting.internalId),
        headers: { ...DEFAULT_HEADERS, "Set-Cookie": "JSESSIONID=ABC; Path=/bigbluebutton; Secure; HttpOnly" },
      };
    case "insertDocument":
      return { body: bbb.accepted("Presentation is being uploaded") };
    case "sendChatMessage":
      return { body: bbb.accepted("Message sent") };
    default:
      return { body: bbb.failed("unsupportedRequest", `The fake node does not know "${resource}"`) };
  }
}

export const contentType = (request: NodeRequest): string | null => header(request, "content-type") ?? null;

const decode = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/** As the nodes' requests are to be written: unreserved characters stay, a space is `+`, the rest upper-case hex. */
const encode = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
