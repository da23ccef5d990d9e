// A frontend as small as can be: signs BBB API calls as Greenlight or Moodle do, and reads their answers. Shares no code
// with src/, so that it is an honest counterpart.
import { signedQuery } from "./bbb_node/checksum.ts";

export interface BbbAnswer {
  readonly status: number;
  readonly body: string;
  readonly isSuccess: boolean;
  /** `returncode`, and the `messageKey` where there is one: what a log line would say. */
  readonly summary: string;
  /** Text of the first element of that name, "" for none. */
  text(name: string): string;
  /** Texts of all elements of that name. */
  texts(name: string): string[];
}

export interface BbbClient {
  readonly key: string;
  readonly secret: string;
  /** What a frontend is configured with: `…/bbb/<key>/bigbluebutton/api`. */
  readonly api: string;
  url(resource: string, params?: Params): string;
  /** @throws Error when there is no answer within 30 s, or the demo is being stopped */
  call(resource: string, params?: Params): Promise<BbbAnswer>;
}

export type Params = Readonly<Record<string, string>>;

export function createClient(
  { server, key, secret, signal }: { server: string; key: string; secret: string; signal: AbortSignal },
): BbbClient {
  const api = `${server}/bbb/${key}/bigbluebutton/api`;
  const url = (resource: string, params: Params = {}) =>
    `${api}/${resource}?${signedQuery(resource, new URLSearchParams(params).toString(), secret)}`;
  return {
    key,
    secret,
    api,
    url,
    call: (resource, params) => get(resource === "" ? api : url(resource, params), signal),
  };
}

/** Any URL that answers like the BBB API. */
export async function get(url: string, signal: AbortSignal): Promise<BbbAnswer> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]) });
  const body = await response.text();
  const texts = (name: string) =>
    Array.from(body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g")), (match) => unescape(match[1] ?? ""));
  const text = (name: string) => texts(name)[0] ?? "";
  return {
    status: response.status,
    body,
    isSuccess: text("returncode") === "SUCCESS",
    summary: [text("returncode") || `HTTP ${response.status}`, text("messageKey")].filter(Boolean).join(" "),
    text,
    texts,
  };
}

/**
 * Follows a join link as a browser does: balancer → node → client page.
 * @returns the address of the node that the balancer sent us to, and the text of the page that was reached
 */
export async function followJoin(link: string, signal: AbortSignal): Promise<{ node: string; page: string }> {
  const redirect = await fetch(link, {
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    headers: { accept: "text/html" },
  });
  await redirect.body?.cancel();
  const location = redirect.headers.get("location");
  if (location === null) throw new Error(`join was not redirected but answered with HTTP ${redirect.status}`);
  const target = new URL(location, link);
  const reached = await fetch(target, { signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]) });
  return { node: target.host, page: await reached.text() };
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const unescape = (text: string) => text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? "");
