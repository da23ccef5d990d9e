// BBB writes the names of metas and userdata as XML elements. One that is no XML name makes the node's whole list of
// meetings unreadable, for every tenant on it: it never reaches the node (design §6).
import { isRecordingResource } from "../../bbb/resources.ts";
import { isXmlName } from "../../bbb/xml.ts";
import type { GatewayMiddleware } from "../types.ts";

const PREFIXES = ["meta_", "userdata-"];

const isOdd = (name: string): boolean =>
  PREFIXES.some((prefix) => name.startsWith(prefix) && !isXmlName(name.slice(prefix.length)));

/** Innermost but one, so that names from settings are judged too. */
export const dropOddNames: GatewayMiddleware = (req, next) => {
  if (isRecordingResource(req.resource)) return next(req);
  const odd = [...req.params.keys()].filter(isOdd);
  if (odd.length === 0) return next(req);
  return next({ ...req, params: new Map([...req.params].filter(([name]) => !isOdd(name))) });
};
