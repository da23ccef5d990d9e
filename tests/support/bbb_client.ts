// A frontend as its own program would be: signs with node:crypto, sends over fetch, reads answers as text. Shares no code
// with src/, so that a mistake there cannot hide here.
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";

export type Params = Readonly<Record<string, string>>;

export interface BbbAnswer {
  readonly status: number;
  /** Of a redirect, "" else. */
  readonly location: string;
  readonly xml: string;
  readonly returncode: string;
  readonly messageKey: string;
  readonly tookMs: number;
  /** Text of the first element of that name, "" when there is none. */
  text(name: string): string;
  /** Texts of all of them. */
  texts(name: string): string[];
}

export interface BbbClient {
  readonly key: string;
  call(resource: string, params?: Params, init?: RequestInit): Promise<BbbAnswer>;
  create(meetingID: string, params?: Params): Promise<BbbAnswer>;
  /** Path and query, signed. */
  target(resource: string, params?: Params): string;
}

const escape = (text: string): string => encodeURIComponent(text).replaceAll("'", "%27");

export const queryOf = (params: Params): string =>
  Object.entries(params).map(([name, value]) => `${escape(name)}=${escape(value)}`).join("&");

export const signedTarget = (path: string, resource: string, query: string, secret: string): string => {
  const checksum = createHash("sha256").update(resource + query + secret).digest("hex");
  return `${path}/${resource}?${query === "" ? "" : `${query}&`}checksum=${checksum}`;
};

/** The id that nodes and the database see. */
export function clusterID(key: string, meetingID: string): string {
  const base64 = Buffer.from(JSON.stringify([key, meetingID, "b3scl"])).toString("base64url");
  return base64 + "=".repeat((4 - base64.length % 4) % 4);
}

/** Longer than any budget of the server: a test sees what it answers, not that it was cut off. */
const PATIENCE_MS = 30_000;

/** @param origin `http://127.0.0.1:PORT` */
export function bbbClient(origin: string, key: string, secret: string): BbbClient {
  const target = (resource: string, params: Params = {}) =>
    signedTarget(`/bbb/${escape(key)}/bigbluebutton/api`, resource, queryOf(params), secret);
  const call: BbbClient["call"] = async (resource, params = {}, init = {}) => {
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(origin + target(resource, params), { redirect: "manual", signal, ...init });
    return readAnswer(response, await response.text(), performance.now() - startedAt);
  };
  return {
    key,
    target,
    call,
    create: (meetingID, params = {}) => call("create", { meetingID, name: `Room ${meetingID}`, ...params }),
  };
}

function readAnswer({ status, headers }: Response, xml: string, tookMs: number): BbbAnswer {
  const texts = (name: string) =>
    Array.from(xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g")), ([, text = ""]) => text);
  const text = (name: string) => texts(name)[0] ?? "";
  return {
    status,
    location: headers.get("location") ?? "",
    xml,
    returncode: text("returncode"),
    messageKey: text("messageKey"),
    tookMs,
    text,
    texts,
  };
}
