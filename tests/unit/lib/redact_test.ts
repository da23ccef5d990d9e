// Every secret through every way into a log line. What tells a meeting, a node or a request stays.
import assert from "node:assert/strict";
import fc from "fast-check";
import { redactFields, redactText } from "../../../src/lib/redact.ts";

const JWT = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const SPACED_JWT = `${btoa('{ "alg": "HS384" }')}.${btoa('{ "sub": "somebody" }')}.c2lnbmF0dXJl`.replaceAll("=", "");
const BLOB = btoa(JSON.stringify({ mth: "GET", url: "/bbb/fe1/join?fullName=Maxi&checksum=abc" })).replace(/=+$/, "");
const PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0\n-----END PRIVATE KEY-----";
const HUSH = "hu5h-hu5h";

const redacted = (fields: Record<string, unknown>) => JSON.stringify(redactFields(fields));

/** By name, wherever the name stands. */
// deno-fmt-ignore
const NAMES = [
  "secret", "Secret", "jwtSecret", "JWT_SECRET", "password", "PASSWORD", "attendeePW", "moderatorPW", "passwd",
  "B3SCALE_DB_PASSWORD", "token", "access_token", "sessionToken", "auth_token", "checksum", "authorization", "cookie",
  "set-cookie", "fullName", "full_name", "firstName", "lastName", "guestName", "userName", "username", "user_name",
  "userID", "avatarURL", "jwt", "private_key", "apiKey", "signed_parameters",
];
/** Names that are harmless as a field of ours, but not as a parameter of a tenant. */
// deno-fmt-ignore
const PARAMETERS = [
  "userdata-bbb_x", "userdata-", "meta_bbb-context-name", "meta_endCallbackUrl", "meta_bbb-recording-ready-url", "meta_x",
  "logoutURL", "errorRedirectUrl", "meetingEndedURL", "name", "welcome", "message", "email", "moderatorOnlyMessage",
];

const escapeFirst = (name: string) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`;

/** The ways of a named value into a line. */
const ofAName = (name: string): Record<string, unknown>[] => [
  { [name]: HUSH },
  { [name]: [HUSH] },
  { [name]: { deep: HUSH } },
  { [name]: 9876512345 },
  { bbb: { [name]: HUSH } },
  { list: [{ a: 1 }, { deep: [{ [name]: HUSH }] }] },
  { error: `could not read {"a":1,"${name}":"${HUSH}"}` },
  { error: `could not read {"a":1,"${name}" : "x\\"${HUSH}"}` },
  { error: `could not read "{\\"${name}\\":\\"${HUSH}\\"}"` },
  { error: `Unexpected end of JSON: {"${name}":"${HUSH}` },
  { error: `${name}=${HUSH} was refused` },
  { error: `host=db ${name}="a ${HUSH}" x` },
  { error: `host=db ${name}='a ${HUSH}' x` },
];

const ofAParameter = (name: string): Record<string, unknown>[] =>
  [name, name.toUpperCase(), escapeFirst(name)].flatMap((spelling) => {
    const target = `/bbb/fe1/bigbluebutton/api/join?meetingID=m&${spelling}=${HUSH}&x=1`;
    return [
      { uri: target },
      { uri: `/x?${spelling}=${HUSH}` },
      { uri: `/x?${spelling}==${HUSH}` },
      { referer: `https://lms.example${target}` },
      { path: target },
      { target: new URL(`https://lms.example${target}`) },
      { error: new Error(`GET https://n1.example${target} failed`) },
      { nested: { cause: [new TypeError(`GET "https://n1.example${target}": refused`)] } },
      { stack: `Error: x\n    at https://n1.example${target}\n    at y` },
    ];
  });

for (const name of NAMES) {
  Deno.test(`redactFields() hides "${name}", as a field, in JSON, in a text, as a parameter`, () => {
    for (const fields of [...ofAName(name), ...ofAParameter(name)]) {
      const line = redacted(fields);
      assert(!line.includes(HUSH) && !line.includes("9876512345"), `${JSON.stringify(fields)} → ${line}`);
      assert(line.includes("[redacted]"), line);
    }
  });
}
for (const name of PARAMETERS) {
  Deno.test(`redactFields() hides the parameter "${name}"`, () => {
    for (const fields of ofAParameter(name)) {
      const line = redacted(fields);
      assert(!line.includes(HUSH), `${JSON.stringify(fields)} → ${line}`);
    }
  });
}

/** By shape, whatever it is called. */
const SHAPES: [what: string, secret: string, leak: string][] = [
  ["a JWT", JWT, "c2lnbmF0dXJl"],
  ["a JWT with blanks in it", SPACED_JWT, "c2lnbmF0dXJl"],
  ["an address of the retry page", BLOB, BLOB.slice(8)],
  ["a private key", PEM, "kqhkiG9w0"],
  ["the head of a private key", PEM.slice(0, 40), "MIIE"],
  ["a database URL", "postgres://b3:hu5h@db/x", "hu5h"],
  ["a database URL whose password is not escaped", "postgresql://b3:a/b@hu5h@db/x", "hu5h"],
  ["a URL with a user", "https://hu5h@lms.example/x", "hu5h"],
  ["a URL with a user and a password", "https://u:hu5h@lms.example/x", "hu5h"],
];
for (const [what, secret, leak] of SHAPES) {
  Deno.test(`redactFields() hides ${what} in any field`, () => {
    const escaped = encodeURIComponent(secret);
    const ways: Record<string, unknown>[] = [
      { detail: secret },
      { error: new Error(`it was ${secret}, which is wrong`) },
      { list: [{ deep: [secret] }] },
      { [`key`]: { [secret]: 1 } },
      { uri: `/api/v1/x?back=${escaped}&y=1` },
      { referer: `https://lms.example/?a=${escaped}` },
      { uri: `/x?a=${escaped.replaceAll("e", "%65").replaceAll("h", "%68")}` },
    ];
    for (const fields of ways) {
      const line = redacted(fields);
      assert(!line.includes(leak), `${JSON.stringify(fields)} → ${line}`);
      assert(!decodeURIComponent(line).includes(leak), line);
    }
  });
}

const ESCAPED_JWT = JWT.replace("eyJ", "%65yJ");
for (const path of ["callbacks/proxy", "protected/recordings"]) {
  Deno.test(`redactFields() hides a token in the path of ${path}, escaped and broken ones as well`, () => {
    for (const token of [JWT, ESCAPED_JWT, "hu5h-c2lnbmF0dXJl", `x${JWT.slice(3)}`]) {
      for (const key of ["uri", "path", "referer", "error"]) {
        for (const way of [path, path.replace("c", "%63")]) {
          if (key === "error" && way !== path) continue; // a text is not read as a server reads a path
          const line = redacted({ [key]: `/api/v1/${way}/${token}?x=1` });
          assert(!line.includes("c2lnbmF0dXJl"), line);
        }
      }
    }
  });
}

const texts: [what: string, text: string, leak: string][] = [
  ["a bearer token", "Authorization: Bearer hu5h.opaque/token", "hu5h"],
  ["a bearer token without its header", "refused Bearer hu5h.opaque/token", "hu5h"],
  ["cookies", "Cookie: a=1; b3scale=hu5h", "hu5h"],
  ["a value that PostgreSQL refuses", 'invalid input syntax for type uuid: "hu5h"', "hu5h"],
  ["a row's values", "Key (key, secret)=(fe1, hu5h) already exists.", "hu5h"],
];
for (const [what, text, leak] of texts) {
  Deno.test(`redactText() hides ${what}`, () => assert(!redactText(text).includes(leak), redactText(text)));
}

Deno.test("redactFields() writes of an error its text alone", () => {
  const error = Object.assign(new Error("duplicate key value violates unique constraint", { cause: HUSH }), {
    detail: `Key (secret)=(${HUSH}) already exists.`,
    parameters: [HUSH],
    query: `insert into frontends values ('${HUSH}')`,
  });
  assert.deepEqual(redactFields({ error, deep: { error } }), {
    error: "duplicate key value violates unique constraint",
    deep: { error: "duplicate key value violates unique constraint" },
  });
});

Deno.test("redactFields() does not look into what is no plain object, nor deeper than anybody reads", () => {
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  const fields = {
    circle,
    headers: new Headers({ authorization: HUSH }),
    bytes: new TextEncoder().encode(HUSH),
    map: new Map([["password", HUSH]]),
    at: new Date(0),
    nothing: undefined,
    big: 5n,
  };
  const line = redacted(fields);
  assert(!line.includes(HUSH) && !line.includes("104,117"), line);
  assert.match(line, /"at":"1970-01-01T00:00:00.000Z"/);
});

const kept: Record<string, unknown>[] = [
  { uri: "/bbb/fe1/bigbluebutton/api/create?meetingID=m-1&record=true&duration=60&flag&checksumType=sha1&x=%20b" },
  { uri: "/api/v1/meetings?internal_meeting_id=abc&backend_host=n1" },
  { uri: "/api/v1/protected/recordings/auth" },
  { uri: "/50%/x?a=50%&b=%zz" },
  { referer: "https://lms.example/mod/bigbluebuttonbn/view.php?id=5" },
  { user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)" },
  { backend_id: "b", count: 3, ok: true, none: null, list: [1, "a"], deep: { a: 1 } },
  { host: "https://n1.example/bigbluebutton/api/", error: "getMeetings: HTTP status 502" },
  { meeting_id: "WyJmZTEiLCJtLTEiLCJiM3NjbCJd" },
  { error: "connect ECONNREFUSED 127.0.0.1:5432" },
  { error: 'password authentication failed for user "b3scale"' },
  { error: "nothing = here" },
  { error: "[2001:db8::1]:443 and eyeglasses.example.org" },
];
for (const fields of kept) {
  Deno.test(`redactFields() keeps ${JSON.stringify(fields).slice(0, 90)}`, () => {
    assert.deepEqual(redactFields(fields), fields);
  });
}

Deno.test("redactFields() leaves of a request what tells a meeting, and nothing that tells a person", () => {
  const query = "meetingID=m-1&FullName=Ada&fullN%61me=Ada&userdata-x=Ada&role=VIEWER&flag&password=&checksum=hush";
  assert.equal(
    redactFields({ uri: `/bbb/fe1/join?${query}&back=/b3s/retry-join/${BLOB}` }).uri,
    "/bbb/fe1/join?meetingID=m-1&FullName=[redacted]&fullN%61me=[redacted]&userdata-x=[redacted]&role=VIEWER&flag" +
      "&password=[redacted]&checksum=[redacted]&back=[redacted]",
  );
});

Deno.test("redactText() is done with hostile texts at once, and redacting twice changes nothing", () => {
  const long = 60_000;
  const hostile = [
    "a".repeat(long) + "=",
    "=".repeat(long),
    '"a":'.repeat(long / 4),
    '\\"a\\":\\"'.repeat(long / 8),
    "eyJ".repeat(long / 3),
    "://a:".repeat(long / 5) + "@",
    "postgres://x:".repeat(long / 13),
    "invalid input syntax".repeat(long / 20),
    "(".repeat(long) + "=",
    "-----BEGIN A-----".repeat(long / 17),
    "%65".repeat(long / 3),
  ];
  for (const text of hostile) {
    const startedAt = performance.now();
    redactFields({ error: text, uri: `/x?${text}`, user_agent: text });
    assert(performance.now() - startedAt < 1000, text.slice(0, 20));
  }
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const once = redactText(text);
    assert.equal(redactText(once), once);
  }));
});
