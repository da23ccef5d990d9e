import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { AppError, type ErrorCode } from "../../../src/errors.ts";
import { admit, readAddress } from "../../../src/gateway/admit.ts";
import type { ClusterView } from "../../../src/cluster/view.ts";
import { createRecorder } from "../../../src/metrics/recorder.ts";
import { makeFrontend, makeLog } from "../../support/make.ts";

const addresses: [url: string, frontendKey: string, resource: string][] = [
  ["/bbb/fe1/bigbluebutton/api/create?a=1", "fe1", "create"],
  ["/bbb/fe1/getMeetings", "fe1", "getMeetings"],
  ["/bbb/fe1/x/y/getMeetings?checksum=1", "fe1", "getMeetings"],
  ["/bbb/fe1/bigbluebutton/api/getMeetings/", "fe1", ""],
  ["/bbb/fe1/bigbluebutton/api/", "fe1", ""],
  ["/bbb/fe1/bigbluebutton/api", "fe1", ""],
  ["/bbb/fe1/", "fe1", ""],
  ["/bbb/fe1", "fe1", ""],
  ["/bbb/", "", ""],
  ["/bbb", "", ""],
  ["/bbb/f%C3%A9%201/bigbluebutton/api/create", "fé 1", "create"],
  ["/bbb/50%/bigbluebutton/api/create", "50%", "create"],
  ["/bbb/FE1/bigbluebutton/api/CREATE", "FE1", "CREATE"],
  ["/bbb/fe1/bigbluebutton/api/hooks/create?x=1", "fe1", "hooks/create"],
  ["/bbb/fe1/bigbluebutton/api/create?url=/other/join", "fe1", "create"],
];
for (const [target, frontendKey, resource] of addresses) {
  Deno.test(`readAddress() of ${target}`, () => {
    for (const url of [target, `https://b3s.example:8080${target}`]) {
      assert.deepEqual(readAddress(url), { frontendKey, resource, target });
    }
  });
}

const FRONTENDS = new Map([
  ["fe1", makeFrontend()],
  ["off", makeFrontend({ key: "off", active: false })],
  ["open", makeFrontend({ key: "open", secret: "" })],
]);
const view: Pick<ClusterView, "findFrontend"> = { findFrontend: (key) => Promise.resolve(FRONTENDS.get(key)) };

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
function ask(
  { key = "fe1", resource = "create", query = "meetingID=m", secret = "fe1-secret", headers = {} }: {
    key?: string;
    resource?: string;
    query?: string;
    secret?: string;
    headers?: Record<string, string>;
  } = {},
) {
  const checksum = sha256(resource + query + secret);
  const url = `https://b3s.example/bbb/${key}/bigbluebutton/api/${resource}?${query}&checksum=${checksum}`;
  const { log, lines } = makeLog();
  const failures: string[] = [];
  const metrics = { ...createRecorder(), authFailure: (kind: string) => void failures.push(kind) };
  const http = { req: new Request(url, { headers }), id: "r1", remoteIP: "192.0.2.1" };
  const asked = admit({ view: view as ClusterView, log, metrics }, http, readAddress(url));
  return Object.assign(asked, { lines, failures });
}
const refusal = async (asked: Promise<unknown>): Promise<ErrorCode> => {
  const error = await asked.then(() => assert.fail("it was admitted"), (thrown: unknown) => thrown);
  assert(error instanceof AppError, String(error));
  return error.code;
};

Deno.test("admit() hands a signed request on with its frontend and what the answer depends on", async () => {
  const request = await ask({ headers: { accept: "text/html", "user-agent": "Firefox" } });
  assert.equal(request.frontend.key, "fe1");
  assert.deepEqual(Object.fromEntries(request.params).meetingID, "m");
  assert.deepEqual([request.resource, request.accept, request.userAgent, request.requestID], [
    "create",
    "text/html",
    "Firefox",
    "r1",
  ]);
  assert(request.target.startsWith("/bbb/fe1/bigbluebutton/api/create?meetingID=m&checksum="));
});

Deno.test("admit() refuses a wrong checksum, an unknown, a disabled and an open frontend alike", async () => {
  const asked = [
    ask({ secret: "wrong" }),
    ask({ key: "nobody" }),
    ask({ key: "nobody", secret: "" }),
    ask({ key: "off" }),
    ask({ key: "open", secret: "" }),
    ask({ key: "nobody", secret: "no frontend has this secret" }),
  ];
  assert.deepEqual(await Promise.all(asked.map(refusal)), asked.map(() => "checksum_mismatch"));
});

Deno.test("admit() says of a resource that is not served that it is not, to whom did not sign it", async () => {
  for (const resource of ["nothing", "getJoinUrl", "setConfigXML", "hooks/create"]) {
    assert.equal(await refusal(ask({ resource, secret: "wrong" })), "unsupported_request");
  }
});

Deno.test("admit() tells what is wrong with a query to whom signed it only", async () => {
  const query = "meetingID=%zz";
  assert.equal(await refusal(ask({ query })), "invalid_parameter");
  assert.equal(await refusal(ask({ query, secret: "wrong" })), "checksum_mismatch");
});

Deno.test("admit() does not put secrets or checksums into its error", async () => {
  const error = await ask({ secret: "wrong" }).then(() => undefined, (thrown: Error) => thrown);
  assert.equal(error?.message, 'Request of frontend "fe1" is not signed with its secret');
});

Deno.test("admit() reports a wrong checksum once, with the client's address and no key that it made up", async () => {
  const known = ask({ secret: "wrong" });
  await refusal(known);
  const path = "/bbb/fe1/bigbluebutton/api/create";
  const fields = { kind: "checksum", remote_ip: "192.0.2.1", path, frontend: "fe1", request_id: "r1" };
  assert.deepEqual(known.lines, [{ level: "warn", message: "authentication failed", fields }]);
  assert.deepEqual(Object.keys(known.lines[0]?.fields ?? {}).slice(0, 2), ["kind", "remote_ip"]);
  assert.deepEqual(known.failures, ["checksum"]);

  const unknown = ask({ key: `nobody${"x".repeat(1000)}` });
  await refusal(unknown);
  assert.equal(unknown.lines[0]?.fields.frontend, undefined);
  assert.equal(String(unknown.lines[0]?.fields.path).length, 200);

  for (const fine of [ask(), ask({ resource: "nonsense", secret: "wrong" })]) {
    await fine.catch(() => {});
    assert.deepEqual([fine.lines, fine.failures], [[], []]);
  }
});
