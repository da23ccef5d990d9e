// A plan as operators see it before and after: lines of a diff, or JSON. What may be a secret is hidden. For apply.
import { redactText } from "../src/lib/redact.ts";
import type { Plan, Step } from "./cluster_plan.ts";
import { paint, printable, type Style } from "./output.ts";
import type { Terminal } from "./types.ts";

/** `2 to create, 1 to change, 0 to remove` */
export function planSummary({ steps }: Plan): string {
  const count = (wanted: Step["action"]) => steps.filter(({ action }) => action === wanted).length;
  return `${count("create")} to create, ${count("change")} to change, ${count("remove")} to remove`;
}

export const objectOf = ({ section }: Step): string => section === "frontends" ? "frontend" : "backend";

/** A change as it may be shown: the values of secrets are hidden. */
export interface ShownChange {
  readonly member: string;
  /** Undefined and null: not set. */
  readonly old: unknown;
  readonly new: unknown;
}

export function shownChanges({ changes }: Step): ShownChange[] {
  return changes.map(({ path, old, wanted }) => {
    const hides = SECRET_NAME.test(path.at(-1) ?? "") || holdsSecret(old) || holdsSecret(wanted);
    const hidden = (value: unknown) => isSet(value) && hides ? isSet(old) ? CHANGED : SET : value;
    return { member: path.join("."), old: hidden(old), new: hidden(wanted) };
  });
}

const CHANGED = "(changed)";
const SET = "(set)";
const SECRET_NAME = /secret|password|token|PW$/i;
const holdsSecret = (value: unknown): boolean => {
  const text = JSON.stringify(value) ?? "";
  return redactText(text) !== text;
};
const isSet = (value: unknown): boolean => value !== undefined && value !== null;

const SIGNS: Readonly<Record<Step["action"], readonly [sign: string, style: Style]>> = {
  create: ["+", "green"],
  change: ["~", "yellow"],
  remove: ["-", "red"],
};
const REMOVAL = {
  frontends: "DELETED with all its meetings and recordings",
  backends: "decommissioned: takes no new meetings, is removed when the last one has ended",
} as const;

/** One object and below it, indented, what changes. */
export function stepLines(step: Step, terminal: Pick<Terminal, "colours">): string[] {
  const { action, section, name } = step;
  const line = (sign: string, style: Style, text: string) => paint(terminal, style, `${sign} ${printable(text)}`);
  const lines = shownChanges(step).flatMap(({ member, old, new: wanted }) => {
    if (old === CHANGED && wanted === CHANGED) return [line("    ~", "yellow", `${member}: ${CHANGED}`)];
    const text = (value: unknown) => `${member}: ${value === CHANGED || value === SET ? value : JSON.stringify(value)}`;
    return [
      ...isSet(old) && action !== "create" ? [line("    -", "red", text(old))] : [],
      ...isSet(wanted) ? [line("    +", "green", text(wanted))] : [],
    ];
  });
  return [
    line(...SIGNS[action], `${objectOf(step)} ${name}`),
    ...lines,
    ...action === "remove" ? [line("    !", "red", REMOVAL[section])] : [],
  ];
}

/** @param done how many of the steps are carried out */
export const planJson = ({ steps, notes }: Plan, done: number) => ({
  steps: steps.map((step, index) => ({
    action: step.action,
    object: objectOf(step),
    name: step.name,
    changes: shownChanges(step),
    done: index < done,
  })),
  notes,
});
