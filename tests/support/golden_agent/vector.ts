// The recorded starts of an agent as data: their shape (tests/fixtures/golden/rest/README.md), and what they leave out.
import type { Json } from "../golden/vector.ts";
import type { Rows, Token } from "../golden_rest/vector.ts";

export interface AgentRequest {
  readonly method: string;
  readonly path: string;
  /** Of user-agent, authorization, content-type and content-length: what is not named was not sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the answer. */
  readonly status: number;
  readonly json?: Json;
}

export interface StartupVector {
  readonly name: string;
  readonly note?: string;
  readonly deviate?: string;
  readonly args: readonly string[];
  readonly properties: string;
  readonly given: Rows;
  /** Without heartbeats. */
  readonly requests: readonly AgentRequest[];
  readonly heartbeat_request?: AgentRequest;
  readonly heartbeats_in_2_5s: number;
  /** null: it kept running. */
  readonly exit_code: number | null;
  readonly stdout: string;
  readonly stderr: readonly string[];
}

export const VECTORS = 18;

/** What the recording does not name, where it is not the usual: a token of the agent, and where server and file are. */
export interface Circumstances {
  readonly env?: Readonly<Record<string, string>>;
  readonly token?: Token;
}

export const CIRCUMSTANCES: Readonly<Record<string, Circumstances>> = {
  "startup.register-double-dash": { env: { B3SCALE_LOAD_FACTOR: "2.5" } },
  "startup.bad-load-factor": { env: { B3SCALE_LOAD_FACTOR: "abc" } },
  "startup.no-api-url": { env: { B3SCALE_API_URL: "" } },
  "startup.no-token": { env: { B3SCALE_API_ACCESS_TOKEN: "" } },
  "startup.no-properties-file": { env: { BBB_CONFIG: "/nonexistent/bbb-web.properties" } },
  "startup.api-unreachable": { env: { B3SCALE_API_URL: "http://127.0.0.1:41198" } },
  "startup.bad-token": { env: { B3SCALE_API_ACCESS_TOKEN: "abc" } },
  "startup.wrong-scope": { token: { scope: "b3scale", sub: "agent1" } },
  "startup.api-url-trailing-slash": { env: { B3SCALE_API_URL: "http://127.0.0.1:41120/" } },
};

const FILE = new URL("../../fixtures/golden/agent/startup.json", import.meta.url);

export const loadStartups = (): StartupVector[] => JSON.parse(Deno.readTextFileSync(FILE)) as StartupVector[];
