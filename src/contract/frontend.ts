// Frontends in REST: documents, what may be sent, and the endpoints.
import * as v from "valibot";
import { endpoint, Text, TimeJson } from "./endpoint.ts";

export const VISIBILITIES = ["unpublished", "published", "protected", "public", "public_protected"] as const;

const text = (most: number) => v.pipe(Text, v.maxLength(most, `is longer than ${most} characters`));
const ParamsJson = v.record(v.string(), v.string());
/** `null` for one name removes it, for the whole map empties it. */
const ParamsPatch = v.nullish(v.record(Text, v.nullable(Text)));

const RETENTION = "should be a whole number of days from 1 to 36500";
export const RetentionDays = v.pipe(
  v.number(RETENTION),
  v.integer(RETENTION),
  v.minValue(1, RETENTION),
  v.maxValue(36_500, RETENTION),
  v.description("recordings that are older are deleted"),
);

export const FrontendSettingsJson = v.object({
  required_tags: v.nullable(v.array(v.string())),
  default_presentation: v.nullable(v.object({ url: v.string(), force: v.boolean() })),
  attendees_limit: v.nullable(v.object({ limit: v.pipe(v.number(), v.integer()) })),
  create_default_params: ParamsJson,
  create_override_params: ParamsJson,
  join_default_params: ParamsJson,
  join_override_params: ParamsJson,
  recordings: v.nullable(v.object({
    visibility_override: v.nullable(v.picklist(VISIBILITIES)),
    retention_days: v.optional(RetentionDays),
  })),
});
export type FrontendSettingsJson = v.InferOutput<typeof FrontendSettingsJson>;

/** Deep merge: objects per key, arrays and scalars replace, null as control-plane contract §6 says. */
export const FrontendSettingsPatch = v.object({
  required_tags: v.nullish(v.array(Text)),
  default_presentation: v.nullish(v.object({ url: v.nullish(Text), force: v.nullish(v.boolean()) })),
  attendees_limit: v.nullish(
    v.object({ limit: v.nullish(v.pipe(v.number(), v.safeInteger("should be a whole number"))) }),
  ),
  create_default_params: ParamsPatch,
  create_override_params: ParamsPatch,
  join_default_params: ParamsPatch,
  join_override_params: ParamsPatch,
  recordings: v.nullish(v.object({
    visibility_override: v.nullish(v.string()),
    retention_days: v.nullish(RetentionDays),
  })),
});
export type FrontendSettingsPatch = v.InferOutput<typeof FrontendSettingsPatch>;

export const FrontendJson = v.object({
  id: v.string(),
  active: v.boolean(),
  bbb: v.object({ key: v.string(), secret: v.string() }),
  settings: FrontendSettingsJson,
  account_ref: v.nullable(v.string()),
  created_at: TimeJson,
  updated_at: TimeJson,
});
export type FrontendJson = v.InferOutput<typeof FrontendJson>;

/** Other members, and those only we write, are ignored: 1.x clients send back whole objects. */
export const FrontendInput = v.object({
  bbb: v.nullish(v.object({ key: v.nullish(text(128)), secret: v.nullish(text(255)) })),
  active: v.nullish(v.boolean()),
  settings: v.nullish(FrontendSettingsPatch),
  account_ref: v.nullish(text(80)),
});
export type FrontendInput = v.InferOutput<typeof FrontendInput>;

export const FrontendQuery = v.object({
  account_ref: v.optional(Text),
  key: v.optional(Text),
  key__like: v.optional(Text),
});

export const frontendEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/frontends",
    summary: "List frontends, ordered by key",
    scopes: ["b3scale:admin", "b3scale"],
    query: FrontendQuery,
    response: v.array(FrontendJson),
    errors: [400],
  }),
  create: endpoint({
    method: "POST",
    path: "/v1/frontends",
    summary: "Create a frontend",
    scopes: ["b3scale:admin"],
    body: FrontendInput,
    response: FrontendJson,
    errors: [400, 409, 413, 415],
  }),
  show: endpoint({
    method: "GET",
    path: "/v1/frontends/:id",
    summary: "Show a frontend",
    scopes: ["b3scale:admin", "b3scale"],
    response: FrontendJson,
    errors: [404],
  }),
  update: endpoint({
    method: "PATCH",
    path: "/v1/frontends/:id",
    summary: "Change a frontend: the given keys are merged into it",
    scopes: ["b3scale:admin", "b3scale"],
    body: FrontendInput,
    response: FrontendJson,
    errors: [400, 404, 409, 413, 415],
  }),
  delete: endpoint({
    method: "DELETE",
    path: "/v1/frontends/:id",
    summary: "Delete a frontend with its meetings and recordings",
    scopes: ["b3scale:admin"],
    response: FrontendJson,
    errors: [404],
  }),
};
