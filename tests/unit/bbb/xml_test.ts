import assert from "node:assert/strict";
import fc from "fast-check";
import {
  childText,
  element,
  escapeXml,
  findChild,
  isXmlName,
  mapElements,
  parseXml,
  serializeXml,
  textElement,
  textOf,
  wrapElement,
  XmlError,
  type XmlNode,
} from "../../../src/bbb/xml.ts";

const ROUND_TRIPS = [
  "<a></a>",
  '<a b="1" c=""><b>x</b> <b>y</b>\n<c></c></a>',
  "<a>x<![CDATA[<b>&amp;]]>y<![CDATA[]]></a>",
  "<a><constructor>1</constructor><__proto__>2</__proto__><toString>3</toString><hasOwnProperty>4</hasOwnProperty></a>",
  '<a constructor="1" __proto__="2" toString="3" hasOwnProperty="4"></a>',
  "<a>007</a>",
  "<a> true </a>",
  "<a>&amp;lt; &lt; &gt; &quot; &#39; ä 😀</a>",
  "<a>a&#13;b</a>",
];

Deno.test("serializeXml() of parseXml() is the text itself where it is written in our way", () => {
  for (const xml of ROUND_TRIPS) assert.equal(serializeXml(parseXml(xml)), xml);
});

Deno.test("parseXml() reads other ways to write the same", () => {
  const table: readonly (readonly [string, string])[] = [
    ["<a/>", "<a></a>"],
    ["<a />", "<a></a>"],
    ["<a ><b >1</b\n></a\t>", "<a><b>1</b></a>"],
    ["<a b='1' c = \"2'\"/>", '<a b="1" c="2&#39;"></a>'],
    ["<a b='1>2'>x</a>", '<a b="1&gt;2">x</a>'],
    ["<a b='x&#10;&#9;y'/>", '<a b="x&#10;&#9;y"></a>'],
    ['<?xml version="1.0" encoding="UTF-8"?>\n<!-- c -->\n<a/>\n', "<a></a>"],
    ["\ufeff<a/>", "<a></a>"],
    ["<a>x<!-- <b> --><?pi <c> ?>y</a>", "<a>xy</a>"],
    ["<a>x\r\ny\rz</a>", "<a>x\ny\nz</a>"],
    ["<a>&#34;&#x22;&#x1F600;&apos;</a>", "<a>&quot;&quot;😀&#39;</a>"],
    ["<a>&amp;amp; &amp;#34;</a>", "<a>&amp;amp; &amp;#34;</a>"],
    ["<a>&#0;&#1;\u0008</a>", "<a></a>"],
  ];
  for (const [given, written] of table) assert.equal(serializeXml(parseXml(given)), written, given);
});

Deno.test("parseXml() makes one text of what stands around a comment", () => {
  assert.deepEqual(parseXml("<a>x<!-- -->y<? ?>z<b/>w</a>").children, ["xyz", element("b"), "w"]);
});

Deno.test("parseXml() refuses names that are no XML names", () => {
  for (const name of ["1x", "a@b", "x!y", ".x", "-", "x=y", 'say "hi"']) {
    assert.throws(() => parseXml(`<r><${name}>v</${name}><ok>w</ok></r>`), XmlError, name);
  }
});

Deno.test("serializeXml() leaves out elements whose name is no XML name", () => {
  assert.equal(serializeXml(element("r", element("1x", "v"), element("ok", "w"))), "<r><ok>w</ok></r>");
});

Deno.test("parseXml() refuses a DOCTYPE, wherever it stands", () => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>';
  for (
    const xml of [
      `${bomb}<a>&c;</a>`,
      `<?xml version="1.0"?>\n${bomb.toLowerCase()}<a/>`,
      `<a>${bomb}</a>`,
      `<a/>${bomb}`,
    ]
  ) {
    assert.throws(() => parseXml(xml), { name: "XmlError", message: "XML with a DOCTYPE is refused" });
  }
});

Deno.test("parseXml() reads the word DOCTYPE where it is but text", () => {
  assert.equal(textOf(parseXml("<a><![CDATA[<!DOCTYPE html>]]></a>")), "<!DOCTYPE html>");
  assert.equal(textOf(parseXml("<a>&lt;!DOCTYPE html></a>")), "<!DOCTYPE html>");
});

Deno.test("parseXml() refuses what is cut or does not match", () => {
  const whole = '<?xml version="1.0"?><response><a b="c">x</a><!-- c --><![CDATA[d]]></response>';
  for (let end = 0; end < whole.length; end++) assert.throws(() => parseXml(whole.slice(0, end)), XmlError);
  const wrong = [
    "",
    " ",
    "text",
    "<a/><b/>",
    "x<a/>",
    "<a></b>",
    "<a><b></a></b>",
    "</a>",
    "<a></a></a>",
    "<a b></a>",
  ];
  for (const xml of wrong) assert.throws(() => parseXml(xml), XmlError, xml);
});

Deno.test("parseXml() reads 100 levels and refuses more, so that no tree overflows the stack", () => {
  const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
  assert.equal(serializeXml(mapElements(parseXml(nested(100)), (node) => node)), nested(100));
  assert.throws(() => parseXml(nested(101)), { name: "XmlError", message: "XML nested deeper than 100 elements" });
  assert.throws(() => parseXml("<a>".repeat(1_000_000)), XmlError);
});

Deno.test("parseXml() decodes any number of entities", () => {
  assert.equal(textOf(parseXml(`<a>${"&amp;&#34;&lt;".repeat(100_000)}</a>`)), '&"<'.repeat(100_000));
});

Deno.test("parseXml() takes time in proportion to hostile text", () => {
  const million = 1 << 20;
  for (
    const part of ["<a b='", "<a ", "<a b=\"'", "<!--", "<![CDATA[", "<?", "</", "&#", "<a>&", "]]>", "\r", "<a b"]
  ) {
    assert.throws(() => parseXml(part.repeat(million / part.length)), XmlError, part);
  }
  assert.throws(() => parseXml(`<a ${" ".repeat(million)}x${" ".repeat(million)}`), XmlError);
});

const special = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype", "a.b-c", "_", "É"];
const names = fc.oneof(fc.constantFrom(...special), fc.stringMatching(/^[A-Za-z_][\w.\-]{0,8}$/));
/** What XML can carry; the rest is dropped by escapeXml. */
const texts = fc.string({
  unit: fc.oneof(fc.constantFrom(..."<>&\"' \t\n\r];#x0"), fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })),
})
  .filter((text) => text === dropped(text) && text !== "");
const attributes = fc.uniqueArray(fc.tuple(names, texts), { selector: ([name]) => name, maxLength: 4 });
const cdata = texts.filter((text) => !text.includes("]]>") && !text.includes("\r")).map((text) => ({ cdata: text }));
const tree: fc.Arbitrary<XmlNode> = fc.letrec<{ node: XmlNode; element: XmlNode }>((tie) => ({
  node: fc.oneof({ maxDepth: 5 }, texts, cdata, tie("element")),
  element: fc.record({ name: names, attributes, children: fc.array(tie("node"), { maxLength: 5 }).map(joined) }, {
    noNullPrototype: true,
  }),
})).element;

// deno-lint-ignore no-control-regex
const dropped = (text: string) => text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, "");

/** Texts side by side are one text once they are written. */
function joined(nodes: XmlNode[]): XmlNode[] {
  return nodes.reduce<XmlNode[]>((all, node) => {
    const last = all.at(-1);
    return typeof last === "string" && typeof node === "string" ? [...all.slice(0, -1), last + node] : [...all, node];
  }, []);
}

Deno.test("parseXml() of serializeXml() is the same tree: names, attributes, CDATA, text and order", () => {
  fc.assert(fc.property(tree, (given) => assert.deepEqual(parseXml(serializeXml(given)), given)), { numRuns: 1000 });
});

Deno.test("parseXml() gives a tree or an XmlError for any text", () => {
  const parts = [
    "<",
    ">",
    "/",
    "a",
    "b",
    " ",
    "=",
    '"',
    "'",
    "&",
    "&amp;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<a>",
    "</a>",
    "\r",
    "\u0000",
    "\ud800",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 20 }), (some) => {
      for (const text of [some.join(""), `<a>${some.join("")}</a>`]) {
        try {
          serializeXml(parseXml(text));
        } catch (error) {
          assert.ok(error instanceof XmlError, text);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("serializeXml() writes what parses for any CDATA and any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.constantFrom("", "]]>", "]]]]>>"), (text, end) => {
    const given = dropped(`${text}${end}`).replaceAll("\r", "");
    assert.equal(textOf(parseXml(serializeXml(element("a", { cdata: given })))), given);
    assert.equal(textOf(parseXml(serializeXml(element("a", text)))), dropped(text));
  }));
  assert.equal(serializeXml(element("a", { cdata: "x\u0000\ud800y" })), "<a><![CDATA[x\ufffdy]]></a>");
});

Deno.test("escapeXml() drops what no XML carries and keeps the rest readable", () => {
  assert.equal(escapeXml("plain ä 日本 😀"), "plain ä 日本 😀");
  assert.equal(escapeXml("a\u0000b\u001fc\u007f\ufffe\td\n"), "abc\td\n");
  assert.equal(escapeXml("\ud800 <&>\"'\r"), "\ufffd &lt;&amp;&gt;&quot;&#39;&#13;");
});

Deno.test("isXmlName() knows the names that strict parsers accept", () => {
  for (const name of ["a", "_", "bbb-origin", "meetingName", "a.b", "a1", "É", "constructor"]) {
    assert.ok(isXmlName(name), name);
  }
  for (const name of ["", "1a", "-a", ".a", "a b", "a:b", "a\n", "a>", "a/", "ä\u037e", "\u037e", "😀"]) {
    assert.ok(!isXmlName(name), name);
  }
});

Deno.test("findChild(), childText() and textOf() look one level down and take what is missing as empty", () => {
  const root = parseXml("<r>t<a>1<b>2</b>3</a><a>4</a><c><![CDATA[5]]>6</c></r>");
  assert.equal(textOf(root), "t");
  assert.equal(textOf(findChild(root, "a")), "13");
  assert.equal(childText(root, "c"), "56");
  assert.equal(childText(root, "b"), "");
  assert.equal(textOf(undefined), "");
});

Deno.test("mapElements() changes parents before children and leaves text and CDATA alone", () => {
  const seen: string[] = [];
  const changed = mapElements(parseXml("<a>x<b><c/></b><![CDATA[y]]></a>"), (node) => {
    seen.push(node.name);
    return { ...node, name: `${node.name}2` };
  });
  assert.deepEqual(seen, ["a", "b", "c"]);
  assert.equal(serializeXml(changed), "<a2>x<b2><c2></c2></b2><![CDATA[y]]></a2>");
});

Deno.test("textElement() escapes and wrapElement() does not", () => {
  assert.equal(textElement("a", "<b>"), "<a>&lt;b&gt;</a>");
  assert.equal(textElement("a", 7) + textElement("b", false), "<a>7</a><b>false</b>");
  assert.equal(wrapElement("a", "<b></b>"), "<a><b></b></a>");
});
