import assert from "node:assert/strict";
import { createRecorder } from "../../../src/metrics/recorder.ts";
import { createRegistry } from "../../../src/metrics/registry.ts";
import type { HttpObservation } from "../../../src/metrics/types.ts";

function start() {
  const registry = createRegistry();
  const recorder = createRecorder({ registry, hosts: ["api.example.org"] });
  const text = async () => (await registry.metrics()).split("\n");
  return {
    recorder,
    text,
    shows: async (line: string) => assert.ok((await text()).includes(line), await missing(line)),
  };
  async function missing(line: string): Promise<string> {
    const [name = ""] = line.split("{", 1);
    return `${line} is not among\n${(await text()).filter((one) => one.startsWith(name)).join("\n")}`;
  }
}

const request = (fields: Partial<HttpObservation> = {}): HttpObservation => ({
  status: 200,
  host: "api.example.org",
  method: "GET",
  target: "/bbb/fe1/bigbluebutton/api/join?fullName=Ada",
  seconds: 0.02,
  requestBytes: 0,
  responseBytes: 2000,
  ...fields,
});

Deno.test("httpRequest() counts into the four families of 1.x", async () => {
  const { recorder, shows } = start();
  recorder.httpRequest(request());
  recorder.httpRequest(request({ seconds: 0.3, target: "/bbb/fe2/join", requestBytes: 700, responseBytes: 0 }));
  const labels = 'code="200",host="api.example.org",method="GET",url="/bbb/:key/join"';
  await shows(`http_requests_total{${labels}} 2`);
  await shows(`http_request_duration_seconds_bucket{le="0.01",${labels}} 0`);
  await shows(`http_request_duration_seconds_bucket{le="0.025",${labels}} 1`);
  await shows(`http_request_duration_seconds_count{${labels}} 2`);
  await shows(`http_request_size_bytes_sum{${labels}} 700`);
  await shows(`http_response_size_bytes_bucket{le="1024",${labels}} 1`);
  await shows(`http_response_size_bytes_sum{${labels}} 2000`);
});

Deno.test("httpRequest() shows nothing of what a stranger made up", async () => {
  const { recorder, text, shows } = start();
  const stranger = { host: "evil.example", method: "BREW", target: "/evil", status: 404 };
  recorder.httpRequest(request(stranger));
  await shows('http_requests_total{code="404",host="other",method="other",url="other"} 1');
  assert.ok(!(await text()).some((line) => /evil|BREW/.test(line)));
});

Deno.test("httpRequest() never fails, and adds nothing for what is no amount", async () => {
  const { recorder, shows } = start();
  for (const odd of [NaN, -1, Infinity]) {
    recorder.httpRequest(request({ status: odd, seconds: odd, requestBytes: odd, responseBytes: odd }));
  }
  const labels = 'code="other",host="api.example.org",method="GET",url="/bbb/:key/join"';
  await shows(`http_request_duration_seconds_sum{${labels}} 0`);
  await shows(`http_request_size_bytes_count{${labels}} 3`);
});

Deno.test("httpRequest() has an end to its series, and still counts each request", async () => {
  const { recorder, text } = start();
  let sent = 0;
  for (let status = 200; status < 600; status++) {
    for (const method of ["GET", "POST", "BREW"]) {
      recorder.httpRequest(request({ status, method }));
      sent++;
    }
  }
  const counts = (await text()).filter((line) => line.startsWith("http_requests_total{"));
  assert.ok(counts.length <= 400 + 500, `${counts.length} series`);
  assert.equal(counts.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0), sent);
  const late = 'code="599",host="other",method="other",url="other"';
  assert.ok(counts.includes(`http_requests_total{${late}} 3`));
});

Deno.test("gatewayRequest() counts by frontend, resource and messageKey", async () => {
  const { recorder, shows } = start();
  recorder.gatewayRequest({ frontend: "fe1", resource: "join", messageKey: "", seconds: 0.002 });
  recorder.gatewayRequest({ frontend: undefined, resource: "Ada", messageKey: "checksumError", seconds: 0.002 });
  recorder.gatewayRequest({ frontend: "fe1", resource: "create", messageKey: "made up by a node", seconds: 3 });
  await shows('b3scale_gateway_requests_total{frontend="fe1",resource="join",message_key="none"} 1');
  await shows('b3scale_gateway_requests_total{frontend="unknown",resource="other",message_key="checksumError"} 1');
  await shows('b3scale_gateway_requests_total{frontend="fe1",resource="create",message_key="other"} 1');
  await shows('b3scale_gateway_request_duration_seconds_count{resource="create"} 1');
});

Deno.test("nodeCall() counts calls and their time by backend, and their latencies over all of them", async () => {
  const { recorder, shows } = start();
  const call = { host: "https://bbb1.example.org/bigbluebutton/api", resource: "getMeetings" };
  recorder.nodeCall({ ...call, error: undefined, seconds: 0.5 });
  recorder.nodeCall({ ...call, error: "too large", seconds: 1.5 });
  recorder.nodeCall({ ...call, host: "http://bbb2.example.org:8090/", resource: "", error: undefined, seconds: 0.25 });
  const one = 'backend="bbb1.example.org",resource="getMeetings"';
  await shows(`b3scale_node_calls_total{${one},result="ok"} 1`);
  await shows(`b3scale_node_calls_total{${one},result="too_large"} 1`);
  await shows(`b3scale_node_call_seconds_total{${one}} 2`);
  await shows('b3scale_node_calls_total{backend="bbb2.example.org:8090",resource="index",result="ok"} 1');
  await shows('b3scale_node_call_duration_seconds_sum{resource="getMeetings"} 2');
});

Deno.test("authFailure() counts by kind, from 0", async () => {
  const { recorder, shows } = start();
  recorder.authFailure("checksum");
  await shows('b3scale_auth_failures_total{kind="checksum"} 1');
  await shows('b3scale_auth_failures_total{kind="token"} 0');
});

Deno.test("meetingEnded() observes how long it lasted, by frontend", async () => {
  const { recorder, shows } = start();
  recorder.meetingEnded({ frontend: "fe1", seconds: 5400 });
  recorder.meetingEnded({ frontend: null, seconds: -3 });
  await shows('b3scale_meeting_duration_seconds_bucket{le="3600",frontend="fe1"} 0');
  await shows('b3scale_meeting_duration_seconds_bucket{le="5400",frontend="fe1"} 1');
  await shows('b3scale_meeting_duration_seconds_sum{frontend="undefined"} 0');
});

Deno.test("retain() drops the series of backends and frontends that are gone, and only them", async () => {
  const { recorder, text, shows } = start();
  const tell = () => {
    for (const frontend of ["fe1", "gone", undefined]) {
      recorder.gatewayRequest({ frontend, resource: "join", messageKey: "", seconds: 0.1 });
      recorder.meetingEnded({ frontend: frontend ?? null, seconds: 60 });
    }
    for (const host of ["https://bbb1.example.org/", "https://gone.example.org/"]) {
      recorder.nodeCall({ host, resource: "join", error: undefined, seconds: 0.1 });
    }
  };
  tell();
  const present = { backends: new Set(["bbb1.example.org"]), frontends: new Set(["fe1"]) };
  recorder.retain(present);
  assert.ok(!(await text()).some((line) => line.includes("gone")));
  for (const frontend of ["fe1", "unknown"]) {
    await shows(`b3scale_gateway_requests_total{frontend="${frontend}",resource="join",message_key="none"} 1`);
  }
  for (const frontend of ["fe1", "undefined"]) {
    await shows(`b3scale_meeting_duration_seconds_count{frontend="${frontend}"} 1`);
  }
  await shows('b3scale_node_call_seconds_total{backend="bbb1.example.org",resource="join"} 0.1');
  await shows('b3scale_gateway_request_duration_seconds_count{resource="join"} 3');

  tell(); // it is back
  await shows('b3scale_gateway_requests_total{frontend="gone",resource="join",message_key="none"} 1');
  await shows('b3scale_gateway_requests_total{frontend="fe1",resource="join",message_key="none"} 2');
});
