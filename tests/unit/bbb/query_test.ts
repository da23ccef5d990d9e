import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decode,
  encode,
  encodeJava,
  encodeQuery,
  rawQueryOf,
  readQuery,
  withoutChecksum,
} from "../../../src/bbb/query.ts";

const pairsOf = (raw: string) => {
  const params = readQuery(raw);
  return params === undefined ? undefined : [...params];
};

Deno.test("rawQueryOf() keeps the bytes after the first question mark", () => {
  const table: readonly (readonly [string, string])[] = [
    ["http://h/create", ""],
    ["http://h/create?", ""],
    ["http://h/create?a=%20+'&b=?c", "a=%20+'&b=?c"],
  ];
  for (const [url, query] of table) assert.equal(rawQueryOf(url), query);
});

Deno.test("withoutChecksum() leaves names alone that only look like it", () => {
  const table: readonly (readonly [string, string])[] = [
    ["", ""],
    ["checksum=V", ""],
    ["&checksum=V", ""],
    ["checksum=V&a=b", "a=b"],
    ["a=b&checksum=V&c=d", "a=b&c=d"],
    ["a=b&&checksum=V", "a=b&"],
    ["a=b&checksum=V&checksum=W", "a=b"],
    ["checksumType=sha1&a=checksum=1&checksum=V", "checksumType=sha1&a=checksum=1"],
    ["%63hecksum=V", "%63hecksum=V"],
  ];
  for (const [raw, signed] of table) assert.equal(withoutChecksum(raw), signed);
});

Deno.test("readQuery() reads as BBB clients write", () => {
  const table: readonly (readonly [string, [string, string][] | undefined])[] = [
    ["", []],
    ["&&", []],
    ["flag", [["flag", ""]]],
    ["=v", [["", "v"]]],
    ["a=1=2", [["a", "1=2"]]],
    ["a=1&a=2", [["a", "1"]]],
    ["a=1&%61=2", [["a", "1"]]],
    ["n=a+b%20c%2Bd", [["n", "a b c+d"]]],
    ["u%20v=x", [["u v", "x"]]],
    ["id=x[7]&id2=%5B7%5D", [["id", "x[7]"], ["id2", "[7]"]]],
    ["u=%C3%A4&v=ä", [["u", "ä"], ["v", "ä"]]],
    ["u=%ff", [["u", "\ufffd"]]],
    ["u=%E2%82&v=1", [["u", "\ufffd"], ["v", "1"]]],
    ["__proto__=1&constructor=2", [["__proto__", "1"], ["constructor", "2"]]],
    ["a=%", undefined],
    ["a=%2", undefined],
    ["a=%zz", undefined],
    ["%=1", undefined],
    ["a=1&b=%G0", undefined],
  ];
  for (const [raw, params] of table) assert.deepEqual(pairsOf(raw), params, raw);
});

Deno.test("decode() keeps a byte order mark, with and without broken UTF-8 beside it", () => {
  assert.equal(decode("%EF%BB%BFa"), "\ufeffa");
  assert.equal(decode("%EF%BB%BFa%FF"), "\ufeffa\ufffd");
});

/** The rules of a form on bytes, written without a look at the source. */
function naive(raw: string): [string, string][] | undefined {
  const bytes = new TextEncoder().encode(raw);
  const found: [string, string][] = [];
  let broken = false;
  const text = (from: Uint8Array): string => {
    const out: number[] = [];
    for (let i = 0; i < from.length; i++) {
      const byte = from[i] ?? 0;
      if (byte === 0x25) {
        const hex = String.fromCharCode(from[i + 1] ?? 0, from[i + 2] ?? 0);
        if (!/^[0-9a-f]{2}$/i.test(hex)) broken = true;
        out.push(Number.parseInt(hex, 16));
        i += 2;
      } else out.push(byte === 0x2b ? 0x20 : byte);
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(out));
  };
  for (let start = 0; start <= bytes.length;) {
    const amp = bytes.indexOf(0x26, start);
    const end = amp < 0 ? bytes.length : amp;
    const pair = bytes.subarray(start, end);
    start = end + 1;
    if (pair.length === 0) continue;
    const equals = pair.indexOf(0x3d);
    const name = text(equals < 0 ? pair : pair.subarray(0, equals));
    const value = text(equals < 0 ? new Uint8Array() : pair.subarray(equals + 1));
    if (!found.some(([known]) => known === name)) found.push([name, value]);
  }
  return broken ? undefined : found;
}

Deno.test("readQuery() reads any raw query as a naive reader of its bytes does", () => {
  const atoms = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(..."ab=&&+;[]'\"<>ä€😀") },
    {
      weight: 4,
      arbitrary: fc.constantFrom("%20", "%2B", "%26", "%3D", "%25", "%61", "%C3%A4", "%f0%9f%98%80", "%00"),
    },
    { weight: 2, arbitrary: fc.constantFrom("%FF", "%C3", "%E2%82", "%80", "%EF%BB%BF", "%ED%A0%80", "%F0%9F") },
    { weight: 1, arbitrary: fc.constantFrom("%", "%4", "%zz", "% 1", "%+1") },
  );
  const raw = fc.array(atoms, { maxLength: 14 }).map((parts) => parts.join(""));
  fc.assert(fc.property(raw, (query) => assert.deepEqual(pairsOf(query), naive(query))), { numRuns: 2000 });
});

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }));
const params = fc.array(fc.tuple(text, text), { maxLength: 8 }).map((pairs) => new Map(pairs));

Deno.test("readQuery() of encodeQuery() is the same parameters", () => {
  fc.assert(fc.property(params, (given) => {
    given.delete("checksum");
    const read = readQuery(encodeQuery(given));
    assert.deepEqual(new Map(read), given);
  }));
});

Deno.test("encodeQuery() sorts names by their UTF-8 bytes and leaves the checksum out", () => {
  const compare = (a: string, b: string) => {
    const [x, y] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
    const at = x.findIndex((byte, index) => byte !== y[index]);
    return at < 0 ? x.length - y.length : (x[at] ?? 0) - (y[at] ?? -1);
  };
  fc.assert(fc.property(params, (given) => {
    const written = readQuery(encodeQuery(new Map([["checksum", "V"], ...given]))) ?? new Map();
    assert.deepEqual([...written.keys()], [...given.keys()].filter((name) => name !== "checksum").sort(compare));
  }));
  assert.equal(
    encodeQuery(new Map([["\u{1f600}", "1"], ["\uffee", "2"], ["b", "3"], ["B", "4"]])),
    "B=4&b=3&%EF%BF%AE=2&%F0%9F%98%80=1",
  );
});

Deno.test("encodeQuery() writes what neither URL nor Request rewrites", () => {
  fc.assert(fc.property(params, (given) => {
    const url = `https://node.example.org/bigbluebutton/api/create?${encodeQuery(given)}&checksum=abc`;
    assert.equal(new URL(url).href, url);
    assert.equal(new Request(url).url, url);
  }));
});

Deno.test("encode() escapes each byte but A-Z a-z 0-9 - _ . ~ and writes a space as plus", () => {
  fc.assert(fc.property(text, (given) => {
    const expected = [...new TextEncoder().encode(given)].map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9\-_.~]/.test(char)) return char;
      return byte === 0x20 ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    });
    assert.equal(encode(given), expected.join(""));
    assert.equal(decode(encode(given)), given);
  }));
  assert.equal(encode("a\ud800b"), "a%EF%BF%BDb");
});

Deno.test("encodeJava() is URLEncoder: star stays, tilde does not", () => {
  assert.equal(encodeJava("a b*-._~!'()ä%2A"), "a+b*-._%7E%21%27%28%29%C3%A4%252A");
});

Deno.test("encodeQuery() writes the queries of the worked examples", () => {
  const create = new Map([["name", "Demo Room"], ["meta_b3s-frontend", "fe1"], [
    "meetingID",
    "WyJmZTEiLCJtLTEiLCJiM3NjbCJd",
  ]]);
  assert.equal(encodeQuery(create), "meetingID=WyJmZTEiLCJtLTEiLCJiM3NjbCJd&meta_b3s-frontend=fe1&name=Demo+Room");
  assert.equal(
    encodeQuery(new Map([["meetingID", "WyJmZTEiLCJyb29tLTEyIiwiYjNzY2wiXQ=="], ["welcome", ""]])),
    "meetingID=WyJmZTEiLCJyb29tLTEyIiwiYjNzY2wiXQ%3D%3D&welcome=",
  );
});
