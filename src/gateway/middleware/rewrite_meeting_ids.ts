// Two tenants may use the same meeting id: towards the cluster each id carries its frontend, towards the client it does not.
import { MEETING_ID } from "../../bbb/resources.ts";
import type { BbbResponse } from "../../bbb/response.ts";
import { element, textOf, type XmlElement, type XmlNode } from "../../bbb/xml.ts";
import {
  decodeMeetingID,
  encodeMeetingID,
  type FrontendMeetingID,
  MAX_CLUSTER_MEETING_ID,
} from "../../contract/meeting_id.ts";
import { AppError } from "../../errors.ts";
import { type GatewayMiddleware, splitList, withParam } from "../types.ts";

/** @throws meeting_id_too_long, meeting_id_invalid on create */
export const rewriteMeetingIDs: GatewayMiddleware = async (req, next) => {
  const given = req.params.get(MEETING_ID) ?? "";
  if (given === "") return decodeAnswer(await next(req), req.frontend.key);
  if (req.resource === "create" && given.includes(",")) {
    throw new AppError("meeting_id_invalid", `Meeting ID "${given}" contains a comma`);
  }
  const ids = req.resource === "getRecordings" ? splitList(given) : [given]; // nothing else takes a list
  const encoded = ids.map((id) => encodeMeetingID(req.frontend.key, id as FrontendMeetingID));
  if (req.resource === "create" && (encoded[0] ?? "").length > MAX_CLUSTER_MEETING_ID) {
    throw new AppError("meeting_id_too_long", `The encoded meeting ID has ${encoded[0]?.length} characters`);
  }
  return decodeAnswer(await next(withParam(req, MEETING_ID, encoded.join(","))), req.frontend.key);
};

/** Elements that hold an id of the cluster; `internalMeetingID` and breakout lists hold BBB's own. */
const ID_ELEMENTS: ReadonlySet<string> = new Set([MEETING_ID, "parentMeetingID", "meeting_id"]);

function decodeAnswer(response: BbbResponse, frontendKey: string): BbbResponse {
  if (response.kind !== "xml") return response;
  return { ...response, root: decodeChildren(response.root, frontendKey) };
}

function decodeChildren(parent: XmlElement, frontendKey: string): XmlElement {
  const decode = (child: XmlNode): XmlNode => {
    if (typeof child === "string" || "cdata" in child) return child;
    if (ID_ELEMENTS.has(child.name)) return element(child.name, decodeMeetingID(frontendKey, textOf(child)));
    return child.name === "breakout" ? decodeChildren(child, frontendKey) : child;
  };
  return { ...parent, children: parent.children.map(decode) };
}
