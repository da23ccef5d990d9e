import assert from "node:assert/strict";
import fc from "fast-check";
import { type FrontendSettings, readFrontendSettings } from "../../../src/store/frontend_settings.ts";

const NOTHING: FrontendSettings = {
  required_tags: null,
  default_presentation: null,
  attendees_limit: null,
  create_default_params: {},
  create_override_params: {},
  join_default_params: {},
  join_override_params: {},
  recordings: null,
};

Deno.test("readFrontendSettings() reads a whole document", () => {
  const settings = {
    required_tags: ["sip"],
    default_presentation: { url: "https://a.example/p.pdf", force: true },
    attendees_limit: { limit: 50 },
    create_default_params: { welcome: "hi" },
    create_override_params: { record: "false" },
    join_default_params: { "userdata-x": "1" },
    join_override_params: { guest: "true" },
    recordings: { visibility_override: "protected" },
  };
  assert.deepEqual(readFrontendSettings(settings), settings);
});

const lenient: [name: string, document: unknown, read: Partial<FrontendSettings>][] = [
  ["no document", null, {}],
  ["a list", [], {}],
  ["a text", "x", {}],
  ["an empty document", {}, {}],
  ["nulls", Object.fromEntries(Object.keys(NOTHING).map((key) => [key, null])), {}],
  ["unknown keys", { more: 1 }, {}],
  ["tags that are no list", { required_tags: "sip" }, {}],
  ["tags with odd entries", { required_tags: ["sip", null, 3, {}, ["x"]] }, { required_tags: ["sip", "3"] }],
  ["a presentation without url", { default_presentation: {} }, { default_presentation: { url: "", force: false } }],
  ["force as a text", { default_presentation: { url: "u", force: "true" } }, {
    default_presentation: { url: "u", force: true },
  }],
  ["a presentation that is a text", { default_presentation: "https://a.example/p.pdf" }, {}],
  ["a limit as a text", { attendees_limit: { limit: "50" } }, { attendees_limit: { limit: 50 } }],
  ["a limit with a fraction", { attendees_limit: { limit: 50.9 } }, { attendees_limit: { limit: 50 } }],
  ...[0, "", "many", "0x10", true, [5], {}, null, 0.5].map((limit): typeof lenient[number] => [
    `the limit ${JSON.stringify(limit)} as 0`,
    { attendees_limit: { limit } },
    { attendees_limit: { limit: 0 } },
  ]),
  ["a limit below 0", { attendees_limit: { limit: -1 } }, { attendees_limit: { limit: -1 } }],
  ["a limit that is no object", { attendees_limit: 5 }, {}],
  ["scalars as texts", { create_default_params: { record: true, maxParticipants: 20, name: "", no: null, x: {} } }, {
    create_default_params: { record: "true", maxParticipants: "20", name: "" },
  }],
  ["parameters that are a list", { join_override_params: ["a"] }, {}],
  ["an override without value", { recordings: {} }, { recordings: { visibility_override: null } }],
  ["an override of a wrong type", { recordings: { visibility_override: 5 } }, {
    recordings: { visibility_override: null },
  }],
];
for (const [name, document, read] of lenient) {
  Deno.test(`readFrontendSettings() reads ${name}`, () => {
    assert.deepEqual(readFrontendSettings(document), { ...NOTHING, ...read });
  });
}

Deno.test("readFrontendSettings() never fails, and one odd member leaves the others", () => {
  const member = fc.constantFrom(...Object.keys(NOTHING));
  fc.assert(fc.property(member, fc.jsonValue(), (key, value) => {
    const tags = key === "required_tags" ? {} : { required_tags: ["sip"] };
    const read = readFrontendSettings({ ...tags, [key]: value });
    if (key !== "required_tags") assert.deepEqual(read.required_tags, ["sip"]);
    assert.deepEqual(Object.keys(read), Object.keys(NOTHING));
    for (
      const map of [
        read.create_default_params,
        read.create_override_params,
        read.join_default_params,
        read.join_override_params,
      ]
    ) {
      assert(Object.values(map).every((text) => typeof text === "string"));
    }
  }));
});
