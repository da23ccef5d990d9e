// The page a browser waits on while its meeting has no node: it carries the original join in its address.
import { Buffer } from "node:buffer";
import { errorPage, retryPage } from "../lib/html.ts";
import { sizedResponse } from "../lib/sized_response.ts";

const PATH = "/b3s/retry-join/";
const NO_JOIN = { title: "This link cannot be used", text: "Please join the meeting again from where you came." };

/** @param target path and query of the join as it arrived, checksum included */
export function retryLocation(method: string, target: string): string {
  const json = JSON.stringify({ mth: method, url: target }).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return PATH + Buffer.from(json).toString("base64url");
}

/** 400 for what is no join of ours: the page must not lead anywhere else. */
export function serveRetryPage(blob: string): Response {
  const target = readTarget(blob);
  const [status, page] = target === undefined ? [400, errorPage(NO_JOIN)] : [200, retryPage(target)];
  return sizedResponse(page, status, [["content-type", "text/html; charset=UTF-8"], ["cache-control", "no-store"]]);
}

function readTarget(blob: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(blob, "base64url").toString());
    const url = typeof parsed === "object" && parsed !== null && "url" in parsed ? parsed.url : undefined;
    return typeof url === "string" && url.startsWith("/bbb/") && !/[\s\\]/.test(url) ? url : undefined;
  } catch {
    return undefined;
  }
}
