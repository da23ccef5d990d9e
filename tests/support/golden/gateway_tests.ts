// One test for each recorded exchange of the gateway. Two files of tests/golden share the groups, to run side by side.
import assert from "node:assert/strict";
import { driveVector } from "./drive.ts";
import { driveCallback } from "./drive_callback.ts";
import { DRIVEN_GROUPS, groupOf, loadVectors } from "./vector.ts";

/** @param isMine which groups this file has */
export function goldenGatewayTests(isMine: (group: string) => boolean): void {
  const driven = new Map<string, number>();
  for (const vector of loadVectors()) {
    const group = groupOf(vector.name);
    if (!isMine(group)) continue;
    Deno.test(`golden gateway: ${vector.name}`, async () => {
      driven.set(group, (driven.get(group) ?? 0) + 1);
      await (group === "callback" ? driveCallback : driveVector)(vector);
    });
  }
  Deno.test("golden gateway: every vector of these groups was driven", () => {
    for (const [group, count] of driven) console.log(`golden ${group}: ${count} vectors`);
    const expected = Object.entries(DRIVEN_GROUPS).filter(([group]) => isMine(group));
    assert.deepEqual(Object.fromEntries(driven), Object.fromEntries(expected));
  });
}

/** Those that are about meetings stand in gateway_test.ts, the others in recordings_test.ts. */
export const isAboutRecordings = (group: string): boolean =>
  ["callback", "protected", "recordings", "publish", "update", "delete", "texttracks", "import"].includes(group);
