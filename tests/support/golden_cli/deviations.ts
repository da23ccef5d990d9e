// How what is expected may differ from a recording, and that every difference is one that was decided.
import type { JsonObject } from "../golden/vector.ts";
import type { CliCase, Expectation } from "./case.ts";

export type Deviation = (recorded: CliCase) => Partial<Expectation>;

/** By the name of the case. Everything an entry does not mention stays as recorded. */
export type Deviations = Readonly<Record<string, Deviation>>;

export const expectationOf = (recorded: CliCase, deviations: Deviations): CliCase => ({
  ...recorded,
  ...deviations[recorded.name]?.(recorded),
});

/** @returns marked cases without an entry, entries without a case, and entries that change nothing */
export function misfits(cases: readonly CliCase[], deviations: Deviations): string[] {
  const missing = cases.filter(({ name, deviate }) => deviate !== undefined && !Object.hasOwn(deviations, name));
  const superfluous = Object.keys(deviations).flatMap((name) => {
    const recorded = cases.find((one) => one.name === name);
    if (recorded === undefined) return [`there is no "${name}"`];
    const isSame = JSON.stringify(expectationOf(recorded, deviations)) === JSON.stringify(recorded);
    return isSame ? [`the entry of "${name}" changes nothing`] : [];
  });
  return [...missing.map(({ name }) => `"${name}" has no entry`), ...superfluous];
}

/** It fails with this text and shows nothing else on stderr. */
export const fails = (error: string): Partial<Expectation> => ({
  exit_code: 1,
  stderr: [`{{time}} FTL exit with fatal error error=${JSON.stringify(error)}`],
});

/** The last request has `json` instead. */
const sends = ({ requests }: CliCase, json: (recorded: JsonObject) => JsonObject): Partial<Expectation> => ({
  requests: requests.map((request, index) =>
    index === requests.length - 1 ? { ...request, json: json(request.json as JsonObject) } : request
  ),
});

/** Of the recorded body only this member, or this one of a member: `bbb.secret`. */
export const sendsOnly = (path: string): Deviation => (recorded) =>
  sends(recorded, (body) => {
    const [outer = "", inner] = path.split(".");
    const value = body[outer] ?? null;
    return { [outer]: inner === undefined ? value : { [inner]: (value as JsonObject)[inner] ?? null } };
  });

/** And beyond the recorded body this. */
export const sendsToo = (more: JsonObject): Deviation => (recorded) =>
  sends(recorded, (body) => ({ ...body, ...more }));
