// What nodes call instead of the frontends: what is accepted, and what then stands in the outbox.
import assert from "node:assert/strict";
import { createApp } from "../../src/app.ts";
import { type NodeClaims, signNodeToken } from "../../src/contract/node_token.ts";
import { signToken } from "../../src/contract/token.ts";
import { buildToken, JWT_SECRET } from "../support/golden_rest/token.ts";
import { clusterID, makeLog } from "../support/make.ts";
import { type Ask, IDS, type RestApp, startRestApp, tell } from "../support/rest_app.ts";

const TARGET = "https://lms.example/hook?course=1&meetingID=old";
const CLAIMS = { scope: "b3scale:callback", sub: IDS.fe1, aud: [TARGET] };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** As in a create of 1.x, which never ends. */
const pathOf = (claims: Parameters<typeof buildToken>[0] = CLAIMS) => `/v1/callbacks/proxy/${buildToken(claims)}`;
const recordingReady = (claims: NodeClaims, secret = "node1-secret") =>
  `signed_parameters=${signNodeToken("HS256", secret, claims)}`;
const post = (text: string, headers: Ask["headers"] = FORM, path = pathOf()): Ask => ({
  method: "POST",
  path,
  text,
  headers,
});

interface Row {
  readonly frontend_id: string;
  readonly kind: string;
  readonly url: string;
  readonly origin: string;
  readonly claims: string | null;
  readonly body: string | null;
  readonly record_id: string | null;
}

/** Without that of the scene. */
async function accepted({ db }: RestApp): Promise<Row[]> {
  const rows = await db<Row[]>`
    select frontend_id, kind, url, origin, claims, body, record_id from b3scale_callbacks
    where id <> ${IDS.callback} order by created_at`;
  return rows.map((row) => ({ ...row }));
}

Deno.test("a GET is accepted with an empty 200, the node's query over the target's, ids as the frontend knows them", async () => {
  await using rest = await startRestApp();
  const mine = encodeURIComponent(clusterID("room ü"));
  const foreign = encodeURIComponent(clusterID("room", "fe2"));
  const queries: readonly (readonly [given: string, query: string])[] = [
    ["", "course=1&meetingID=old"],
    [`?meetingID=${mine}&recordingmarks=true`, "course=1&meetingID=room+%C3%BC&recordingmarks=true"],
    [`?meeting_id=${mine}&meetingId=${mine}&other=${mine}`, ""],
    [`?meetingID=${foreign}`, `course=1&meetingID=${foreign}`],
    ["?meetingID=plain&a=1&a=2", "a=1&a=2&course=1&meetingID=plain"],
  ];
  for (const [given, query] of queries) {
    await rest.reset();
    const told = await rest.ask({ method: "GET", path: pathOf() + given });
    assert.deepEqual([told.status, told.text], [200, ""]);
    const [row, ...more] = await accepted(rest);
    assert.deepEqual(more, []);
    const { url, ...others } = row ?? { url: "" };
    assert.deepEqual(others, {
      frontend_id: IDS.fe1,
      kind: "meeting_ended",
      origin: "https://lms.example",
      claims: null,
      body: null,
      record_id: null,
    });
    const { searchParams } = new URL(url);
    if (query !== "") assert.equal(url, `https://lms.example/hook?${query}`);
    if (searchParams.has("other")) {
      assert.deepEqual([searchParams.get("meeting_id"), searchParams.get("meetingId")], ["room ü", "room ü"]);
      assert.equal(searchParams.get("other"), clusterID("room ü"), "only ids of meetings are decoded");
    }
  }
});

Deno.test("a recording is accepted from a form, multipart or JSON, signed by any node, and keeps its claims", async () => {
  await using rest = await startRestApp();
  const claims = { meeting_id: clusterID("room"), record_id: "rec-1", more: [1, { x: null }] };
  const signed = signNodeToken("HS256", "node2-secret", claims);
  const asks = [
    post(`signed_parameters=${signed}`),
    post(`a=b&signed_parameters=${encodeURIComponent(signed)}`, {
      "content-type": `${FORM["content-type"]}; charset=x`,
    }),
    post(JSON.stringify({ signed_parameters: signed }), { "content-type": "application/json" }),
    post(
      `--X\r\nContent-Disposition: form-data; name="signed_parameters"\r\n\r\n${signed}\r\n--X--\r\n`,
      { "content-type": "multipart/form-data; boundary=X" },
    ),
  ];
  for (const ask of asks) {
    await rest.reset();
    const told = await rest.ask(ask);
    assert.deepEqual([told.status, told.text], [200, ""]);
    const [row] = await accepted(rest);
    assert.deepEqual({ ...row, record_id: null }, {
      frontend_id: IDS.fe1,
      kind: "recording_ready",
      url: TARGET,
      origin: "https://lms.example",
      claims: JSON.stringify({ ...claims, meeting_id: "room" }),
      body: null,
      record_id: null,
    });
  }
});

Deno.test("a recording waits for its files where there are folders for them", async () => {
  await using rest = await startRestApp();
  const folder = "/nowhere";
  const folders = {
    publishedPath: folder,
    unpublishedPath: folder,
    inboxPath: folder,
    uploadMaxBytes: 1,
    trashDays: 0,
  };
  const waitsFor = async (recordings: typeof folders | null, record_id: unknown) => {
    await rest.reset();
    const app = createApp({ ...rest.deps, config: { ...rest.deps.config, recordings } });
    assert.equal((await tell(app, post(recordingReady({ record_id })))).status, 200);
    return (await accepted(rest))[0]?.record_id;
  };
  assert.equal(await waitsFor(folders, "rec-1"), "rec-1");
  assert.equal(await waitsFor(null, "rec-1"), null);
  for (const record_id of [5, "", "a\0b", "\ud800"]) assert.equal(await waitsFor(folders, record_id), null);
});

Deno.test("analytics are accepted with a node's token; ids and our own URL are put back, all else stays", async () => {
  await using rest = await startRestApp();
  const data = {
    metadata: { is_breakout: "false", analytics_callback_url: "https://b3s/x" },
    duration: 5,
    attendees: [],
  };
  const sent = { version: "1.0", meeting_id: clusterID("room"), internal_meeting_id: "int-1", data };
  const bearer = (secret: string, exp: number) =>
    signNodeToken("HS512", secret, { exp: Math.floor(Date.now() / 1000) + exp });
  const headers = (token: string) => ({ "content-type": "application/json", authorization: `Bearer ${token}` });
  const text = JSON.stringify(sent);
  assert.equal((await rest.ask(post(text, headers(bearer("node1-secret", 60))))).status, 200);
  const [row] = await accepted(rest);
  assert.deepEqual([row?.kind, row?.url], ["analytics", TARGET]);
  assert.deepEqual(JSON.parse(row?.body ?? ""), {
    ...sent,
    meeting_id: "room",
    data: { ...data, metadata: { ...data.metadata, analytics_callback_url: TARGET } },
  });
  assert.deepEqual(Object.keys(JSON.parse(row?.claims ?? "")), ["exp"]);

  for (const token of [bearer("node1-secret", -5), bearer("fe1-secret", 60), "x", buildToken(CLAIMS)]) {
    const told = await rest.ask(post(text, headers(token)));
    assert.deepEqual([told.status, told.json], [401, { message: "invalid or expired jwt" }]);
  }
  assert.equal((await rest.ask(post(text, { "content-type": "application/json" }))).status, 400);
  assert.equal((await accepted(rest)).length, 1);
});

Deno.test("what is refused, and nothing of it is stored", async () => {
  await using rest = await startRestApp();
  await rest.db`update backends set secret = '' where id = ${IDS.node2}`;
  const ended = await signToken(JWT_SECRET, { ...CLAIMS, lifetimeSeconds: 60 }, Date.now() - 61_000);
  const good = recordingReady({ meeting_id: "m" });
  const path = (claims: Parameters<typeof buildToken>[0]) => pathOf({ ...CLAIMS, ...claims });
  const cases: readonly (readonly [what: string, ask: Ask, status: number])[] = [
    ["an ended token", { method: "GET", path: `/v1/callbacks/proxy/${ended}` }, 403],
    ["a token of another secret", { method: "GET", path: path({ secret: "x" }) }, 403],
    ["a token of HS256", post(good, FORM, path({ alg: "HS256" })), 403],
    ["an admin's token", post(good, FORM, path({ scope: "b3scale:admin" })), 403],
    ["no audience", post(good, FORM, path({ aud: undefined })), 400],
    ["an audience that is no URL", post(good, FORM, path({ aud: ["lms.example/hook"] })), 400],
    ["an unknown frontend", post(good, FORM, path({ sub: IDS.nobody })), 404],
    ["a frontend that is no id", post(good, FORM, path({ sub: "'" })), 404],
    ["an unknown frontend's GET", { method: "GET", path: path({ sub: IDS.nobody }) }, 404],
    ["a recording that nobody has signed", post(recordingReady({}, "x")), 401],
    ["one signed with the frontend's secret", post(recordingReady({}, "fe1-secret")), 401],
    ["one signed with an empty secret", post(recordingReady({}, "")), 401],
    ["one without a token", post("signed_parameters="), 400],
    ["an empty body", post(""), 400],
    ["JSON that is none", post("{", { "content-type": "application/json" }), 400],
    ["JSON that is no object", post("[]", { "content-type": "application/json" }), 400],
    ["multipart that is none", post("x", { "content-type": "multipart/form-data; boundary=X" }), 400],
    ["a body that is too large", post("x".repeat(16 * 1024 * 1024 + 1)), 413],
    ["another method", { method: "DELETE", path: pathOf() }, 401],
    ["HEAD", { method: "HEAD", path: pathOf() }, 401],
    ["a path below", { method: "GET", path: `${pathOf()}/x` }, 401],
  ];
  for (const [what, ask, status] of cases) {
    assert.equal((await rest.ask(ask)).status, status, what);
  }
  assert.deepEqual(await accepted(rest), []);
});

Deno.test("a target within the operator's network is accepted: the guard judges when it is sent", async () => {
  await using rest = await startRestApp();
  for (const url of ["http://10.0.0.1/x", "http://[::1]:8080/", "https://user:pw@lms.example/", "ftp://lms.example/"]) {
    assert.equal((await rest.ask({ method: "GET", path: pathOf({ ...CLAIMS, aud: [url] }) })).status, 200, url);
  }
  assert.deepEqual((await accepted(rest)).map(({ origin }) => origin), [
    "http://10.0.0.1",
    "http://[::1]:8080",
    "https://lms.example",
    "ftp://lms.example",
  ]);
});

Deno.test("neither the token nor the target's path is logged", async () => {
  const { log, lines } = makeLog();
  await using rest = await startRestApp(log);
  const aud = ["https://lms.example/s3cret?key=s3cret"];
  await rest.ask({
    method: "GET",
    path: `${pathOf({ ...CLAIMS, aud })}?meetingID=x`,
    headers: { "x-request-id": "r7" },
  });
  const line = lines.find(({ message }) => message === "callback accepted");
  assert.deepEqual([line?.fields["host"], line?.fields["kind"], line?.fields["request_id"]], [
    "lms.example",
    "meeting_ended",
    "r7",
  ]);
  assert.ok(!JSON.stringify(lines.filter(({ message }) => message !== "")).includes("s3cret"));
});
