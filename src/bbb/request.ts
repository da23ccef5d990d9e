// A BBB API request as a client sent it: raw query, parameters of query and form body, body bytes.
import { readBody } from "../lib/read_bytes.ts";
import { verify } from "./checksum.ts";
import { encodeJava, type Params, rawQueryOf, readQuery, withoutChecksum } from "./query.ts";
import { CHECKSUM } from "./resources.ts";

export interface BbbRequest {
  readonly method: "GET" | "POST";
  /** Last part of the path; empty for the index. */
  readonly resource: string;
  readonly rawQuery: string;
  /** Query and form body together; the query wins. */
  readonly params: Params;
  /** Parameters that came in a form body. */
  readonly form: Params;
  /** Files of a multipart body. */
  readonly files: ReadonlyMap<string, File>;
  /** What is left to hand on: empty when the body was a form. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** As the client labelled the body, "" when not at all. */
  readonly contentType: string;
  /** Why the parameters cannot be read. Said only to those who signed the request (gateway/admit.ts). */
  readonly problem: string | undefined;
}

interface Form {
  readonly params: Params;
  readonly files: BbbRequest["files"];
}

const EMPTY: Params = new Map();
const NO_FORM: Form = { params: EMPTY, files: new Map() };
const NO_BYTES = new Uint8Array(0);

/**
 * @param resource last segment of the path, decoded
 * @throws body_too_large, invalid_parameter for a body that ends too early
 */
export async function readRequest(req: Request, resource: string): Promise<BbbRequest> {
  const rawQuery = rawQueryOf(req.url);
  const method = req.method === "POST" ? "POST" : "GET";
  const contentType = req.headers.get("content-type") ?? "";
  const query = readQuery(rawQuery);
  const body = req.body === null ? NO_BYTES : await readBody(req);
  const form = body.length === 0 || startsLikeXml(body) ? NO_FORM : await readForm(body, contentType);
  if (query === undefined || form === undefined) {
    const problem = query === undefined ? "The query has a broken percent-escape" : "The form body cannot be read";
    const params = salvageChecksum(rawQuery);
    return { method, resource, rawQuery, params, form: EMPTY, files: new Map(), body: NO_BYTES, contentType, problem };
  }
  const isForm = form.params.size > 0;
  return {
    method,
    resource,
    rawQuery,
    params: isForm ? new Map([...form.params, ...query]) : query,
    form: form.params,
    files: form.files,
    body: isForm ? NO_BYTES : body,
    contentType,
    problem: undefined,
  };
}

/**
 * Whether the request is signed with `secret`. A non-empty query is what counts; without one BBB up to 2.7 signs the form,
 * sorted and re-encoded by Java's rules, and 3.0 the empty text (bbb-api §1.2): both generations of clients exist.
 */
export function isSigned(request: BbbRequest, secret: string): boolean {
  const query = withoutChecksum(request.rawQuery);
  const names = [...request.form.keys()].filter((name) => name !== CHECKSUM).sort();
  const queries: string[] = [];
  // People hold the signed URL of their own join: a form that it does not cover could add `role=MODERATOR`.
  if (names.length === 0 || request.resource !== "join") queries.push(query);
  if (names.length > 0 && query === "") {
    queries.push(names.map((name) => `${name}=${encodeJava(request.form.get(name) ?? "")}`).join("&"));
  }
  return verify(request.resource, queries, secret, request.params.get(CHECKSUM) ?? "");
}

function salvageChecksum(rawQuery: string): Params {
  const pair = rawQuery.split("&").find((part) => part.startsWith(`${CHECKSUM}=`));
  return new Map([[CHECKSUM, pair?.slice(CHECKSUM.length + 1) ?? ""]]);
}

/** A body whose first visible byte is `<` is XML, whatever its label says (gateway contract §2.2). */
function startsLikeXml(body: Uint8Array): boolean {
  const text = new TextDecoder().decode(body.subarray(0, 64)).trimStart();
  return text.startsWith("<");
}

/** @returns no parameters for a body that is no form, undefined for a form that cannot be read */
async function readForm(body: Uint8Array<ArrayBuffer>, contentType: string): Promise<Form | undefined> {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") {
    const params = readQuery(new TextDecoder().decode(body).trim());
    return params && { ...NO_FORM, params };
  }
  if (type !== "multipart/form-data") return NO_FORM;
  try {
    const data = await new Response(body, { headers: { "content-type": contentType } }).formData();
    const params = new Map<string, string>();
    const files = new Map<string, File>();
    for (const [name, value] of data) {
      if (typeof value !== "string") files.set(name, files.get(name) ?? value);
      else if (!params.has(name)) params.set(name, value);
    }
    return { params, files };
  } catch {
    return undefined;
  }
}
