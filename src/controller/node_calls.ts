// The calls that commands make on nodes, in our own name.
import type { NodeAddress, NodeAnswer, NodeClient } from "../bbb/client.ts";

const call = (
  nodes: NodeClient,
  node: NodeAddress,
  resource: string,
  params: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<NodeAnswer> =>
  nodes.call(node, {
    method: "GET",
    resource,
    params: new Map(Object.entries(params)),
    idempotent: true,
    timeoutMs,
  });

/** @throws NodeError */
export const askMeetings = (nodes: NodeClient, node: NodeAddress, timeoutMs: number) =>
  call(nodes, node, "getMeetings", {}, timeoutMs);

const CALL_MS = 5000;

/** @throws NodeError */
export const askMeetingInfo = (nodes: NodeClient, node: NodeAddress, meetingID: string) =>
  call(nodes, node, "getMeetingInfo", { meetingID }, CALL_MS);

/** @param password the moderators' @throws NodeError */
export const endMeeting = (nodes: NodeClient, node: NodeAddress, meetingID: string, password: string) =>
  call(nodes, node, "end", { meetingID, password }, CALL_MS);
