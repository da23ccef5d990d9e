// readClusterFiles() and printClusterFile(): what may stand in a file, where it says that something is wrong, and that
// whatever is printed is read back.
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { ClusterFileError, clusterFileJson, printClusterFile, readClusterFiles } from "../../../cli/cluster_file.ts";
import type { ClusterFile } from "../../../cli/cluster_schema.ts";
import { json } from "../../../cli/output.ts";
import { clusterFiles } from "../../support/cluster_files.ts";

// The library asks for a variable of its own debugging, and a unit test has no environment.
Object.defineProperty(process, "env", { value: {} });

const NOTHING = { env: {}, readText: (path: string): string => assert.fail(`${path} was read`) };
const read = (text: string, surroundings = NOTHING): ClusterFile =>
  readClusterFiles([{ name: "conf/cluster.yaml", text }], surroundings);

/** What is wrong, without the file's name. */
function problemsOf(text: string, surroundings = NOTHING): string[] {
  try {
    read(text, surroundings);
  } catch (error) {
    assert(error instanceof ClusterFileError);
    return error.problems.map((problem) => problem.replace("conf/cluster.yaml:", ""));
  }
  return [];
}

Deno.test("readClusterFiles() reads back what printClusterFile() and clusterFileJson() wrote, whatever it holds", () => {
  fc.assert(
    fc.property(clusterFiles, (file) => {
      assert.deepEqual(read(printClusterFile(file, "a comment\nof two lines")), file);
      assert.deepEqual(read(json(clusterFileJson(file))), file);
    }),
    { numRuns: 500 },
  );
});

Deno.test("printClusterFile() shows no character that steers a terminal or hides", () => {
  fc.assert(
    fc.property(
      clusterFiles,
      (file) => assert.doesNotMatch(printClusterFile(file, "a comment"), /(?!\n)\p{Cc}|\p{Cf}/u),
    ),
    { numRuns: 300 },
  );
});

Deno.test("printClusterFile() writes what reads well, and quotes what an older YAML would misread", () => {
  const file = {
    frontends: new Map([["greenlight", {
      secret: "a${B}",
      settings: { join_default_params: { guest: "yes", x: "01" } },
    }]]),
    backends: new Map([["https://n1.example/bigbluebutton/api/", { secret: "s", settings: { tags: ["sip", "1e3"] } }]]),
  };
  assert.equal(
    printClusterFile(file, "A cluster."),
    `# A cluster.

version: 1
frontends:
  greenlight:
    secret: a$\${B}
    settings:
      join_default_params:
        guest: "yes"
        x: "01"
backends:
  https://n1.example/bigbluebutton/api/:
    secret: s
    settings:
      tags:
        - sip
        - "1e3"
`,
  );
});

Deno.test("readClusterFiles() takes secrets from the environment and from files beside it", () => {
  const paths: string[] = [];
  const surroundings = {
    env: { ONE: "first", TWO: "second" },
    readText: (path: string) => {
      paths.push(path.slice(-"/conf/keys/n1".length));
      return "third\n";
    },
  };
  const { frontends, backends } = read(
    `
frontends:
  a: { secret: "\${ONE}" }
  b: { secret: "x\${ONE}-\${TWO}$\${ONE}$" }
backends:
  https://n1.example/api: { secret_file: ../conf/keys/n1 }
`,
    surroundings,
  );
  assert.deepEqual([frontends?.get("a"), frontends?.get("b")], [{ secret: "first" }, {
    secret: "xfirst-second\${ONE}$",
  }]);
  assert.deepEqual(backends, new Map([["https://n1.example/api/", { secret: "third" }]]));
  assert.deepEqual(paths, ["/conf/keys/n1"]);
});

Deno.test("readClusterFiles() lets anchors stand for what is the same", () => {
  const { frontends } = read("frontends:\n  a: &a { active: false, settings: { required_tags: [x] } }\n  b: *a\n");
  assert.deepEqual(frontends?.get("b"), { active: false, settings: { required_tags: ["x"] } });
});

Deno.test("readClusterFiles() takes the text of a name, whatever YAML would make of it", () => {
  const { frontends } = read("frontends: { 0123: {}, yes: {}, null: {}, constructor: {}, __proto__: {} }");
  assert.deepEqual([...frontends?.keys() ?? []].sort(), ["0123", "__proto__", "constructor", "null", "yes"]);
});

Deno.test("readClusterFiles() tells an empty section from none", () => {
  assert.deepEqual(read("frontends: {}"), { frontends: new Map() });
  assert.deepEqual(read("version: 1"), {});
});

const entry = (kind: "frontends" | "backends", members: string) =>
  `${kind}:\n  ${kind === "frontends" ? "a" : "https://n1/"}:\n    ${members}\n`;
const bomb = Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${Array(9).fill(n === 0 ? "x" : `*a${n - 1}`)}]`);

/** `S3` stands where a secret could be: no message repeats it. */
const wrong: [text: string, ...problems: RegExp[]][] = [
  ["", /^1: the file should be a map, {} for none$/],
  ["a: [", /^1: /],
  ["- frontends", /^1: the file should be a map/],
  ["frontends:", /^1: frontends should be a map, \{\} for none$/],
  ["frontends: [a]", /^1: frontends should be a map/],
  ["version: 2", /^1: version should be 1$/],
  ["frontend: {}", /^1: frontend is unknown here: there are version, frontends, backends$/],
  ["frontends: {}\n---\nbackends: {}", /^2: a second document begins/],
  ["frontends:\n\ta: {}", /^2: Tabs are not allowed as indentation$/],
  ["frontends:\n  a: {}\n  a: {}", /^3: the name is there already/],
  ["backends:\n  https://n1: {}\n  https://n1/: {}", /^3: backends\.https:\/\/n1\/ is there already: conf.*:2$/],
  ["frontends:\n  ' a': {}", /^2: frontends\. a should not be empty, nor begin or end with white space$/],
  ["backends:\n  n1.example: {}", /^2: backends\.n1\.example should start with http\(s\):\/\/$/],
  ["frontends: { ? [a] : {} }", /^1: the name is no text$/],
  ["frontends:\n  a: *S3", /^2: no anchor/],
  [`${bomb.join("\n")}\nfrontends: {}`, /Excessive alias count/],
  ["a: &a [*a]", /^1: a is unknown here/],
  [entry("frontends", "secret: !S3 x"), /^3: a tag \(!…\) is unknown/],
  [entry("frontends", "secret: S3: x"), /^3: Nested mappings/],
  [entry("frontends", "secret: {S3: x}}"), /^3: Unexpected/],
  [entry("frontends", "secret: [S3]"), /^3: frontends\.a\.secret should be text: numbers, true, false and null need/],
  [entry("frontends", "secret: 33333"), /^3: frontends\.a\.secret should be text/],
  [entry("frontends", "secret: ' S3'"), /^3: frontends\.a\.secret should not be empty, nor begin/],
  [entry("frontends", "secret: ''"), /^3: frontends\.a\.secret should not be empty/],
  [entry("frontends", `secret: ${"S3".repeat(200)}`), /^3: frontends\.a\.secret is longer than 255 characters$/],
  [entry("frontends", "secret: ${LOST}"), /^3: frontends\.a\.secret names the .* LOST, which is not set$/],
  [entry("frontends", "secret: S3${a-b}"), /^3: frontends\.a\.secret has a \$\{ that begins no/],
  [entry("frontends", "secret: S3\n    secret_file: x"), /^3: frontends\.a\.secret stands beside secret_file/],
  [
    entry("frontends", "active: yes\n    account_ref: 5"),
    /^3: .*\.active should be true or false$/,
    /^4: .*account_ref/,
  ],
  [entry("frontends", "bbb: { secret: S3 }"), /^3: frontends\.a\.bbb is unknown here: there are secret, secret_file/],
  [entry("frontends", "settings: { tags: [a] }"), /^3: frontends\.a\.settings\.tags is unknown here/],
  [entry("frontends", "settings: { required_tags: a }"), /^3: .*required_tags should be a list$/],
  [
    entry("frontends", "settings:\n      required_tags:\n      - a\n      - 5"),
    /^6: .*required_tags\.1 should be text/,
  ],
  [entry("frontends", "settings: { default_presentation: { force: true } }"), /^3: .*_presentation\.url is missing$/],
  [entry("frontends", "settings: { attendees_limit: { limit: 1.5 } }"), /^3: .*limit should be a whole number$/],
  [entry("frontends", "settings: { recordings: { visibility_override: x } }"), /should be one of unpublished, publ/],
  [entry("frontends", "settings: { join_default_params: { a: true } }"), /join_default_params\.a should be text/],
  [entry("frontends", "settings: { join_default_params: { a: '' } }"), /join_default_params\.a should not be empty/],
  [entry("frontends", "settings: { join_default_params: { constructor: a } }"), /^3: "constructor" is a name that/],
  [entry("frontends", "__proto__: {}"), /^3: "__proto__" is a name that the server does not keep$/],
  [entry("frontends", "settings: []"), /^3: frontends\.a\.settings should be a map, \{\} for none$/],
  [entry("backends", "admin_state: decommissioned"), /^3: .*admin_state should be one of init, ready, stopped$/],
  [entry("backends", "load_factor: -1"), /^3: .*load_factor should not be negative$/],
  [entry("backends", "load_factor: .nan"), /^3: .*load_factor should be a number$/],
  [entry("backends", "settings: { checksum_algorithm: md5 }"), /should be one of sha1, sha256, sha384, sha512$/],
];
for (const [text, ...problems] of wrong) {
  Deno.test(`readClusterFiles() refuses ${JSON.stringify(text.slice(0, 80))}`, () => {
    const found = problemsOf(text);
    assert.equal(found.length, problems.length, found.join("\n"));
    for (const [index, problem] of problems.entries()) assert.match(found[index] ?? "", problem);
    assert.doesNotMatch(found.join("\n"), /S3|3333/);
  });
}

Deno.test("readClusterFiles() refuses what is nested without end, in a few lines", () => {
  const problems = problemsOf("[".repeat(20_000));
  assert(problems.length > 0 && problems.length <= 10, problems.join("\n"));
});
