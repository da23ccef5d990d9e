import assert from "node:assert/strict";
import { configDirOf, createTokenStore } from "../../../cli/token_store.ts";

Deno.test("configDirOf() is where 1.x keeps its tokens", () => {
  assert.equal(configDirOf({ HOME: "/home/op" }), "/home/op/.config/b3scale");
  assert.equal(configDirOf({ HOME: "/home/op", XDG_CONFIG_HOME: "/etc/op" }), "/etc/op/b3scale");
  assert.equal(configDirOf({ HOME: "/home/op", XDG_CONFIG_HOME: "" }), "/home/op/.config/b3scale");
});

const files = {
  "http://127.0.0.1:42353": "http_127.0.0.1_42353.access_token",
  "https://b3scale.example.org": "https_b3scale.example.org.access_token",
  "https://b3scale.example.org/sub/path": "https_b3scale.example.org_sub_path.access_token",
  "http://[::1]:42353": "http_1_42353.access_token",
};
for (const [url, file] of Object.entries(files)) {
  Deno.test(`createTokenStore() keeps the token for ${url} in ${file}`, () => {
    assert.equal(createTokenStore("/config").pathOf(url), `/config/${file}`);
  });
}
