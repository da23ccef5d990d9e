// The recorded events of an agent as data, and what is expected of each: what deviates on purpose is written down here.
import type { Json } from "../golden/vector.ts";
import type { AgentRequest } from "./vector.ts";

export interface EventVector {
  readonly name: string;
  readonly note?: string;
  readonly deviate?: string;
  readonly channel: string;
  /** A text is published as it is. */
  readonly message: Json;
  readonly requests: readonly (AgentRequest & { readonly payload_decoded?: Json })[];
}

export const EVENT_VECTORS = 14;

const FILE = new URL("../../fixtures/golden/agent/events.json", import.meta.url);

export const loadEvents = (): EventVector[] => JSON.parse(Deno.readTextFileSync(FILE)) as EventVector[];

/** The request that another case causes. */
const sameAs = (name: string) => (vectors: readonly EventVector[]) =>
  vectors.find((vector) => vector.name === name)?.requests ?? [];

/** What 1.x could not read: its `requests` are empty. */
const DEVIATIONS: Readonly<Record<string, (vectors: readonly EventVector[]) => EventVector["requests"]>> = {
  "user-joined-without-clientType": (vectors) =>
    sameAs("UserJoinedMeetingEvtMsg")(vectors).map((request) =>
      withPayload(request, ({ attendee, ...params }) => ({
        ...params,
        attendee: { ...attendee as Record<string, Json>, ClientType: "" },
      }))
    ),
  "routing-with-non-string-value": sameAs("MeetingEndedEvtMsg"),
  "float-timestamp": sameAs("MeetingEndedEvtMsg"),
};

/** Its request is 1.x's; what 1.x logs about the answer is no request. */
const SAME_REQUESTS = ["MeetingDestroyed-unknown-meeting"];

function withPayload(
  { json, payload_decoded, ...request }: EventVector["requests"][number],
  change: (params: Readonly<Record<string, Json>>) => Readonly<Record<string, Json>>,
): AgentRequest {
  const params = change(payload_decoded as Record<string, Json>);
  const payload = new TextEncoder().encode(JSON.stringify(params)).toBase64();
  const changed = { ...json as Record<string, Json>, payload };
  const length = String(JSON.stringify(changed).length);
  return { ...request, headers: { ...request.headers, "content-length": length }, json: changed };
}

export const expectedRequests = (vector: EventVector, vectors: readonly EventVector[]): EventVector["requests"] =>
  DEVIATIONS[vector.name]?.(vectors) ?? vector.requests;

/** @returns entries that a vector lacks, and entries that no vector needs */
export function eventMisfits(vectors: readonly EventVector[]): string[] {
  const marked = new Set(vectors.filter(({ deviate }) => deviate !== undefined).map(({ name }) => name));
  const entries = [...Object.keys(DEVIATIONS), ...SAME_REQUESTS];
  const changesNothing = (vector: EventVector) =>
    Object.hasOwn(DEVIATIONS, vector.name) && expectedRequests(vector, vectors).length === vector.requests.length;
  return [
    ...[...marked].filter((name) => !entries.includes(name)).map((name) => `"${name}" has no entry`),
    ...entries.filter((name) => !marked.has(name)).map((name) => `"${name}" is superfluous`),
    ...vectors.filter(changesNothing).map(({ name }) => `"${name}" changes nothing`),
  ];
}
