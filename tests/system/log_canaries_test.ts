// A server that is given a secret at every place where one can stand, with everything logged: none of them is written.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type B3scaled, BASE_ENV, runB3scaled } from "../support/b3scaled.ts";
import { bbbClient, type Params } from "../support/bbb_client.ts";
import { fakeNodes } from "../support/fake_node.ts";
import { buildToken } from "../support/golden_rest/token.ts";
import { sendRaw } from "../support/raw_http.ts";
import { OUTSIDE, signJwt, startTestReceiver } from "../support/receivers.ts";
import { type TestDatabase, testDatabase } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

/** In each secret, name and token. */
const MARK = "kanari";
let count = 0;
const secret = (): string => `${MARK}-${++count}`;

const JWT_SECRET = `${secret()}-of-at-least-32-bytes-length`;
const FRONTEND_SECRET = secret();
const NODE_SECRET = secret();
const admin = `Bearer ${buildToken({ scope: "b3scale:admin", sub: "root", secret: JWT_SECRET })}`;
const agent = `Bearer ${buildToken({ scope: "b3scale:node", sub: "agent1", secret: JWT_SECRET })}`;

interface Scene {
  readonly origin: string;
  readonly process: B3scaled;
  readonly database: TestDatabase;
  readonly frontendID: string;
  readonly receiver: string;
  readonly node: string;
}

const json = (authorization: string, body: unknown, method = "POST"): RequestInit => ({
  method,
  headers: { authorization, "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

async function ask(origin: string, path: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(origin + path, { redirect: "manual", ...init });
  await response.body?.cancel();
  return response.status;
}

/** What frontends send: signed, badly signed, broken. */
async function callGateway({ origin, receiver, node }: Scene): Promise<void> {
  const client = bbbClient(origin, "fe1", FRONTEND_SECRET);
  const created = await client.create("room", {
    name: secret(),
    attendeePW: secret(),
    moderatorPW: secret(),
    welcome: secret(),
    logoutURL: `https://lms.example/?token=${secret()}`,
    meta_endCallbackUrl: `${receiver}/end?token=${secret()}`,
    "meta_bbb-recording-ready-url": `${receiver}/ready?token=${secret()}`,
    "meta_presenter-name": secret(),
    "userdata-bbb_custom": secret(),
  });
  assert.equal(created.returncode, "SUCCESS", created.xml);
  const person = { meetingID: "room", fullName: secret(), userID: secret(), avatarURL: `https://x/?${secret()}` };
  assert.equal((await client.call("join", { ...person, role: "VIEWER", "userdata-x": secret() })).status, 302);
  const variants: Params[] = [{ password: secret() }, { redirect: "false", password: secret() }, {
    meetingID: "unknown",
  }];
  for (const more of variants) {
    await client.call("join", { ...person, ...more });
  }
  await client.call("end", { meetingID: "room", password: secret() });
  await client.call("sendChatMessage", { meetingID: "room", message: secret(), userName: secret() });
  await client.call("insertDocument", { meetingID: "room" }, {
    method: "POST",
    headers: { "content-type": "application/xml" },
    body: `<modules><module name="presentation"><document url="${node}/x.pdf?token=${secret()}"/></module></modules>`,
  });
  const form = new URLSearchParams({ ...person, checksum: secret() });
  const headers = {
    referer: `https://lms.example/?fullName=${secret()}&p%61ssword=${secret()}`,
    cookie: `s=${secret()}`,
  };
  const api = "/bbb/fe1/bigbluebutton/api";
  await ask(origin, `${api}/join`, { method: "POST", body: form, headers });
  await ask(origin, `${api}/create`, { method: "POST", body: `<broken>${secret()}`, headers });
  await ask(origin, `${api}/join?fullN%61me=${secret()}&PASSWORD=${secret()}&checksum=${secret()}`, { headers });
  await ask(
    origin,
    `${api}/join?x=${signJwt("HS256", "x", { name: secret() })}&y=https%3A%2F%2Fu%3A${secret()}%40h%2F`,
  );
  await ask(origin, `/b3s/retry-join/${Buffer.from(JSON.stringify({ url: secret() })).toString("base64url")}`);
  await sendRaw(origin, [
    `GET ${api}/join?fullName=${secret()}%zz&checksum=%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  ]);
}

/** What operators send. */
async function callRest({ origin, node }: Scene): Promise<void> {
  const frontend = {
    bbb: { key: "fe2", secret: secret() },
    settings: { create_default_params: { attendeePW: secret() } },
  };
  assert.equal(await ask(origin, "/api/v1/frontends", json(admin, frontend)), 200);
  assert.equal(await ask(origin, "/api/v1/frontends", json(admin, frontend)), 409, "its key is in use");
  for (const host of ["http://127.0.0.1:1/bigbluebutton/api/", `http://u:${secret()}@127.0.0.1:1/bigbluebutton/api/`]) {
    await ask(origin, "/api/v1/backends", json(admin, { bbb: { host, secret: secret() }, admin_state: "ready" }));
  }
  const bad = [
    `{"bbb":{"secret":"${secret()}"`,
    { bbb: { secret: [secret()], key: { password: secret() } } },
    { bbb: { key: `\0${secret()}`, secret: secret() } },
    `${secret()}`,
  ];
  for (const body of bad) await ask(origin, "/api/v1/frontends", json(admin, body));
  await ask(origin, "/api/v1/commands", json(admin, { action: secret(), params: { password: secret() } }));
  await ask(origin, `/api/v1/meetings?token=${secret()}&password=${secret()}`, { headers: { authorization: admin } });
  for (const authorization of [`Bearer ${secret()}`, `Basic ${secret()}`, secret(), `${admin}x`]) {
    await ask(origin, "/api/v1/frontends", { headers: { authorization } });
    await ask(origin, "/metrics", { headers: { authorization } });
  }
  await ask(origin, "/api/v1/callbacks/check", json(admin, { url: `${node}/?token=${secret()}` }));
}

/** What nodes and their agents send. */
async function callAsNode({ origin, receiver, frontendID, database }: Scene): Promise<void> {
  const [meeting] = await database.pool<{ internal_id: string }[]>`select internal_id from meetings`;
  const attendee = { UserID: secret(), InternalUserID: secret(), FullName: secret(), Role: "VIEWER" };
  const payload = { internal_meeting_id: meeting?.internal_id, attendee };
  const encoded = Buffer.from(JSON.stringify(payload)).toString("base64");
  for (
    const body of [
      { action: "meeting_add_attendee", payload: encoded },
      { action: "meeting_add_attendee", payload: Buffer.from(`{"FullName":"${secret()}`).toString("base64") },
      { action: secret(), payload },
      `{"action":"${secret()}"`,
    ]
  ) await ask(origin, "/api/v1/agent/rpc", json(agent, body));

  for (const target of [`${receiver}/end?token=${secret()}`, `http://10.0.0.1/end?token=${secret()}`]) {
    const token = signJwt("HS384", JWT_SECRET, { scope: "b3scale:callback", sub: frontendID, aud: [target] });
    const proxy = `/api/v1/callbacks/proxy/${token}`;
    assert.equal(await ask(origin, proxy), 200);
    await ask(origin, proxy.replace("eyJ", "%65yJ"));
    const signed = signJwt("HS256", secret(), { meeting_id: "m", name: secret() });
    await ask(origin, proxy, { method: "POST", body: new URLSearchParams({ signed_parameters: signed }) });
    const analytics = { data: { metadata: { fullName: secret() } } };
    const bearer = `Bearer ${signJwt("HS512", NODE_SECRET, { exp: 9_999_999_999 })}`;
    assert.equal(await ask(origin, proxy, json(bearer, analytics)), 200);
    await ask(origin, proxy, json(`Bearer ${secret()}`, `{"fullName":"${secret()}`));
  }
  for (const path of ["callbacks/proxy", "protected/recordings"]) {
    await ask(origin, `/api/v1/${path}/${secret()}`, { headers: { cookie: `b3scale=${secret()}` } });
    await ask(origin, `/api/v1/${path}/${signJwt("HS384", secret(), { sub: secret() })}`);
  }
}

for (const format of ["structured", "plain"]) {
  Deno.test(`no secret, token or name that a server is given is in its log, at level trace, in ${format} lines`, async () => {
    await using database = await testDatabase();
    await using nodes = await fakeNodes(1, { secret: NODE_SECRET });
    await using receiver = await startTestReceiver(OUTSIDE);
    receiver.answer = { status: 500 };
    const node = nodes.at(0);
    const { pool } = database;
    const [frontend] = await pool<{ id: string }[]>`
      insert into frontends (key, secret) values ('fe1', ${FRONTEND_SECRET}) returning id`;
    await pool`
      with added as (
        insert into backends (host, secret, admin_state, node_state, agent_ref)
        values (${node.url}, ${node.secret}, 'ready', 'ready', 'agent1') returning id, created_at
      )
      insert into b3scale_backend_health (backend_id, good_at, due_at) select id, created_at, created_at from added`;
    await using process = runB3scaled({
      env: {
        ...BASE_ENV,
        B3SCALE_DB_URL: database.url,
        B3SCALE_API_JWT_SECRET: JWT_SECRET,
        B3SCALE_METRICS_TOKEN: secret(),
        B3SCALE_CALLBACK_ALLOW: OUTSIDE,
        B3SCALE_LOG_LEVEL: "trace",
        B3SCALE_LOG_FORMAT: format,
      },
    });
    const address = await eventually(
      "it listens",
      () => /listen"?[:=]"?(127\.0\.0\.1:\d+)/.exec(process.stderr())?.[1],
      { withinMs: 60_000 },
    );
    const origin = `http://${address}`;
    await eventually("it is ready", async () => await ask(origin, "/readyz") === 200);
    await eventually("its node is known", () => node.calls.some(({ resource }) => resource === "getMeetings"));
    const scene = {
      origin,
      process,
      database,
      frontendID: frontend?.id ?? "",
      receiver: receiver.origin,
      node: node.url,
    };
    await callGateway(scene);
    await callRest(scene);
    await callAsNode(scene);
    await eventually("callbacks were tried", () => receiver.arrivals.length > 0);
    await eventually("a poll has failed", () => /poll of a node failed/.test(process.stderr()));
    node.fail({ kind: "raw", status: 500, body: `<x password="${secret()}">${secret()}` });
    await bbbClient(origin, "fe1", FRONTEND_SECRET).call("getMeetingInfo", { meetingID: "room", password: secret() });
    process.kill("SIGTERM");
    assert.equal((await process.exited).code, 0);

    const said = process.stdout() + process.stderr();
    const leaks = said.split("\n").filter((line) => line.includes(MARK) || line.includes("eyJ"));
    assert.deepEqual(leaks, []);
    assert(count > 60, "many were sent");
    for (const told of ["authentication failed", "callback accepted", "node call failed", "[redacted]"]) {
      assert(said.includes(told), `the log tells of "${told}"`);
    }
  });
}
