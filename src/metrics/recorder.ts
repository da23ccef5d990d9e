// Counts what happens in this process. Families that show the cluster's state are made at each scrape, elsewhere.
import type { Registry } from "prom-client";
import { createHttpRequests } from "./http_requests.ts";
import { backendLabel, messageKeyLabel, NO_RELATION, resourceLabel, resultLabel } from "./labels.ts";
import { createRegistry } from "./registry.ts";
import { createCounters, createHistograms, type Labels } from "./tallies.ts";
import type { Recorder } from "./types.ts";

export interface ProcessRecorder extends Recorder {
  /** Drops the series of all others; backends as `backendLabel()` writes them, frontends by their keys. */
  retain(present: { readonly backends: ReadonlySet<string>; readonly frontends: ReadonlySet<string> }): void;
}

const GATEWAY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NODE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MEETING_SECONDS = [1, 5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 360, 720, 1440].map((minutes) => minutes * 60);

/** Instead of a frontend, for requests that nobody has signed. */
const UNKNOWN = "unknown";

/** @param hosts what this server is called by in a Host header, ports included */
export function createRecorder(
  { registry = createRegistry(), hosts = [] }: { registry?: Registry; hosts?: readonly string[] } = {},
): ProcessRecorder {
  const gatewayRequests = createCounters({
    registry,
    name: "b3scale_gateway_requests_total",
    help: "BBB calls of frontends by the messageKey of the answer",
  });
  const gatewaySeconds = createHistograms({
    registry,
    name: "b3scale_gateway_request_duration_seconds",
    help: "How long BBB calls of frontends took, waiting for nodes included",
    buckets: GATEWAY_SECONDS,
  });
  const nodeCalls = createCounters({
    registry,
    name: "b3scale_node_calls_total",
    help: "Calls of BBB nodes by how they ended",
  });
  const nodeCallSeconds = createCounters({
    registry,
    name: "b3scale_node_call_seconds_total",
    help: "Time spent in calls of BBB nodes: its rate by that of the calls is the mean latency",
  });
  const nodeSeconds = createHistograms({
    registry,
    name: "b3scale_node_call_duration_seconds",
    help: "How long calls of BBB nodes took, waiting for a free place included",
    buckets: NODE_SECONDS,
  });
  const meetingSeconds = createHistograms({
    registry,
    name: "b3scale_meeting_duration_seconds",
    help: "How long meetings lasted, observed when they have ended",
    buckets: MEETING_SECONDS,
  });
  const authFailures = createCounters({
    registry,
    name: "b3scale_auth_failures_total",
    help: "Requests refused for a wrong checksum or token",
  });
  for (const kind of ["checksum", "token"]) authFailures.of({ kind });

  return {
    httpRequest: createHttpRequests(registry, hosts),
    gatewayRequest: ({ frontend = UNKNOWN, messageKey, seconds, ...given }) => {
      const resource = resourceLabel(given.resource);
      gatewayRequests.of({ frontend, resource, message_key: messageKeyLabel(messageKey) }).add(1);
      gatewaySeconds.of({ resource }).add(seconds);
    },
    nodeCall: ({ host, error, seconds, ...given }) => {
      const backend = backendLabel(host);
      const resource = resourceLabel(given.resource);
      nodeCalls.of({ backend, resource, result: resultLabel(error) }).add(1);
      nodeCallSeconds.of({ backend, resource }).add(seconds);
      nodeSeconds.of({ resource }).add(seconds);
    },
    authFailure: (kind) => authFailures.of({ kind }).add(1),
    meetingEnded: ({ frontend, seconds }) => meetingSeconds.of({ frontend: frontend ?? NO_RELATION }).add(seconds),
    retain: ({ backends, frontends }) => {
      const isPresent = ({ backend, frontend }: Labels) =>
        (backend === undefined || backends.has(backend)) &&
        (frontend === undefined || frontend === UNKNOWN || frontend === NO_RELATION || frontends.has(frontend));
      for (const family of [gatewayRequests, nodeCalls, nodeCallSeconds, meetingSeconds]) family.retain(isPresent);
    },
  };
}
