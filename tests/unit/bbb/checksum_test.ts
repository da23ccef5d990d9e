import assert from "node:assert/strict";
import fc from "fast-check";
import { type ChecksumAlgorithm, sign, verify } from "../../../src/bbb/checksum.ts";
import { withoutChecksum } from "../../../src/bbb/query.ts";

const SECRET = "639259d4-demo";
const QUERY = "meetingID=abc+1&name=a%20b";
/** bbb-api §1.2 */
const VECTORS: readonly (readonly [ChecksumAlgorithm, string])[] = [
  ["sha1", "1210bf46e8f26034eaf50a7628a61532a709bc47"],
  ["sha256", "0480fac44558f544d6e7a594f0403db377e3bcae2b817f0f2759ea9b2b9207d5"],
  ["sha384", "1b0751d2506d7795b9ddcca203cdabe7019a06e971c40fbf0db09467ce5b8ca04fdb11a9bd8cd7ce1e9df668bfe4c213"],
  [
    "sha512",
    "1b466566909a15e3ed7a9e00382166166d7f105c9cafefae1345a9c6d206074f19d7f8ab6f99d9fec4b62cb2d32fb904225a818766efa38f3522cc6da3981a18",
  ],
];

Deno.test("sign() and verify() agree with the vectors of all four algorithms", () => {
  for (const [algorithm, checksum] of VECTORS) {
    assert.equal(sign("create", QUERY, SECRET, algorithm), checksum);
    assert.ok(verify("create", [QUERY], SECRET, checksum));
    assert.ok(verify("create", [QUERY], SECRET, checksum.toUpperCase()));
  }
});

Deno.test("sign() of an empty query and of the index is the vectors'", () => {
  assert.equal(sign("getMeetings", "", SECRET, "sha1"), "59104ac4971e378db92050f64791afcc16fda005");
  assert.equal(sign("", "", SECRET, "sha1"), "427ffabc33478759d855e1a525e034951302873d");
  const index = "e708f4a59946456880a36367736596439bd6c74abd9e650a29cec60dc4dcd04d";
  assert.equal(sign("", "", "fe1-secret", "sha256"), index);
});

Deno.test("sign() gives the worked example of a create from client to node", () => {
  const client = "meetingID=m-1&name=Demo+Room";
  const sha256 = "d4b209e14f33e432f021e2bfe24e44061b47ace008ef1b513205ab83bbf47a57";
  assert.equal(sign("create", client, "fe1-secret", "sha256"), sha256);
  assert.equal(sign("create", client, "fe1-secret", "sha1"), "13d97f302f11b3eb8c559ee3c87687637b713f80");
  assert.ok(verify("create", [withoutChecksum(`${client}&checksum=${sha256}`)], "fe1-secret", sha256));
});

Deno.test("verify() takes any one of the queries, and none for another resource", () => {
  const checksum = sign("end", "b=1", SECRET, "sha256");
  assert.ok(verify("end", ["a=1", "b=1"], SECRET, checksum));
  assert.ok(!verify("end", ["a=1"], SECRET, checksum));
  assert.ok(!verify("end", [], SECRET, checksum));
  assert.ok(!verify("End", ["b=1"], SECRET, checksum));
});

Deno.test("verify() refuses every checksum under an empty secret", () => {
  assert.ok(!verify("getMeetings", [""], "", sign("getMeetings", "", "", "sha256")));
});

Deno.test("verify() refuses other lengths and characters without throwing", () => {
  const valid = sign("end", QUERY, SECRET, "sha1");
  for (const checksum of ["", "a", valid.slice(1), `${valid}0`, "ä".repeat(40), "\ud800".repeat(64), "İ".repeat(40)]) {
    assert.equal(verify("end", [QUERY], SECRET, checksum), false);
  }
});

const algorithms = fc.constantFrom<ChecksumAlgorithm>("sha1", "sha256", "sha384", "sha512");
/** Pairs as bytes on the wire; empty ones stand for `&&`, the last one looks like the parameter and is none. */
const pairs = fc.array(
  fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abcXYZ019=%+[]'!*()~:/?ä😀") }),
    fc.constantFrom("", "checksumType=1", "xchecksum=2", "meta_checksum=3", "Checksum=4"),
  ),
  { maxLength: 8 },
);
const anyCase = fc.func(fc.boolean()).map((upper) => (text: string) =>
  [...text].map((char, index) => upper(index) ? char.toUpperCase() : char).join("")
);

Deno.test("verify() holds for any raw query, with the checksum at any place, of any algorithm, in any case", () => {
  fc.assert(
    fc.property(pairs, fc.nat(), fc.string(), algorithms, anyCase, (parts, place, resource, algorithm, spell) => {
      const query = parts.join("&");
      const given = spell(sign(resource, query, SECRET, algorithm));
      const at = place % (parts.length + 1);
      const sent = [...parts.slice(0, at), `checksum=${given}`, ...parts.slice(at)].join("&");
      assert.equal(withoutChecksum(sent), query);
      assert.ok(verify(resource, [withoutChecksum(sent)], SECRET, given));
    }),
  );
});

Deno.test("verify() fails when one character of resource, query, secret or checksum changes", () => {
  const nonEmpty = fc.string({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      fc.tuple(nonEmpty, nonEmpty, nonEmpty),
      algorithms,
      fc.nat(3),
      fc.nat(),
      (texts, algorithm, which, place) => {
        const given = sign(texts[0], texts[1], texts[2], algorithm);
        const [resource, query, secret, checksum] = [...texts, given].map((text, index) =>
          index === which ? change(text, place % text.length) : text
        );
        assert.ok(!verify(resource ?? "", [query ?? ""], secret ?? "", checksum ?? ""));
      },
    ),
  );
});

function change(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === "0" ? "1" : "0") + text.slice(at + 1);
}

Deno.test("withoutChecksum() removes what BBB's three textual replacements remove", () => {
  const plain = fc.array(fc.string({ unit: fc.constantFrom(..."ab=%+") }), { maxLength: 6 });
  fc.assert(fc.property(plain, fc.nat(), (parts, place) => {
    const at = place % (parts.length + 1);
    const sent = [...parts.slice(0, at), "checksum=V", ...parts.slice(at)].join("&");
    const found = ["&checksum=V", "checksum=V&", "checksum=V"].find((text) => sent.includes(text)) ?? "";
    assert.equal(withoutChecksum(sent), sent.replace(found, ""));
  }));
});
