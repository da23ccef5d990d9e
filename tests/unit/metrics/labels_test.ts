import assert from "node:assert/strict";
import fc from "fast-check";
import { MESSAGE_KEYS } from "../../../src/bbb/message_keys.ts";
import { RESOURCES, UNSUPPORTED_RESOURCES } from "../../../src/bbb/resources.ts";
import { ENDPOINTS } from "../../../src/contract/openapi_tables.ts";
import {
  backendLabel,
  codeLabel,
  createHostLabel,
  messageKeyLabel,
  methodLabel,
  resourceLabel,
  resultLabel,
  urlLabel,
} from "../../../src/metrics/labels.ts";

const examples: readonly (readonly [target: string, label: string])[] = [
  ["/", "/"],
  ["/?a=/b/c", "/"],
  ["/metrics", "/metrics"],
  ["/healthz?x", "/healthz"],
  ["/b3s/retry-join/eyJ1cmwiOiJ4In0", "/b3s/retry-join/:blob"],
  ["/docs/api/v1", "/docs/api/v1"],
  ["/static/docs/swagger-ui.css", "/static/*"],
  ["/static/x/../../etc", "/static/*"],
  ["/api/v1", "/api/v1"],
  ["/api/v1/", "/api/v1/*"],
  ["/api/v1/frontends?key=fe1", "/api/v1/frontends"],
  ["/api/v1/frontends/5c7cf0e0", "/api/v1/frontends/:id"],
  ["/api/v1/frontends/5c7cf0e0/", "/api/v1/*"],
  ["/api/v1/frontends//", "/api/v1/*"],
  ["/api/v1/nothing/here", "/api/v1/*"],
  ["/api/v1/protected/recordings/auth", "/api/v1/protected/recordings/auth"],
  ["/api/v1/protected/recordings/ey.J.x", "/api/v1/protected/recordings/:token"],
  ["/api/v1/callbacks/proxy/ey.J.x", "/api/v1/callbacks/proxy/:token"],
  ["/api/v2", "other"],
  ["/bbb/fe1/bigbluebutton/api/join?meetingID=Room&fullName=Ada", "/bbb/:key/join"],
  ["/bbb/fe1/join", "/bbb/:key/join"],
  ["/bbb/fe1/bigbluebutton/api", "/bbb/:key"],
  ["/bbb/fe1/bigbluebutton/api/", "/bbb/:key"],
  ["/bbb/fe1", "/bbb/:key"],
  ["/bbb/join", "/bbb/:key"],
  ["/bbb/", "/bbb/:key"],
  ["/bbb", "other"],
  ["/bbb/fe1/bigbluebutton/api/hooks/create", "/bbb/:key/other"],
  ["/bbb/fe1/bigbluebutton/api/room-of-ada", "/bbb/:key/other"],
  ["/bbb/fe1/bigbluebutton/api/signOut", "/bbb/:key/signOut"],
  ["/wp-login.php", "other"],
  ["/__proto__", "other"],
  ["/api/v1/__proto__", "/api/v1/*"],
  ["/api/v1/frontends/:", "/api/v1/frontends/:id"],
  ["/api/v1/:", "/api/v1/*"],
];
for (const [target, label] of examples) {
  Deno.test(`urlLabel() of "${target}" is ${label}`, () => assert.equal(urlLabel(target), label));
}

Deno.test("urlLabel() knows every endpoint of the API", () => {
  for (const { path } of Object.values(ENDPOINTS)) {
    assert.equal(urlLabel(`/api${path.replaceAll(/:\w+/g, "x")}`), `/api${path}`);
  }
});

const resources = [...RESOURCES, ...UNSUPPORTED_RESOURCES].filter((resource) => resource !== "");
const urls = new Set([
  ...Object.values(ENDPOINTS).map(({ path }) => `/api${path}`),
  ...resources.map((resource) => `/bbb/:key/${resource}`),
  ...examples.map(([, label]) => label),
  "/readyz",
]);

/** What attackers and tools send, in all kinds of order. */
const piece = fc.oneof(
  fc.constantFrom(
    "/",
    "//",
    "?",
    "#",
    "%2F",
    ":",
    ":id",
    "*",
    "bbb",
    "api",
    "v1",
    "hooks",
    "..",
    "__proto__",
    "\n",
    '"',
  ),
  fc.constantFrom(...resources, ...Object.values(ENDPOINTS).map(({ path }) => path)),
  fc.string({ unit: "binary" }),
);
const text = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""));
const target = fc.oneof(
  text,
  text.map((rest) => `/${rest}`),
  text.map((rest) => `/bbb/${rest}`),
  text.map((rest) => `/api/v1/${rest}`),
);

Deno.test("urlLabel() is one of the routes, whatever is asked for", () => {
  fc.assert(fc.property(target, (path) => assert.ok(urls.has(urlLabel(path)), urlLabel(path))), { numRuns: 2000 });
});

Deno.test("each label of a request is from a finite set", () => {
  const host = createHostLabel(["B3s.Example:8080", "127.0.0.1:42353"]);
  fc.assert(
    fc.property(fc.oneof(text, fc.constantFrom(...MESSAGE_KEYS, "GET", "b3s.example:8080", "constructor")), (given) => {
      assert.ok(["b3s.example:8080", "127.0.0.1:42353", "other"].includes(host(given)));
      assert.ok(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "other"].includes(methodLabel(given)));
      assert.ok(["index", ...resources, "other"].includes(resourceLabel(given)));
      assert.ok(["none", ...MESSAGE_KEYS, "other"].includes(messageKeyLabel(given)));
    }),
  );
  fc.assert(fc.property(fc.double(), (status) => assert.ok(/^([1-5]\d\d|other)$/.test(codeLabel(status)))));
  fc.assert(fc.property(fc.integer({ min: 100, max: 599 }), (status) => assert.equal(codeLabel(status), `${status}`)));
});

Deno.test("createHostLabel() knows its hosts however they are written", () => {
  const host = createHostLabel(["api.example.org"]);
  assert.deepEqual(["API.example.ORG", "api.example.org:80", ""].map(host), ["api.example.org", "other", "other"]);
});

Deno.test("what is known keeps its name, and what has none gets one", () => {
  assert.deepEqual(["", "join", "getDefaultConfigXML", "x"].map(resourceLabel), [
    "index",
    "join",
    "getDefaultConfigXML",
    "other",
  ]);
  assert.deepEqual(["", "checksumError", "Ada"].map(messageKeyLabel), ["none", "checksumError", "other"]);
  assert.deepEqual(([undefined, "timeout", "too large"] as const).map(resultLabel), ["ok", "timeout", "too_large"]);
});

Deno.test("backendLabel() is host and port as the address has them, without secrets", () => {
  const addresses: readonly (readonly [string, string])[] = [
    ["https://bbb1.example.org/bigbluebutton/api/", "bbb1.example.org"],
    ["http://10.0.0.1:8090", "10.0.0.1:8090"],
    ["https://[2001:db8::1]:443/api?x", "[2001:db8::1]:443"],
    ["https://user:secret@bbb1.example.org/x@y", "bbb1.example.org"],
    ["bbb1.example.org/api", "bbb1.example.org"],
    ["", ""],
  ];
  for (const [address, label] of addresses) assert.equal(backendLabel(address), label);
});
