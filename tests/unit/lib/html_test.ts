import assert from "node:assert/strict";
import fc from "fast-check";
import { errorPage, html, redirectPage, retryPage } from "../../../src/lib/html.ts";

Deno.test("html`` escapes values and keeps what it made itself", () => {
  const inner = html`<b>${`<i>&"'`}</b>`;
  assert.equal(
    html`<p title="${'"'}">${inner}${1}</p>`.text,
    `<p title="&quot;"><b>&lt;i&gt;&amp;&quot;&#39;</b>1</p>`,
  );
  assert.equal(html`plain`.text, "plain");
});

Deno.test("html`` lets no text out of its element or attribute", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const written = html`<a href="${text}">${text}</a>`.text;
    assert.equal(written.replace(/&(?:amp|lt|gt|quot|#39);/g, "").match(/[<>"']/g)?.join(""), `<"">` + "<>");
  }));
});

const LINK = "https://n.example/join?a=1&b=%22";

Deno.test("redirectPage() leads on by itself and by a link", () => {
  const page = redirectPage(LINK);
  assert(page.includes(`<meta http-equiv="refresh" content="0; url=https://n.example/join?a=1&amp;b=%22">`));
  assert(page.includes(`<a href="https://n.example/join?a=1&amp;b=%22">`));
});

Deno.test("retryPage() asks again after a second, by the same address, and has a link for later", () => {
  const page = retryPage("/bbb/fe1/join?a=1&b=2");
  assert(page.includes(`<meta http-equiv="refresh" content="1; url=/bbb/fe1/join?a=1&amp;b=2">`));
  assert(page.includes(`<p class="late"><a href="/bbb/fe1/join?a=1&amp;b=2">`));
  assert(page.includes("0s 12s"));
});

Deno.test("errorPage() is a whole page in which nothing leads on", () => {
  const page = errorPage({ title: "All <places> are taken", text: "Later & more" });
  assert(page.trim().startsWith("<!DOCTYPE html>"));
  assert(page.includes("<title>All &lt;places&gt; are taken</title>"));
  assert(page.includes("<p>Later &amp; more</p>"));
  assert(!/refresh|href/.test(page));
});

Deno.test("pages load nothing from elsewhere, run no script, and pass no address on", () => {
  for (const page of [redirectPage(LINK), retryPage("/bbb/x"), errorPage({ title: "t", text: "x" })]) {
    assert(!/<script|<img|<link|@import|url\(/i.test(page));
    assert(page.includes(`<meta name="referrer" content="no-referrer">`));
    assert(page.includes(`lang="en"`));
  }
});
