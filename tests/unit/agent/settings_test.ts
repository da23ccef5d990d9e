import assert from "node:assert/strict";
import { FatalError, isSendable, readSettings, requireAccess } from "../../../agent/settings.ts";

Deno.test("readSettings() of an empty environment", () => {
  assert.deepEqual(readSettings({}), {
    apiUrl: "",
    token: "",
    loadFactor: 1,
    loadFactorProblem: undefined,
    propertiesFile: "/etc/bigbluebutton/bbb-web.properties",
    warnings: [],
  });
});

Deno.test("readSettings() trims, and takes an empty value for none", () => {
  const settings = readSettings({
    B3SCALE_API_URL: " https://b3s.example/ ",
    B3SCALE_API_ACCESS_TOKEN: "token\n",
    B3SCALE_LOAD_FACTOR: " ",
    BBB_CONFIG: "",
  });
  assert.equal(settings.apiUrl, "https://b3s.example/");
  assert.equal(settings.token, "token");
  assert.equal(settings.loadFactor, 1);
  assert.equal(settings.propertiesFile, "/etc/bigbluebutton/bbb-web.properties");
});

Deno.test("readSettings() uses 1.0 for a load factor that is none, and says so", () => {
  for (const [text, factor] of [["2.5", 2.5], ["0", 0], ["1e-3", 0.001], ["+3", 3]] as const) {
    const { loadFactor, loadFactorProblem } = readSettings({ B3SCALE_LOAD_FACTOR: text });
    assert.deepEqual([loadFactor, loadFactorProblem], [factor, undefined], text);
  }
  for (const text of ["abc", "NaN", "Infinity", "-1", "1,5", "2x"]) {
    const { loadFactor, loadFactorProblem } = readSettings({ B3SCALE_LOAD_FACTOR: text });
    assert.equal(loadFactor, 1, text);
    assert.equal(loadFactorProblem, `B3SCALE_LOAD_FACTOR: "${text}" is not a number from 0 up: 1.0 is used`);
  }
});

Deno.test("readSettings() warns of names that nothing reads", () => {
  assert.deepEqual(readSettings({ B3SCALE_LOADFACTOR: "2" }).warnings, [
    "nothing reads B3SCALE_LOADFACTOR (did you mean B3SCALE_LOAD_FACTOR?)",
  ]);
});

Deno.test("requireAccess() names what is missing, the URL first", () => {
  const refused = (env: Record<string, string>, message: string) =>
    assert.throws(() => requireAccess(readSettings(env)), (error) => {
      assert(error instanceof FatalError);
      assert.equal(error.message, message);
      assert.notEqual(error.fields["hint"], undefined);
      return true;
    });
  const api = { B3SCALE_API_URL: "http://b3s.example" };
  refused({}, "B3SCALE_API_URL is not configured");
  refused(api, "B3SCALE_API_ACCESS_TOKEN is not configured");
  refused({ ...api, B3SCALE_API_ACCESS_TOKEN: "a\nb" }, "B3SCALE_API_ACCESS_TOKEN has characters that no token has");
  requireAccess(readSettings({ ...api, B3SCALE_API_ACCESS_TOKEN: "abc" }));
});

Deno.test("isSendable() holds for what a header takes", () => {
  for (const token of ["abc", "eyJ.eyJ-_.x~!"]) assert(isSendable(token), token);
  for (const token of ["", "a b", "a\nb", "a\0", "ü", "a\x7f"]) assert(!isSendable(token), JSON.stringify(token));
});
