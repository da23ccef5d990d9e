import assert from "node:assert/strict";
import { childElements, parseXml } from "../../../../src/bbb/xml.ts";
import { setDefaultPresentation } from "../../../../src/gateway/middleware/set_default_presentation.ts";
import { makeFrontend, makeRequest } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
async function after(
  { url = "https://op.example/slides.pdf", force = false, body = "", resource = "create", contentType = "" } = {},
) {
  const frontend = makeFrontend({ settings: { default_presentation: { url, force } } });
  const request = makeRequest({ resource, frontend, body: new TextEncoder().encode(body), contentType });
  const passed = await passDown(setDefaultPresentation, request);
  return { body: text(passed.body), contentType: passed.contentType };
}
const OURS =
  `<modules><module name="presentation"><document url="https://op.example/slides.pdf" filename="slides.pdf"></document></module></modules>`;

Deno.test("setDefaultPresentation() gives slides to a create without a body", async () => {
  assert.deepEqual(await after(), { body: OURS, contentType: "application/xml" });
  assert.deepEqual(await after({ contentType: "application/x-www-form-urlencoded" }), {
    body: OURS,
    contentType: "application/xml",
  });
});

const CLIENT = `<modules><module name="presentation"><document url="https://lms/x.pdf"/></module></modules>`;
const kept: [name: string, body: string][] = [
  ["slides", CLIENT],
  [
    "slides in the body itself",
    `<modules><module name="presentation"><document name="a.pdf">AAAA</document></module></modules>`,
  ],
  ["what is no XML", "<modules"],
  ["another document", "<other/>"],
  ["text", "hello"],
];
for (const [name, body] of kept) {
  Deno.test(`setDefaultPresentation() keeps ${name} that the client sent`, async () => {
    assert.deepEqual(await after({ body, contentType: "text/xml" }), { body, contentType: "text/xml" });
  });
}

Deno.test("setDefaultPresentation() adds slides to modules that have none", async () => {
  for (
    const body of [
      "<modules/>",
      `<modules><module name="x">y</module></modules>`,
      `<modules><module name="presentation"/></modules>`,
    ]
  ) {
    const root = parseXml((await after({ body })).body);
    const documents = childElements(root).flatMap(childElements);
    assert.deepEqual(documents.map(({ attributes }) => Object.fromEntries(attributes)), [
      { url: "https://op.example/slides.pdf", filename: "slides.pdf" },
    ]);
    assert.equal(childElements(root).length, childElements(parseXml(body)).length + 1);
  }
});

Deno.test("setDefaultPresentation() by force replaces whatever the client sent", async () => {
  for (const [, body] of kept) {
    assert.deepEqual(await after({ force: true, body }), { body: OURS, contentType: "application/xml" });
  }
});

const names: [url: string, filename: string][] = [
  ["https://op.example/a/b/slides.pdf?v=1&w=2#x", "slides.pdf"],
  ["https://op.example/k%C3%BChl%20%26%20gut.pdf", "kühl & gut.pdf"],
  ["https://op.example/50%.pdf", "50%.pdf"],
];
for (const [url, filename] of names) {
  Deno.test(`setDefaultPresentation() names ${url} "${filename}"`, async () => {
    const [module] = childElements(parseXml((await after({ url })).body));
    assert(module !== undefined);
    const [document] = childElements(module);
    assert.deepEqual(Object.fromEntries(document?.attributes ?? []), { url, filename });
  });
}

Deno.test("setDefaultPresentation() does nothing for other calls and without a URL", async () => {
  const nothing = { body: "", contentType: "" };
  assert.deepEqual(await after({ resource: "join" }), nothing);
  assert.deepEqual(await after({ url: "", force: true }), nothing);
  const passed = await passDown(setDefaultPresentation, makeRequest());
  assert.equal(passed.body.length, 0);
});
