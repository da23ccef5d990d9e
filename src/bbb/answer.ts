// A node's answer as XML. What cannot be used as an answer of the BBB API is a failure of the node, never the client's.
import { type NodeAnswer, NodeError } from "./client.ts";
import { isSuccess, messageKeyOf } from "./response.ts";
import { childText, parseXml, type XmlElement, XmlError } from "./xml.ts";

/**
 * @returns the tree below `<response>`, SUCCESS or FAILED
 * @throws NodeError for a status other than 2xx, text that is no XML or no envelope, and the node's own checksumError,
 * which means that our secret for the node is wrong
 */
export function readAnswer(answer: NodeAnswer, resource: string): XmlElement {
  if (answer.status < 200 || answer.status > 299) throw new NodeError("status", resource, String(answer.status));
  const root = parseAnswer(answer, resource);
  if (!isSuccess(root) && messageKeyOf(root) === "checksumError") {
    throw new NodeError("unreadable", resource, ": the node refuses our checksum, check the backend's secret");
  }
  return root;
}

function parseAnswer(answer: NodeAnswer, resource: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(new TextDecoder().decode(answer.body));
  } catch (error) {
    if (error instanceof XmlError) throw new NodeError("unreadable", resource, `: ${error.message}`);
    throw error;
  }
  if (root.name !== "response" || childText(root, "returncode") === "") {
    throw new NodeError("unreadable", resource, ": no BBB response");
  }
  return root;
}
