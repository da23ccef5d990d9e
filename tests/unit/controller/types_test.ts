import assert from "node:assert/strict";
import { textParam } from "../../../src/controller/types.ts";

Deno.test("textParam() takes the exact key, else another spelling of its case", () => {
  assert.equal(textParam({ ID: "x" }, "ID"), "x");
  assert.equal(textParam({ id: "x" }, "ID"), "x");
  assert.equal(textParam({ id: "other", ID: "x" }, "ID"), "x");
});

for (const params of [null, undefined, 5, "ID", [], {}, { ID: 5 }, { ID: "" }, { ID: null }, { Identity: "x" }]) {
  Deno.test(`textParam() throws for ${JSON.stringify(params)}`, () => {
    assert.throws(() => textParam(params, "ID"), { message: 'parameter "ID" is missing' });
  });
}
