// The one table of vectors that deviate, and the check that it fits the vectors.
import type { Deviation, Deviations } from "./deviation.ts";
import { BASIC_DEVIATIONS } from "./deviations_basics.ts";
import { CALLBACK_DEVIATIONS } from "./deviations_callbacks.ts";
import { CREATE_DEVIATIONS } from "./deviations_create.ts";
import { IMPORT_DEVIATIONS } from "./deviations_import.ts";
import { MEETING_DEVIATIONS } from "./deviations_meetings.ts";
import { PROTECTED_DEVIATIONS } from "./deviations_protected.ts";
import { RECORDING_DEVIATIONS } from "./deviations_recordings.ts";
import type { Vector } from "./vector.ts";

const TABLES: readonly Deviations[] = [
  BASIC_DEVIATIONS,
  CREATE_DEVIATIONS,
  MEETING_DEVIATIONS,
  PROTECTED_DEVIATIONS,
  CALLBACK_DEVIATIONS,
  RECORDING_DEVIATIONS,
  IMPORT_DEVIATIONS,
];
const DEVIATIONS: Deviations = Object.assign({}, ...TABLES);

/** @returns undefined for a binding vector. @throws when table and vector do not agree whether it deviates */
export function deviationOf(vector: Vector): Deviation | undefined {
  const deviation = DEVIATIONS[vector.name];
  if (vector.deviate !== undefined && deviation === undefined) {
    throw new Error(`"${vector.name}" deviates and has no expectation: ${vector.deviate}`);
  }
  if (vector.deviate === undefined && deviation !== undefined) {
    throw new Error(`"${vector.name}" is binding and must not have an expectation of its own`);
  }
  return deviation;
}

/** Entries without a deviating vector, deviating vectors without an entry, names that stand in two tables. */
export function misfits(vectors: readonly Vector[], tables: readonly Deviations[] = TABLES): string[] {
  const entries = tables.flatMap((table) => Object.keys(table));
  const deviating = vectors.filter((vector) => vector.deviate !== undefined).map((vector) => vector.name);
  return [
    ...entries.filter((name) => !deviating.includes(name)).map((name) => `${name}: has an entry and does not deviate`),
    ...deviating.filter((name) => !entries.includes(name)).map((name) => `${name}: deviates and has no entry`),
    ...entries.filter((name, index) => entries.indexOf(name) < index).map((name) => `${name}: has two entries`),
  ];
}
