import assert from "node:assert/strict";
import { frontendChecks } from "../../../../cli/doctor/frontends.ts";
import { type Backend, type Frontend, makeNode, makeTenant } from "../../../support/doctor.ts";

const check = (frontend: Frontend, backends: readonly Backend[] = []) => {
  const [only, ...more] = frontendChecks([frontend], backends);
  assert.deepEqual(more, []);
  return only;
};
const withSettings = (settings: Partial<Frontend["settings"]>) => {
  const plain = makeTenant("fe1");
  return { ...plain, settings: { ...plain.settings, ...settings } };
};

Deno.test("frontendChecks() has a line for each frontend, and says when there is none", () => {
  const [a, b] = frontendChecks([makeTenant("a"), makeTenant("b")], []);
  assert.deepEqual(a, { check: "frontend", state: "ok", message: 'frontend "a": enabled', hint: "" });
  assert.equal(b?.message, 'frontend "b": enabled');
  const [none] = frontendChecks([], []);
  assert.deepEqual([none?.state, none?.hint], ["warning", "run b3scalectl set frontend --secret <secret> <key>"]);
});

Deno.test("frontendChecks() warns of a disabled frontend, and an empty secret is a problem", () => {
  const disabled = check(makeTenant("fe1", { active: false }));
  assert.deepEqual([disabled?.state, disabled?.hint], ["warning", "run b3scalectl enable frontend fe1"]);
  const both = check(makeTenant("fe1", { active: false, secret: " " }));
  assert.deepEqual([both?.state, both?.message], ["problem", 'frontend "fe1": has no secret; is disabled']);
  assert.equal(both?.hint, "run b3scalectl set frontend --secret <secret> fe1");
});

Deno.test("frontendChecks() warns of required tags that no node has all of", () => {
  const nodes = [makeNode("n1", { settings: { tags: ["gpu"] } }), makeNode("n2", { settings: { tags: ["sip", "x"] } })];
  const asking = (...required_tags: string[]) => check(withSettings({ required_tags }), nodes);
  for (const tags of [[], [""], ["gpu"], ["x", "sip"], ["gpu", ""]]) assert.equal(asking(...tags)?.state, "ok");
  const none = asking("gpu", "sip");
  assert.deepEqual([none?.state, none?.message], [
    "warning",
    'frontend "fe1": no node has the tags it requires (gpu, sip)',
  ]);
  assert.match(none?.hint ?? "", /set backend --opts '\{"tags":\["gpu","sip"\]\}' <host>/);
});

Deno.test("frontendChecks() finds a default presentation without a URL", () => {
  const presenting = (url: string) => check(withSettings({ default_presentation: { url, force: false } }))?.state;
  for (const url of ["", "https://a.example/p.pdf", "HTTP://a.example/p.pdf"]) assert.equal(presenting(url), "ok", url);
  for (const url of ["p.pdf", "/srv/p.pdf", "file:///srv/p.pdf", "https://"]) {
    assert.equal(presenting(url), "problem", url);
  }
});
