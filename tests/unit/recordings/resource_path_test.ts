import assert from "node:assert/strict";
import fc from "fast-check";
import { readResource } from "../../../src/recordings/resource_path.ts";

const ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123";
const bbb = (...names: string[]) => ({ kind: "recording", names, isBbbID: true });
const folder = (...names: string[]) => ({ kind: "recording", names, isBbbID: false });
const OTHER = { kind: "other" };
const REFUSED = { kind: "refused" };

const cases: readonly [path: string, expected: object][] = [
  [`/presentation/${ID}/metadata.xml`, bbb(ID)],
  [`/playback/presentation/2.3/${ID}`, bbb(ID)],
  [`/playback/presentation/2.3/${ID}/`, bbb(ID)],
  [`/playback/presentation/2.3/${ID}?l=media`, bbb(ID)],
  [`/playback/video/${ID}/video-0.m4v`, bbb(ID)],
  [`/video/${ID}.mp4`, bbb(ID)],
  ["/recording/screenshare/ab-1/x.webm", bbb("ab-1")],
  [`/formatofnextyear/${ID}/x`, bbb(ID)],
  // The folder of a presentation looks like an id, too.
  [`/presentation/${ID}/presentation/d2d9a672-1715261728200/thumbnails/thumb-1.png`, bbb(ID)],
  [`/presentation/${ID.toUpperCase()}/x`, bbb(ID.toUpperCase(), ID)],
  [`//presentation///${ID}//x`, bbb(ID)],
  [`/presentation%2F${ID}%2fx`, bbb(ID)],
  [`/presentation/%30f1e2d3c-17%31/x`, bbb("0f1e2d3c-171")],
  [`/presentation/${ID}#/../ab-1`, bbb(ID)],
  ["/presentation/my_room/x", folder("my_room")],
  ["/playback/video/my_room/", folder("my_room")],
  ["/recording/screenshare/My-Room", folder("My-Room", "my-room")],
  ["/playback/presentation/2.3/static/js/main.js", OTHER],
  ["/playback/presentation/2.3/index.html", OTHER],
  ["/favicon.ico", OTHER],
  ["/presentation/%252e%252e/x", OTHER], // decoded once: a file with a percent sign
  ["/presentation/", OTHER],
  ["/", OTHER],
  ["", OTHER],
  [`/presentation?/${ID}`, OTHER],
  ["/.well-known/acme-challenge/x.y", folder("acme-challenge")],
  [`/presentation/ab-1/../${ID}/x`, REFUSED],
  [`/presentation/${ID}/x/..`, REFUSED],
  [`/presentation/${ID}/%2e%2E/x`, REFUSED],
  [`/presentation/${ID}%2f..%2fx`, REFUSED],
  [`/presentation/./${ID}`, REFUSED],
  [`/.trash/presentation/${ID}.20260101T000000.000Z/metadata.xml`, REFUSED],
  [`/presentation/.b3scale-${ID}.scrap/x`, REFUSED],
  [`/presentation/%2ehidden`, REFUSED],
  [`/presentation/${ID}%00/x`, REFUSED],
  ["/presentation/%zz", REFUSED],
  ["/presentation/x%2", REFUSED],
];
for (const [path, expected] of cases) {
  Deno.test(`readResource() of "${path}"`, () => assert.deepEqual(readResource(path), expected));
}

const hex = (char: string, upper: boolean) => {
  const code = char.charCodeAt(0).toString(16).padStart(2, "0");
  return `%${upper ? code.toUpperCase() : code}`;
};
const id = fc.tuple(
  fc.stringMatching(/^[0-9a-f]{1,40}$/),
  fc.stringMatching(/^[0-9]{1,13}$/),
).map((parts) => parts.join("-"));
const word = fc.constantFrom("presentation", "video", "playback", "2.3", "notes", "x y", "ä", "a%b", "k&?#");

/** Each character as it is or escaped, slashes once or more. */
const spelled = (path: string) =>
  fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.nat(2)), { minLength: path.length, maxLength: path.length }).map(
    (choices) =>
      Array.from(path, (char, index) => {
        const [escaped, upper, more] = choices[index] ?? [true, true, 0];
        if (char === "/") return (escaped ? hex(char, upper) : "/") + "/".repeat(more);
        return escaped || /[^\w.-]/.test(char) ? hex(char, upper) : char;
      }).join(""),
  );

Deno.test("readResource() finds the recording's id in any spelling, wherever it stands", () => {
  const given = fc.tuple(fc.array(word, { maxLength: 3 }), id, fc.array(fc.oneof(word, id), { maxLength: 3 }))
    .chain(([before, recordID, after]) =>
      fc.tuple(fc.constant(recordID), spelled(`/${[...before, recordID, ...after].join("/")}`))
    );
  fc.assert(
    fc.property(given, fc.constantFrom("", "/", "?", "?x=/ab-1", "#"), ([recordID, path], end) => {
      assert.deepEqual(readResource(`/${path}${end}`), bbb(recordID));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readResource() finds it in any case, and names what is stored", () => {
  fc.assert(fc.property(id, (recordID) => {
    const resource = readResource(`/video/${recordID.toUpperCase()}/x`);
    assert.ok(resource.kind === "recording" && resource.names.includes(recordID));
  }));
});

Deno.test("readResource() has an answer to any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.ok(["recording", "other", "refused"].includes(readResource(text).kind));
    }),
    { numRuns: 1000 },
  );
});
