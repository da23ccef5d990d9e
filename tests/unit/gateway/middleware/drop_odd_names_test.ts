import assert from "node:assert/strict";
import { dropOddNames } from "../../../../src/gateway/middleware/drop_odd_names.ts";
import { makeRequest } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const namesAfter = async (...names: string[]) => {
  const request = makeRequest({ params: Object.fromEntries(names.map((name) => [name, "x"])) });
  return [...(await passDown(dropOddNames, request)).params.keys()];
};

for (
  const name of [
    "meta_1a",
    "meta_",
    "meta_a b",
    "meta_<x>",
    "meta_a:b",
    "meta_-x",
    "userdata-",
    "userdata-1",
    "userdata-a b",
    "meta_a/b",
    "meta_\u{1f600}",
  ]
) {
  Deno.test(`dropOddNames() drops ${JSON.stringify(name)}, which is no name of XML behind its prefix`, async () => {
    assert.deepEqual(await namesAfter("meetingID", name, "meta_good"), ["meetingID", "meta_good"]);
  });
}

Deno.test("dropOddNames() keeps names of XML and what is neither meta nor userdata", async () => {
  const names = [
    "meta_a",
    "meta_bbb-origin",
    "meta_a.b_c",
    "meta_ä",
    "userdata-bbb_x",
    "1x",
    "a b",
    "metadata",
    "userdata",
  ];
  assert.deepEqual(await namesAfter(...names), names);
});

Deno.test("dropOddNames() leaves calls about recordings alone, which reach no node", async () => {
  for (const resource of ["getRecordings", "updateRecordings"]) {
    const request = makeRequest({ resource, params: { "meta_f'o;o": "x" } });
    assert.deepEqual([...(await passDown(dropOddNames, request)).params.keys()], ["meta_f'o;o"]);
  }
});
