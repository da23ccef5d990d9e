import assert from "node:assert/strict";
import { type Findings, readSetting, type Setting } from "../../src/lib/read_setting.ts";
import { SETTING_GROUPS, SETTINGS } from "../../src/settings.ts";

const all = SETTING_GROUPS.flatMap(([, settings]) => Object.values(settings));
const found = (): Findings => ({ problems: [], warnings: [] });

Deno.test("SETTINGS has each setting of the groups, under a name of its own", () => {
  assert.deepEqual(Object.values<Setting<unknown>>(SETTINGS), all);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
});

for (const setting of all) {
  Deno.test(`${setting.name} can be read without being set, and says in words what it is`, () => {
    const findings = found();
    assert.notEqual(readSetting({}, setting, findings), undefined);
    assert.deepEqual(findings, found());
    assert.match(setting.meaning, /^[A-Z`].*\.$/);
    assert(setting.programs.length > 0);
  });
}

Deno.test("readSetting() keeps secrets out of what it finds", () => {
  const findings = found();
  readSetting({ B3SCALE_METRICS_TOKEN: "hush" }, {
    ...SETTINGS.metricsToken,
    kind: { what: "one of `a`", read: (given) => given === "" ? "" : undefined },
  }, findings);
  assert.deepEqual(findings, { problems: ["B3SCALE_METRICS_TOKEN: the value is not one of a"], warnings: [] });
});

Deno.test("readSetting() names each wrong part, and uses the default", () => {
  const findings = found();
  const value = readSetting(
    { B3SCALE_CALLBACK_ALLOW: "10.0.0.0/33, fine.example, a/b" },
    SETTINGS.callbackAllow,
    findings,
  );
  assert.deepEqual(value, { networks: [], hosts: [] });
  assert.deepEqual(findings.problems.map((problem) => problem.split(" is not ")[0]), [
    'B3SCALE_CALLBACK_ALLOW: "10.0.0.0/33"',
    'B3SCALE_CALLBACK_ALLOW: "a/b"',
  ]);
});
