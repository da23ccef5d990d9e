// The recorded gateway vectors as data: their shape (tests/fixtures/golden/gateway/README.md), where they lie, which
// groups are driven. Every other file of this folder works on these types.

export type Pair = readonly [string, string];
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface GivenFrontend {
  readonly key: string;
  readonly secret: string;
  readonly active: boolean;
  readonly settings: JsonObject;
}

export interface GivenBackend {
  readonly name: string;
  readonly node_state: string;
  readonly admin_state: string;
  readonly heartbeat_age_s: number;
  readonly load_factor: number;
  readonly meetings_count: number;
  readonly attendees_count: number;
  readonly settings: JsonObject;
  readonly host: string;
  readonly secret: string;
}

export interface GivenMeeting {
  readonly id: string;
  readonly internal_id: string;
  readonly frontend: string | null;
  readonly backend: string | null;
  readonly present_on_node: boolean;
  readonly state: JsonObject;
  readonly breakout?: boolean;
  readonly node_extra?: string;
  readonly node_meta?: Readonly<Record<string, string>>;
}

export interface GivenRecording {
  readonly record_id: string;
  readonly frontend: string;
  readonly meeting_id: string;
  readonly state: JsonObject;
  readonly text_track_states?: Json;
}

/** A token: its members, and the secret that it is signed with. */
export interface VectorToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signed_with: string;
}

/** What a fake node answers to a resource whatever is asked. */
export interface CannedAnswer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds before the answer. */
  readonly delay?: number;
  /** The connection is dropped without an answer. */
  readonly close?: boolean;
}

export interface VectorRequest {
  readonly method: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly raw_query?: string;
  readonly checksum: { readonly kind: string; readonly valid: boolean; readonly position: string } | null;
  readonly body?: string;
  readonly content_type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `{{jwt:N}}` in path, headers and body is entry N. */
  readonly jwt?: readonly VectorToken[];
}

/** `null`: the header must be missing. */
export type HeaderRule = string | null | { readonly not: string } | { readonly startsWith: string };

export interface Forwarded {
  readonly to: string;
  readonly method: string;
  readonly resource: string;
  readonly params: readonly Pair[];
  readonly checksum_valid: boolean;
  readonly checksum_alg?: string;
  /** Absent: not compared. `null`: no such header. */
  readonly content_type?: string | null;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, HeaderRule>>;
  readonly jwt?: readonly VectorToken[];
  readonly node_response?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
  /** May be missing; never in a recorded file. */
  readonly optional?: boolean;
}

export interface MeetingAfter {
  readonly id: string;
  readonly internal_id: string;
  readonly frontend: string | null;
  readonly backend: string | null;
  readonly state?: JsonObject;
  readonly participants?: number;
  readonly attendees?: number;
}

export interface StateAfter {
  readonly meetings?: readonly MeetingAfter[];
  readonly frontend_meetings?: readonly { readonly frontend: string; readonly meeting_id: string }[];
  /** Every row, with the columns that are compared. */
  readonly recordings?: readonly (Pick<GivenRecording, "record_id"> & Partial<GivenRecording>)[];
  /** Every file in the folders of recordings. */
  readonly files?: readonly string[];
  readonly backends?: readonly ({ readonly name: string } & JsonObject)[];
  /** Only of the vector where a create meets a poll. */
  readonly meetings_rows_right_after_create?: number;
  readonly meetings_rows_after_poll?: number;
}

export interface Vector {
  readonly name: string;
  readonly note?: string;
  readonly deviate?: string;
  readonly trigger?: string;
  readonly server?: {
    readonly reverse_proxy: boolean;
    readonly playback_host: string | null;
    readonly api_url: string;
    readonly jwt_secret: string;
  };
  readonly given: {
    readonly frontends: readonly GivenFrontend[];
    readonly backends: readonly GivenBackend[];
    readonly meetings?: readonly GivenMeeting[];
    readonly frontend_meetings?: readonly { readonly frontend: string; readonly id: string }[];
    readonly recordings?: readonly GivenRecording[];
    /** In the folders of recordings. */
    readonly files?: readonly string[];
    readonly node_mode?: Readonly<Record<string, CannedAnswer>>;
    readonly node_only_meetings?: Readonly<Record<string, readonly { id: string; iid: string; name: string }[]>>;
  };
  readonly request?: VectorRequest;
  readonly forwarded?: readonly Forwarded[];
  readonly response?: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly jwt?: readonly VectorToken[];
  };
  readonly state_after?: StateAfter;
}

/** Driven groups and how many vectors each has: a file that gets lost must not go unnoticed. */
export const DRIVEN_GROUPS: Readonly<Record<string, number>> = {
  addr: 21,
  checksum: 13,
  post: 2,
  forward: 3,
  settings: 2,
  create: 58,
  join: 21,
  "retry-join": 4,
  running: 8,
  end: 5,
  info: 8,
  meetings: 3,
  configxml: 4,
  refresh: 8,
  callback: 13,
  protected: 16,
  recordings: 21,
  publish: 10,
  update: 5,
  delete: 5,
  texttracks: 2,
  import: 13,
};

const FOLDER = new URL("../../fixtures/golden/gateway/", import.meta.url);

/** @throws for a name that belongs to no group, so that no file is skipped by a misspelling */
export function groupOf(name: string): string {
  const stem = name.replace(/^forwarded-/, "forward-");
  const group = Object.keys(DRIVEN_GROUPS).find((group) => stem.startsWith(`${group}-`));
  if (group === undefined) throw new Error(`The vector "${name}" belongs to no group`);
  return group;
}

/** @returns the vectors of the driven groups by name, in the order of the names */
export function loadVectors(): Vector[] {
  const files = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).filter((file) => file.endsWith(".json"));
  const names = files.map((file) => file.slice(0, -".json".length)).sort();
  return names.map((name) => {
    const vector = JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, FOLDER))) as Vector;
    if (vector.name !== name) throw new Error(`The vector in ${name}.json calls itself "${vector.name}"`);
    return vector;
  });
}
