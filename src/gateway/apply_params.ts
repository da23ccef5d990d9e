// Parameters that an operator sets for a frontend: overrides replace what the client sent, defaults fill what it left out.
import type { Params } from "../bbb/query.ts";
import { MEETING_ID } from "../bbb/resources.ts";
import type { ParamMap } from "../store/frontend_settings.ts";

const DISABLED_FEATURES = "disabledFeatures";

/**
 * A parameter that is present but empty counts as present. The meeting stays the one that was looked up: a frontend's
 * account may change these settings, and the id of another frontend's meeting is no secret.
 */
export function applyParams(given: Params, overrides: ParamMap, defaults: ParamMap): Params {
  const params = new Map(given);
  for (const [name, value] of settable(overrides)) params.set(name, value);
  const wanted = params.get(DISABLED_FEATURES);
  for (const [name, value] of settable(defaults)) if (!params.has(name)) params.set(name, value);
  const added = defaults[DISABLED_FEATURES];
  if (added !== undefined) {
    const features = `${wanted ?? ""},${added}`.split(",").filter((feature) => feature !== "");
    params.set(DISABLED_FEATURES, [...new Set(features)].join(","));
  }
  return params;
}

const settable = (map: ParamMap) => Object.entries(map).filter(([name]) => name !== MEETING_ID);
