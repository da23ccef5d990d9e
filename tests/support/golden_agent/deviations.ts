// What is expected of a start instead of what was recorded, per vector. Everything an entry does not mention stays.
import type { JsonObject } from "../golden/vector.ts";
import { CIRCUMSTANCES, type StartupVector } from "./vector.ts";

type Deviation = (vector: StartupVector) => StartupVector;

/** The member that the server knows, so that a changed address or secret reaches it. */
const underBbb: Deviation = (vector) => ({
  ...vector,
  requests: vector.requests.map((request) => {
    if (request.method !== "PATCH") return request;
    const { backend, ...json } = request.json as JsonObject;
    return { ...request, json: { bbb: backend ?? null, ...json } };
  }),
});

/** The flag and the command that 1.x lacks. */
const withOwnUsage: Deviation = (vector) => ({
  ...vector,
  stderr: [
    ...vector.stderr,
    "  -version",
    "    \tprint the version",
    "  check",
    "    \tsay whether this node is set up, without changing anything",
  ],
});

const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  "startup.known-backend": underBbb,
  "startup.api-url-trailing-slash": underBbb,
  "startup.redis-unreachable": underBbb,
  "startup.help": withOwnUsage,
  "startup.unknown-flag": withOwnUsage,
};

/** These show what a vector with `deviate` shows, or what is ours, and are not marked. */
const UNMARKED = [
  "startup.api-url-trailing-slash",
  "startup.redis-unreachable",
  "startup.help",
  "startup.unknown-flag",
];

export const expectationOf = (vector: StartupVector): StartupVector => DEVIATIONS[vector.name]?.(vector) ?? vector;

/** @returns entries that a vector lacks, and entries that no vector needs */
export function startupMisfits(vectors: readonly StartupVector[]): string[] {
  const marked = vectors.filter(({ deviate }) => deviate !== undefined).map(({ name }) => name);
  const wanted = new Set([...marked, ...UNMARKED]);
  const driven = new Set(vectors.map(({ name }) => name));
  const text = JSON.stringify;
  return [
    ...[...wanted].filter((name) => !Object.hasOwn(DEVIATIONS, name)).map((name) => `"${name}" has no entry`),
    ...Object.keys(DEVIATIONS).filter((name) => !wanted.has(name)).map((name) => `"${name}" is superfluous`),
    ...UNMARKED.filter((name) => marked.includes(name)).map((name) => `"${name}" is marked`),
    ...vectors.filter((vector) =>
      Object.hasOwn(DEVIATIONS, vector.name) && text(expectationOf(vector)) === text(vector)
    )
      .map(({ name }) => `"${name}" changes nothing`),
    ...[...UNMARKED, ...Object.keys(CIRCUMSTANCES)].filter((name) => !driven.has(name)).map((name) =>
      `"${name}" is no vector`
    ),
  ];
}
