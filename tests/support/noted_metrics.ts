// A recorder that keeps what it is told, for tests of the places that tell it.
import type { Recorder } from "../../src/metrics/types.ts";

type Told<Name extends keyof Recorder> = Parameters<Recorder[Name]>[0];

export interface NotedMetrics extends Recorder {
  readonly requests: readonly Told<"httpRequest">[];
  readonly answers: readonly Told<"gatewayRequest">[];
  readonly calls: readonly Told<"nodeCall">[];
  readonly refused: readonly Told<"authFailure">[];
  readonly ended: readonly Told<"meetingEnded">[];
}

export function noteMetrics(): NotedMetrics {
  const requests: Told<"httpRequest">[] = [];
  const answers: Told<"gatewayRequest">[] = [];
  const calls: Told<"nodeCall">[] = [];
  const refused: Told<"authFailure">[] = [];
  const ended: Told<"meetingEnded">[] = [];
  return {
    httpRequest: (observed) => void requests.push(observed),
    gatewayRequest: (observed) => void answers.push(observed),
    nodeCall: (observed) => void calls.push(observed),
    authFailure: (kind) => void refused.push(kind),
    meetingEnded: (meeting) => void ended.push(meeting),
    requests,
    answers,
    calls,
    refused,
    ended,
  };
}
