// The recorded REST vectors as data: their shape (tests/fixtures/golden/rest/README.md), where they lie, which groups are
// driven.
import type { Json, JsonObject } from "../golden/vector.ts";

export interface Token {
  readonly scope?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  /** Seconds from now. */
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly alg?: "HS256" | "HS384" | "HS512" | "none";
  readonly secret?: string;
  /** Literal value of the Authorization header, `{{jwt}}` inserted. */
  readonly header?: string;
  /** Instead of a header: in the path as `{{token}}`, or as the playback cookie. */
  readonly in_path?: boolean;
  readonly in_cookie?: boolean;
}

export interface ExpectedAnswer {
  readonly status: number;
  /** Of content-type, location, set-cookie and allow. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Json;
  readonly text?: string;
}

/** Rows per table; each row names the columns that are compared. */
export type Rows = Readonly<Record<string, readonly JsonObject[]>>;

export interface RestVector {
  readonly name: string;
  readonly note?: string;
  readonly deviate?: string;
  readonly given?: Rows;
  readonly given_files?: readonly string[];
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly token?: Token;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: Json;
    readonly body?: string;
  };
  readonly response: ExpectedAnswer;
  readonly then?: Readonly<Record<string, Json>>;
}

/** Driven groups, one file each, and how many vectors each has: a file that loses some must not go unnoticed. */
export const DRIVEN_GROUPS: Readonly<Record<string, number>> = {
  agent: 5,
  auth: 22,
  backends: 42,
  callbacks: 10,
  commands: 10,
  ctrl: 2,
  frontends: 53,
  meetings: 23,
  misc: 8,
  protected: 20,
  "recordings-import": 16,
  recordings: 7,
  "recordings-visibility": 10,
  rpc: 15,
  status: 3,
};

const FOLDER = new URL("../../fixtures/golden/rest/", import.meta.url);

export const groupOf = ({ name }: RestVector): string => name.slice(0, name.indexOf("."));

/** @throws for a file that belongs to no group, so that none is skipped by a misspelling */
export function loadRestVectors(): RestVector[] {
  const files = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).filter((file) => file.endsWith(".json"));
  return files.sort().flatMap((file) => {
    const group = file.slice(0, -".json".length);
    if (!(group in DRIVEN_GROUPS)) throw new Error(`${file} belongs to no group`);
    const vectors = JSON.parse(Deno.readTextFileSync(new URL(file, FOLDER))) as RestVector[];
    const stray = vectors.find((vector) => groupOf(vector) !== group);
    if (stray !== undefined) throw new Error(`${file} holds "${stray.name}"`);
    return vectors;
  });
}
