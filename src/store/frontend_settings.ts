// The JSON in `frontends.settings`. It was written by hand, by 1.x and by us: each member is read alone, and what is
// of a wrong type counts as not set instead of failing every request of that tenant.

export type ParamMap = Readonly<Record<string, string>>;

export interface FrontendSettings {
  /** null and [] ask for nothing alike; REST shows which it is. */
  readonly required_tags: readonly string[] | null;
  readonly default_presentation: { readonly url: string; readonly force: boolean } | null;
  /** Less than 1 limits nothing, as null does; REST shows which it is. */
  readonly attendees_limit: { readonly limit: number } | null;
  readonly create_default_params: ParamMap;
  readonly create_override_params: ParamMap;
  readonly join_default_params: ParamMap;
  readonly join_override_params: ParamMap;
  readonly recordings: {
    readonly visibility_override: string | null;
    /** Not there = kept for ever. */
    readonly retention_days?: number;
  } | null;
}

export function readFrontendSettings(json: unknown): FrontendSettings {
  const from = recordOf(json) ?? {};
  const presentation = recordOf(from["default_presentation"]);
  const limit = recordOf(from["attendees_limit"]);
  const recordings = recordOf(from["recordings"]);
  const visibility = recordings?.["visibility_override"];
  return {
    required_tags: Array.isArray(from["required_tags"]) ? readTexts(from["required_tags"]) : null,
    default_presentation: presentation === undefined ? null : {
      url: typeof presentation["url"] === "string" ? presentation["url"] : "",
      force: presentation["force"] === true || presentation["force"] === "true",
    },
    attendees_limit: limit === undefined ? null : { limit: Math.floor(readNumber(limit["limit"])) },
    create_default_params: readParams(from["create_default_params"]),
    create_override_params: readParams(from["create_override_params"]),
    join_default_params: readParams(from["join_default_params"]),
    join_override_params: readParams(from["join_override_params"]),
    recordings: recordings === undefined ? null : {
      visibility_override: typeof visibility === "string" ? visibility : null,
      ...readRetention(recordings["retention_days"]),
    },
  };
}

export const MOST_RETENTION_DAYS = 36_500;

/** As deleteExpiringRecordings() sees it: whoever writes something else deletes nothing. */
const readRetention = (days: unknown): { retention_days?: number } =>
  typeof days === "number" && Number.isInteger(days) && days >= 1 && days <= MOST_RETENTION_DAYS
    ? { retention_days: days }
    : {};

/** Scalars become text: `{"record": true}` says the same as `{"record": "true"}`. */
function readParams(json: unknown): ParamMap {
  const entries = Object.entries(recordOf(json) ?? {});
  return Object.fromEntries(
    entries.filter(([, value]) => isScalar(value)).map(([name, value]) => [name, String(value)]),
  );
}

/** 0 for what is no number, nor a text that is one. */
function readNumber(json: unknown): number {
  const number = typeof json === "string" && /^\d{1,15}$/.test(json.trim()) ? Number(json) : json;
  return typeof number === "number" && Number.isFinite(number) ? number : 0;
}

export const readTexts = (json: unknown): string[] => Array.isArray(json) ? json.filter(isScalar).map(String) : [];

const isScalar = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value);

export const recordOf = (json: unknown): Record<string, unknown> | undefined =>
  typeof json === "object" && json !== null && !Array.isArray(json) ? json as Record<string, unknown> : undefined;

export const NO_FRONTEND_SETTINGS: FrontendSettings = readFrontendSettings({});
