// Deep merge of what a request sends into a frontend's settings (control-plane contract §6). Pure.
import { type FrontendSettingsPatch, VISIBILITIES } from "../contract/frontend.ts";
import { AppError } from "../errors.ts";
import type { FrontendSettings, ParamMap } from "../store/frontend_settings.ts";

/** @throws bad visibility as invalid_parameter, in 1.x's words */
export function mergeFrontendSettings(
  stored: FrontendSettings,
  patch: FrontendSettingsPatch | null | undefined,
): FrontendSettings {
  if (patch === null || patch === undefined) return stored;
  return {
    required_tags: patch.required_tags === undefined ? stored.required_tags : patch.required_tags,
    default_presentation: merge(stored.default_presentation, patch.default_presentation, (old, given) => ({
      url: given.url ?? old?.url ?? "",
      force: given.force ?? old?.force ?? false,
    })),
    attendees_limit: merge(stored.attendees_limit, patch.attendees_limit, (old, given) => ({
      limit: given.limit ?? old?.limit ?? 0,
    })),
    create_default_params: mergeParams(stored.create_default_params, patch.create_default_params),
    create_override_params: mergeParams(stored.create_override_params, patch.create_override_params),
    join_default_params: mergeParams(stored.join_default_params, patch.join_default_params),
    join_override_params: mergeParams(stored.join_override_params, patch.join_override_params),
    recordings: merge(stored.recordings, patch.recordings, (old, given) => ({
      visibility_override: given.visibility_override === undefined
        ? old?.visibility_override ?? null
        : visibilityOf(given.visibility_override),
      ...retention(given.retention_days === undefined ? old?.retention_days : given.retention_days),
    })),
  };
}

/** Not given: as it was. Null: removed. */
function merge<Old, Given>(
  stored: Old | null,
  given: Given | null | undefined,
  merged: (old: Old | null, given: Given) => Old,
): Old | null {
  if (given === undefined) return stored;
  return given === null ? null : merged(stored, given);
}

/** Null for one name removes it; empty values are not kept, as in 1.x. */
function mergeParams(stored: ParamMap, given: Record<string, string | null> | null | undefined): ParamMap {
  if (given === undefined) return stored;
  const merged = given === null ? [] : Object.entries({ ...stored, ...given });
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== ""));
}

/** 1.x knows no such member, so it is there only where it is set. */
const retention = (days: number | null | undefined): { retention_days?: number } =>
  days === null || days === undefined ? {} : { retention_days: days };

function visibilityOf(name: string | null): string | null {
  if (name === null || (VISIBILITIES as readonly string[]).includes(name)) return name;
  throw new AppError("invalid_parameter", `unknown recording visibility: '${name}'`);
}
