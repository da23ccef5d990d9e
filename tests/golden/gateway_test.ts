// The gateway against the vectors recorded from b3scale 1.x (tests/fixtures/golden/gateway/README.md), one test each; what
// deviates on purpose is written down in tests/support/golden/deviations_*.ts.
import assert from "node:assert/strict";
import "../support/golden/driver_tests.ts";
import { misfits } from "../support/golden/deviations.ts";
import { goldenGatewayTests, isAboutRecordings } from "../support/golden/gateway_tests.ts";
import { loadVectors } from "../support/golden/vector.ts";

Deno.test("golden gateway: the table of deviations fits the vectors", () => {
  assert.deepEqual(misfits(loadVectors()), []);
});

goldenGatewayTests((group) => !isAboutRecordings(group));
