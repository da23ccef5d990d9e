// The gateway against the vectors recorded from b3scale 1.x (tests/fixtures/golden/gateway/README.md), one test each; what
// deviates on purpose is written down in tests/support/golden/deviations_*.ts.
import assert from "node:assert/strict";
import "../support/golden/driver_tests.ts";
import "../support/golden/receiver_tests.ts";
import { misfits } from "../support/golden/deviations.ts";
import { driveVector } from "../support/golden/drive.ts";
import { driveCallback } from "../support/golden/drive_callback.ts";
import { DRIVEN_GROUPS, groupOf, loadVectors } from "../support/golden/vector.ts";

const vectors = loadVectors();
const driven = new Map<string, number>();

Deno.test("golden gateway: the table of deviations fits the vectors", () => {
  assert.deepEqual(misfits(vectors), []);
});

for (const vector of vectors) {
  Deno.test(`golden gateway: ${vector.name}`, async () => {
    const group = groupOf(vector.name);
    driven.set(group, (driven.get(group) ?? 0) + 1);
    await (group === "callback" ? driveCallback : driveVector)(vector);
  });
}

Deno.test("golden gateway: every vector of the driven groups was driven", () => {
  for (const [group, count] of driven) console.log(`golden ${group}: ${count} vectors`);
  assert.deepEqual(Object.fromEntries(driven), DRIVEN_GROUPS);
});
