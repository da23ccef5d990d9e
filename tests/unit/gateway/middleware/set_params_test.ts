// The two middlewares that apply a frontend's parameters; the rules themselves are tested with applyParams().
import assert from "node:assert/strict";
import { setCreateParams } from "../../../../src/gateway/middleware/set_create_params.ts";
import { setJoinParams } from "../../../../src/gateway/middleware/set_join_params.ts";
import { makeFrontend, makeRequest } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const settings = {
  create_override_params: { record: "false" },
  create_default_params: { welcome: "hi" },
  join_override_params: { guest: "true" },
  join_default_params: { role: "VIEWER" },
};
const after = async (middleware: typeof setCreateParams, resource: string) => {
  const request = makeRequest({ resource, params: { record: "true" }, frontend: makeFrontend({ settings }) });
  return Object.fromEntries((await passDown(middleware, request)).params);
};

Deno.test("setCreateParams() changes create only", async () => {
  assert.deepEqual(await after(setCreateParams, "create"), { record: "false", welcome: "hi" });
  assert.deepEqual(await after(setCreateParams, "join"), { record: "true" });
});

Deno.test("setJoinParams() changes join only", async () => {
  assert.deepEqual(await after(setJoinParams, "join"), { record: "true", guest: "true", role: "VIEWER" });
  assert.deepEqual(await after(setJoinParams, "create"), { record: "true" });
});
