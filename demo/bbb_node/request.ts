// A call as the node received it: raw query untouched, parameters of query and form body decoded and merged.
import type { IncomingMessage } from "node:http";
import { Buffer } from "node:buffer";
import { type ChecksumAlgorithm, verifyChecksum } from "./checksum.ts";

/** One API call that reached the node, kept for inspection. `at` is the node's clock, in milliseconds. */
export interface NodeCall {
  method: string;
  /** What stands behind `/bigbluebutton/api/`; empty for the root call. */
  resource: string;
  rawQuery: string;
  params: Record<string, string>;
  /** By the length of the checksum; null when it is missing or of no known length. */
  checksumAlgorithm: ChecksumAlgorithm | null;
  /** Whether the caller knew the node's secret, whatever the node was told to answer. */
  checksumValid: boolean;
  headers: Record<string, string>;
  body: string;
  at: number;
}

export type Params = ReadonlyMap<string, string>;

export interface ApiRequest extends Omit<NodeCall, "params" | "at"> {
  params: Params;
  /** Without the charset suffix, lower-cased; empty when there is none. */
  contentType: string;
  hasBody: boolean;
}

export const formTypes = ["application/x-www-form-urlencoded", "multipart/form-data"];
export const xmlTypes = ["application/xml", "text/xml"];

/** @returns path and query of a request target, the query without its question mark and otherwise as received */
export function splitTarget(target: string): { path: string; rawQuery: string } {
  const mark = target.indexOf("?");
  return mark < 0 ? { path: target, rawQuery: "" } : { path: target.slice(0, mark), rawQuery: target.slice(mark + 1) };
}

async function readBody(message: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

async function formPairs(bytes: Uint8Array<ArrayBuffer>, header: string, type: string): Promise<[string, string][]> {
  if (bytes.length === 0 || !formTypes.includes(type)) return [];
  if (type === "application/x-www-form-urlencoded") return [...new URLSearchParams(new TextDecoder().decode(bytes))];
  const form = await new Response(bytes, { headers: { "content-type": header } }).formData().catch(() => undefined);
  return [...form ?? []].flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[name, value]] : []
  );
}

export async function readRequest(message: IncomingMessage, resource: string, secret: string): Promise<ApiRequest> {
  const { rawQuery } = splitTarget(message.url ?? "/");
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)]));
  const header = headers["content-type"] ?? "";
  const contentType = header.split(";", 1).join("").trim().toLowerCase();
  const bytes = await readBody(message);
  const params = new Map<string, string>();
  // Of a repeated name the first counts, and the query comes before the body, as in a Java servlet.
  for (const [name, value] of [...new URLSearchParams(rawQuery), ...await formPairs(bytes, header, contentType)]) {
    if (!params.has(name)) params.set(name, value);
  }
  const { algorithm, valid } = verifyChecksum(resource, rawQuery, params.get("checksum") ?? "", secret);
  return {
    method: message.method ?? "GET",
    resource,
    rawQuery,
    params,
    checksumAlgorithm: algorithm,
    checksumValid: valid,
    headers,
    body: new TextDecoder().decode(bytes),
    contentType,
    hasBody: Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined,
  };
}
