import assert from "node:assert/strict";
import { setMetaFrontend } from "../../../../src/gateway/middleware/set_meta_frontend.ts";
import { makeRequest } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const after = async (params: Record<string, string>, resource = "create") =>
  Object.fromEntries((await passDown(setMetaFrontend, makeRequest({ resource, params }))).params);

Deno.test("setMetaFrontend() marks a create with the frontend's key", async () => {
  assert.deepEqual(await after({ name: "x" }), { name: "x", "meta_b3s-frontend": "fe1" });
});

Deno.test("setMetaFrontend() lets nobody set another key, in whatever spelling: BBB lowers the names of metas", async () => {
  const params = {
    "meta_b3s-frontend": "fe2",
    "meta_B3S-Frontend": "fe2",
    "META_B3S-FRONTEND": "fe2",
    "meta_b3s-frontends": "x",
  };
  assert.deepEqual(await after(params), { "meta_b3s-frontend": "fe1", "meta_b3s-frontends": "x" });
});

Deno.test("setMetaFrontend() leaves every other call as it is", async () => {
  assert.deepEqual(await after({ "meta_b3s-frontend": "fe2" }, "getRecordings"), { "meta_b3s-frontend": "fe2" });
});
