// Compares XML answers as trees by the rules of the vectors' README; returns what differs, one line each.
import { child, childText, type Tree, withDecodedIds } from "./xml_tree.ts";

/** Elements that an answer built from state may have beyond the recorded ones, by the name of their parent. */
const STATE_EXTRAS: Readonly<Record<string, readonly string[]>> = {
  meeting: ["hasUserJoined"],
  recording: ["protected"],
  response: ["apiVersion", "bbbVersion", "messageKey", "message"],
};
const LIST_KEYS: Readonly<Record<string, string>> = { meetings: "meetingID", recordings: "recordID" };

export interface CompareOptions {
  /** The node's answer, when ours came from there: its further elements and its order may stay. */
  readonly node?: Tree;
  /** Lists are sets otherwise. */
  readonly listInOrder?: boolean;
}

/** Our answer against a recorded one, with the README's allowances. */
export function compareWithRecorded(actual: Tree, recorded: Tree, options: CompareOptions = {}): string[] {
  const node = options.node && withDecodedIds(options.node);
  return compareElement(`/${recorded.name}`, actual, recorded, { ...options, node });
}

/** Equal trees, order included; only `<metadata>` has none. */
export function compareExactly(actual: Tree, expected: Tree, path = `/${expected.name}`): string[] {
  const own = compareSelf(path, actual, expected);
  if (own.length > 0) return own;
  const [ours, theirs] = [sorted(actual), sorted(expected)];
  const [names, expectedNames] = [ours, theirs].map((children) => children.map(({ name }) => name).join(" "));
  if (names !== expectedNames) return [`${path}: expected children "${expectedNames}", got "${names}"`];
  return theirs.flatMap((each, index) => {
    const other = ours[index];
    return other === undefined ? [] : compareExactly(other, each, `${path}/${each.name}`);
  });
}

const sorted = (tree: Tree): readonly Tree[] =>
  tree.name === "metadata" ? tree.children.toSorted((a, b) => a.name < b.name ? -1 : 1) : tree.children;

/** The recorded one shows the frontend's key. */
const isOwnInternalID = (parent: Tree, one: Tree): boolean =>
  parent.name === "recording" && one.name === "internalMeetingID" && one.text === childText(parent, "recordID");

function compareSelf(path: string, actual: Tree, expected: Tree): string[] {
  if (actual.name !== expected.name) return [`${path}: expected <${expected.name}>, got <${actual.name}>`];
  const [attributes, expectedAttributes] = [actual, expected].map((tree) =>
    JSON.stringify(Object.entries(tree.attributes).sort())
  );
  if (attributes !== expectedAttributes) {
    return [`${path}: expected attributes ${expectedAttributes}, got ${attributes}`];
  }
  if (actual.text !== expected.text) return [`${path}: expected "${expected.text}", got "${actual.text}"`];
  return [];
}

function compareElement(path: string, actual: Tree, recorded: Tree, options: CompareOptions): string[] {
  const own = compareSelf(path, actual, recorded);
  if (own.length > 0) return own;
  const pairs = pair(actual, recorded);
  const problems: string[] = [];
  for (const { key, ours, theirs } of pairs) {
    const at = `${path}/${key}`;
    const node = options.node && keyed(options.node, LIST_KEYS[recorded.name]).get(key);
    if (ours !== undefined && isOwnInternalID(actual, ours)) continue;
    if (ours !== undefined && theirs !== undefined) {
      problems.push(...compareElement(at, ours, theirs, { ...options, node }));
    } else if (ours !== undefined && !(options.node ? isOfNode(ours, node) : isStateExtra(ours, actual))) {
      problems.push(`${at}: not expected, got "${ours.text}"`);
    } else if (theirs !== undefined && !(options.node !== undefined && node === undefined && isZero(theirs))) {
      problems.push(`${at}: missing, expected "${theirs.text}"`);
    }
  }
  return [...problems, ...compareOrder(path, actual, recorded, options)];
}

interface Paired {
  readonly key: string;
  readonly ours?: Tree;
  readonly theirs?: Tree;
}

/** Children that belong together: by their id in a list, else by name and place among those of the same name. */
function pair(actual: Tree, recorded: Tree): Paired[] {
  const idName = LIST_KEYS[recorded.name];
  const [ours, theirs] = [keyed(actual, idName), keyed(recorded, idName)];
  return [...new Set([...theirs.keys(), ...ours.keys()])].map((key) => ({
    key,
    ours: ours.get(key),
    theirs: theirs.get(key),
  }));
}

function keyed(tree: Tree, idName: string | undefined): Map<string, Tree> {
  const children = new Map<string, Tree>();
  for (const each of tree.children) {
    const name = idName === undefined ? each.name : `${each.name}[${childText(each, idName)}]`;
    let [key, number] = [name, 1];
    while (children.has(key)) key = `${name}[${++number}]`;
    children.set(key, each);
  }
  return children;
}

const isOfNode = (extra: Tree, node: Tree | undefined): boolean =>
  node !== undefined && compareExactly(extra, node).length === 0;

function isStateExtra(extra: Tree, parent: Tree): boolean {
  if (!STATE_EXTRAS[parent.name]?.includes(extra.name) || extra.children.length > 0) return false;
  switch (extra.name) {
    case "hasUserJoined": {
      const isJoined = childText(parent, "running") === "true" ||
        (child(parent, "attendees")?.children.length ?? 0) > 0;
      return extra.text === String(isJoined);
    }
    case "protected":
      return extra.text === String(childText(child(parent, "metadata") ?? extra, "protect") === "true");
    case "apiVersion":
    case "bbbVersion":
      return child(parent, "version") !== undefined && extra.text === (extra.name === "apiVersion" ? "2.0" : "");
    default: {
      const list = parent.children.find(({ name }) => name in LIST_KEYS);
      const key = list?.name === "meetings" ? "noMeetings" : "noRecordings";
      return list?.children.length === 0 && childText(parent, "messageKey") === key;
    }
  }
}

const isZero = (tree: Tree): boolean => tree.children.length === 0 && ["", "0", "false"].includes(tree.text);

/** The recorded order; an answer that came from a node may have the node's. */
function compareOrder(path: string, actual: Tree, recorded: Tree, options: CompareOptions): string[] {
  const isSet = recorded.name === "metadata" || (recorded.name in LIST_KEYS && options.listInOrder !== true);
  if (isSet || followsOrder(actual, recorded)) return [];
  if (options.node !== undefined && followsOrder(actual, options.node)) return [];
  const names = (tree: Tree) => [...keyed(tree, LIST_KEYS[tree.name]).keys()].join(" ");
  return [`${path}: the order is "${names(actual)}", expected that of "${names(recorded)}"`];
}

/** The children that both have come in the order of `model`. */
function followsOrder(actual: Tree, model: Tree): boolean {
  const idName = LIST_KEYS[model.name];
  const [ours, theirs] = [keyed(actual, idName), keyed(model, idName)];
  const common = [...theirs.keys()].filter((key) => ours.has(key));
  return [...ours.keys()].filter((key) => theirs.has(key)).every((key, index) => key === common[index]);
}
