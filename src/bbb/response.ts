// What the gateway hands up the chain, and how it becomes HTTP. Every API error of BBB is HTTP 200 with a FAILED envelope.
import { sizedResponse } from "../lib/sized_response.ts";
import { childText, element, findChild, serializeXml, type XmlElement } from "./xml.ts";

/** Headers of a node that reach the client: content type and cache control, cookies on join. */
export interface NodeHeaders {
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly setCookie?: readonly string[];
}

export type BbbResponse =
  /** A tree: ours, or a node's with ids rewritten. */
  | { readonly kind: "xml"; readonly root: XmlElement; readonly status: number; readonly headers: NodeHeaders }
  /** Bytes that are not looked at: a list that is already written, or a node's JSON. */
  | {
    readonly kind: "bytes";
    readonly body: Uint8Array<ArrayBuffer> | string;
    readonly status: number;
    readonly headers: NodeHeaders;
  }
  /** A browser is sent on; `page` says whether a body with a link is due. */
  | { readonly kind: "redirect"; readonly location: string; readonly page: boolean; readonly headers: NodeHeaders }
  | { readonly kind: "page"; readonly html: string; readonly status: number };

export const XML_CONTENT_TYPE = "application/xml";

/** SUCCESS with these elements after the return code. */
export const success = (...children: XmlElement[]): BbbResponse => ({
  kind: "xml",
  root: element("response", element("returncode", "SUCCESS"), ...children),
  status: 200,
  headers: {},
});

/** FAILED with BBB's own key; see bbb-api §1.3 for keys and texts. */
export const failure = (messageKey: string, message: string): BbbResponse => ({
  kind: "xml",
  root: element(
    "response",
    element("returncode", "FAILED"),
    element("message", message), // 1.x's order; BBB has them the other way round, clients go by name
    element("messageKey", messageKey),
  ),
  status: 200,
  headers: {},
});

export const isSuccess = (root: XmlElement): boolean => childText(root, "returncode").trim() === "SUCCESS";

/** The key of an answer; old nodes list it below `<errors><error>`, as child or attribute (bbb-api §1.3). */
export function messageKeyOf(root: XmlElement): string {
  const key = childText(root, "messageKey").trim();
  const error = findChild(findChild(root, "errors") ?? root, "error");
  if (key !== "" || error === undefined) return key;
  return childText(error, "key").trim() || (error.attributes.find(([name]) => name === "key")?.[1] ?? "");
}

/** @param redirectPage the body of a redirect that has one */
export function toHttp(response: BbbResponse, redirectPage: (location: string) => string): Response {
  switch (response.kind) {
    case "xml":
      return sizedResponse(serializeXml(response.root), response.status, httpHeaders(response.headers));
    case "bytes":
      return sizedResponse(response.body, response.status, httpHeaders(response.headers));
    case "redirect": {
      const headers = httpHeaders({ contentType: "text/html", ...response.headers });
      headers.push(["location", response.location]);
      return sizedResponse(response.page ? redirectPage(response.location) : "", 302, headers);
    }
    case "page":
      return sizedResponse(response.html, response.status, [["content-type", "text/html; charset=UTF-8"]]);
  }
}

function httpHeaders(from: NodeHeaders): [string, string][] {
  const headers: [string, string][] = [["content-type", from.contentType ?? XML_CONTENT_TYPE]];
  if (from.cacheControl !== undefined) headers.push(["cache-control", from.cacheControl]);
  for (const cookie of from.setCookie ?? []) headers.push(["set-cookie", cookie]);
  return headers;
}
