// Simulated BBB nodes for tests, `await using nodes = await fakeNodes(3)`: each stops when its test ends.
import { type BbbNode, type BbbNodeOptions, startBbbNode } from "../../demo/bbb_node/node.ts";

export interface FakeNodes extends AsyncDisposable, Iterable<BbbNode> {
  /** @throws when there is no such node, so that a test needs no check of its own */
  at(index: number): BbbNode;
  readonly all: readonly BbbNode[];
}

/** @returns `count` nodes on free ports, their secrets `node-secret-0`, `node-secret-1` … */
export async function fakeNodes(count: number, options: Partial<BbbNodeOptions> = {}): Promise<FakeNodes> {
  const all = await Promise.all(
    Array.from({ length: count }, (_, index) => startBbbNode({ secret: `node-secret-${index}`, ...options })),
  );
  return {
    all,
    at: (index) => {
      const node = all[index];
      if (node === undefined) throw new Error(`There is no fake node ${index}, only ${count}`);
      return node;
    },
    [Symbol.iterator]: () => all[Symbol.iterator](),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((node) => node.stop()));
    },
  };
}

/** One node, for tests that need no second. */
export const fakeNode = (options: Partial<BbbNodeOptions> = {}): Promise<BbbNode> =>
  startBbbNode({ secret: "node-secret-0", ...options });
