// Counts what happens in this process. Families that show the cluster's state are made at each scrape, elsewhere.
import type { Recorder } from "./types.ts";

export function createRecorder(): Recorder {
  return {
    httpRequest: () => {},
    gatewayRequest: () => {},
    nodeCall: () => {},
    authFailure: () => {},
    meetingEnded: () => {},
  };
}
