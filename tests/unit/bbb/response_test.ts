import assert from "node:assert/strict";
import { type BbbResponse, failure, isSuccess, messageKeyOf, success, toHttp } from "../../../src/bbb/response.ts";
import { element, parseXml } from "../../../src/bbb/xml.ts";

const page = (location: string) => `<a href="${location}">on</a>`;
const send = async (response: BbbResponse) => {
  const http = toHttp(response, page);
  return {
    status: http.status,
    type: http.headers.get("content-type"),
    headers: http.headers,
    text: await http.text(),
  };
};

Deno.test("toHttp() sends success and failure as XML with status 200", async () => {
  const ok = await send(success(element("running", "true")));
  assert.deepEqual([ok.status, ok.type], [200, "application/xml"]);
  assert.equal(ok.text, "<response><returncode>SUCCESS</returncode><running>true</running></response>");
  const failed = await send(failure("notFound", "A <b>"));
  assert.deepEqual([failed.status, failed.type], [200, "application/xml"]);
  assert.equal(
    failed.text,
    "<response><returncode>FAILED</returncode><message>A &lt;b&gt;</message><messageKey>notFound</messageKey></response>",
  );
});

Deno.test("toHttp() copies the headers of a node that may reach a client", async () => {
  const headers = {
    contentType: "text/xml;charset=utf-8",
    cacheControl: "no-cache",
    setCookie: ["a=1; Path=/", "b=2"],
  };
  const sent = await send({ kind: "xml", root: element("response"), status: 200, headers });
  assert.equal(sent.type, "text/xml;charset=utf-8");
  assert.equal(sent.headers.get("cache-control"), "no-cache");
  assert.deepEqual(sent.headers.getSetCookie(), ["a=1; Path=/", "b=2"]);
});

Deno.test("toHttp() sends bytes unread, and none with a status that has no body", async () => {
  const sent = await send({ kind: "bytes", body: "{}", status: 404, headers: { contentType: "application/json" } });
  assert.deepEqual([sent.status, sent.type, sent.text], [404, "application/json", "{}"]);
  for (const status of [204, 205, 304]) {
    assert.equal((await send({ kind: "bytes", body: new Uint8Array(0), status, headers: {} })).status, status);
  }
});

Deno.test("toHttp() redirects with a page or without", async () => {
  const location = "https://node.example.org/join?a=b&c=d+e";
  const without = await send({ kind: "redirect", location, page: false, headers: {} });
  assert.deepEqual([without.status, without.type, without.text], [302, "text/html", ""]);
  assert.equal(without.headers.get("location"), location);
  const withPage = await send({ kind: "redirect", location, page: true, headers: { setCookie: ["a=1"] } });
  assert.equal(withPage.text, page(location));
  assert.deepEqual(withPage.headers.getSetCookie(), ["a=1"]);
});

Deno.test("toHttp() sends a page as HTML with its status", async () => {
  const sent = await send({ kind: "page", html: "<p>no</p>", status: 404 });
  assert.deepEqual([sent.status, sent.type, sent.text], [404, "text/html; charset=UTF-8", "<p>no</p>"]);
});

Deno.test("isSuccess() wants the return code itself", () => {
  for (const code of ["SUCCESS", " SUCCESS\n"]) {
    assert.ok(isSuccess(parseXml(`<response><returncode>${code}</returncode></response>`)));
  }
  for (const code of ["FAILED", "success", ""]) {
    assert.ok(!isSuccess(parseXml(`<response><returncode>${code}</returncode></response>`)));
  }
  assert.ok(!isSuccess(parseXml("<response/>")));
});

Deno.test("messageKeyOf() reads the key of every release", () => {
  const table: readonly (readonly [string, string])[] = [
    ["<messageKey>notFound</messageKey>", "notFound"],
    ["<messageKey>\n notFound </messageKey>", "notFound"],
    ["<errors><error><key>idNotUnique</key><message>m</message></error></errors>", "idNotUnique"],
    ['<errors><error key="nonUniqueVoiceBridge" message="m"/></errors>', "nonUniqueVoiceBridge"],
    ["<messageKey></messageKey><errors><error key='a'/><error key='b'/></errors>", "a"],
    ["<messageKey>first</messageKey><errors><error key='a'/></errors>", "first"],
    ["<messageKey/>", ""],
    ["<errors/>", ""],
    ["", ""],
  ];
  for (const [children, key] of table) {
    assert.equal(messageKeyOf(parseXml(`<response><returncode>FAILED</returncode>${children}</response>`)), key);
  }
});
