import assert from "node:assert/strict";
import { clusterChecks, nodeCheck } from "../../../../cli/doctor/nodes.ts";
import { ago, type Backend, hostOf, make1xNode, makeNode, NOW } from "../../../support/doctor.ts";

const seen = (backend: Backend, polled = true) => nodeCheck({ backend, polled }, NOW);
const failing = (error: string, health: "unstable" | "offline" = "unstable") =>
  makeNode("n1", { health, eligible: false, reasons: [error] });

Deno.test("nodeCheck() of a good node is one line that says how fast it is, and how its agent does", () => {
  assert.deepEqual(seen(makeNode("n1")), {
    check: "node",
    state: "ok",
    message: "n1.example: reachable with its secret, 12 ms; has no agent",
    hint: "",
  });
  assert.match(seen(makeNode("n1", { agent_heartbeat: ago(1) })).message, /; its agent is alive$/);
  assert.match(seen(make1xNode("n1")).message, /reachable with its secret.*; its agent is alive$/);
});

const set = `b3scalectl set backend --secret <secret> ${hostOf("n1")}`;
const advice: readonly (readonly [error: string, hint: RegExp])[] = [
  ["last call failed 3 s ago: checksumError: Checksums do not match", new RegExp(`bbb-conf --secret.*${set}$`)],
  ["1 failed poll: getMeetings: connection refused", /bbb-conf --restart/],
  ["1 failed poll: getMeetings: the host name cannot be resolved", /DNS/],
  ["1 failed poll: getMeetings: TLS handshake failed", /certificate/],
  ["1 failed poll: getMeetings: no answer in time", /firewall/],
  ["1 failed poll: getMeetings: HTTP status 404", /https:\/\/<name>\/bigbluebutton\/api\//],
  ["1 failed poll: getMeetings: HTTP status 502", /bbb-web/],
  ["1 failed poll: getMeetings: connection closed", /bbb-web/],
  ["heartbeat lost 9 s ago and not polled well since", /b3scaleagent/],
  ["something new", /log of b3scaled/],
];
for (const [error, hint] of advice) {
  Deno.test(`nodeCheck() of a node with "${error}" says what to do`, () => {
    const check = seen(failing(error, "offline"), false);
    assert.deepEqual([check.state, check.message], ["problem", `n1.example: offline: ${error}`]);
    assert.match(check.hint, hint);
  });
}

Deno.test("nodeCheck() knows the errors of a 1.x server, and keeps their signed URLs to itself", () => {
  const url = "https://n1.example/bigbluebutton/api/getMeetings?checksum=0123";
  for (
    const [last_error, hint] of [
      [`Get "${url}": dial tcp 10.0.0.1:443: connect: connection refused`, /restart/],
      [`Get "${url}": dial tcp: lookup n1.example: no such host`, /DNS/],
      [`Get "${url}": x509: certificate has expired`, /certificate/],
      [`Get "${url}": context deadline exceeded`, /firewall/],
      ["checksumError: You did not pass the checksum security check", /--secret/],
    ] as const
  ) {
    const { state, message, hint: given } = seen(make1xNode("n1", { node_state: "error", last_error }), false);
    assert.equal(state, "problem");
    assert.match(given, hint);
    assert.doesNotMatch(message, /0123/);
  }
});

Deno.test("nodeCheck() does not take the last good poll for a new one", () => {
  for (const node of [makeNode("n1"), make1xNode("n1"), make1xNode("n1", { node_state: "init" })]) {
    const { state, message } = seen(node, false);
    assert.deepEqual([state, message], [
      "problem",
      "n1.example: was not polled within 8 s, or its answer could not be read",
    ]);
  }
});

const wanted: readonly (readonly [admin_state: string, message: RegExp, hint: string])[] = [
  ["init", /waits$/, `run b3scalectl enable backend ${hostOf("n1")}`],
  ["stopped", /takes no new meetings \(stopped\)$/, `run b3scalectl enable backend ${hostOf("n1")}`],
  ["decommissioned", /removed once it is empty$/, `to empty it, run b3scalectl end meetings ${hostOf("n1")}`],
];
for (const [admin_state, message, hint] of wanted) {
  Deno.test(`nodeCheck() warns of a node that is ${admin_state}`, () => {
    const check = seen(makeNode("n1", { admin_state, eligible: false, reasons: [`admin_state is ${admin_state}`] }));
    assert.deepEqual([check.state, check.hint], ["warning", hint]);
    assert.match(check.message, message);
  });
}

Deno.test("nodeCheck() tells the worst first where several things are wrong", () => {
  const reasons = ["admin_state is stopped", "3 failed polls: getMeetings: connection refused"];
  const node = makeNode("n1", { admin_state: "stopped", health: "offline", eligible: false, reasons, secret: " " });
  const { state, message, hint } = seen(node);
  assert.equal(state, "problem");
  assert.equal(
    message,
    "n1.example: offline: 3 failed polls: getMeetings: connection refused; has no secret; takes no new meetings (stopped)",
  );
  assert.match(hint, /restart/);
});

Deno.test("nodeCheck() judges a silent agent by what it means: little to us, everything to 1.x", () => {
  const state = (node: Backend) => seen(node).state;
  assert.equal(state(makeNode("n1", { agent_heartbeat: ago(10) })), "ok");
  assert.equal(state(makeNode("n1", { agent_heartbeat: ago(11) })), "warning");
  assert.equal(state(make1xNode("n1", { agent_heartbeat: ago(11) })), "problem");
  assert.equal(state(make1xNode("n1", { agent_heartbeat: "2000-01-01T00:00:00Z" })), "problem");
  assert.match(seen(makeNode("n1", { agent_heartbeat: ago(300) })).message, /silent for 5 min/);
  assert.match(seen(makeNode("n1", { agent_ref: "a" })).message, /its agent was never heard$/);
});

Deno.test("clusterChecks() counts the nodes that take new meetings, and none is a problem", () => {
  const idle = makeNode("n2", { eligible: false, admin_state: "stopped" });
  const broken = makeNode("n3", { eligible: false, health: "offline" });
  const told = (...nodes: Backend[]) => clusterChecks(nodes, NOW).map(({ state, message }) => `${state} ${message}`);
  assert.deepEqual(told(makeNode("n1"), idle, broken), ["ok nodes that take new meetings: 1 of 3"]);
  assert.deepEqual(told(idle, broken), ["problem nodes that take new meetings: 0 of 2"]);
  assert.match(clusterChecks([idle, broken], NOW)[0]?.hint ?? "", new RegExp(`enable backend ${hostOf("n2")}$`));
  assert.equal(clusterChecks([broken], NOW)[0]?.hint, "mend one of the nodes above");
  assert.deepEqual(told(), ["problem no node is registered"]);
});

Deno.test("clusterChecks() counts on a 1.x server only nodes with a live agent", () => {
  const states = [
    make1xNode("n1"),
    make1xNode("n2", { agent_heartbeat: ago(60) }),
    make1xNode("n3", { node_state: "error" }),
    make1xNode("n4", { admin_state: "stopped" }),
  ];
  assert.equal(clusterChecks(states, NOW)[0]?.message, "nodes that take new meetings: 1 of 4");
});

Deno.test("clusterChecks() finds a node that is registered twice", () => {
  const at = (id: string, host: string): Backend => ({ ...makeNode(id), bbb: { host, secret: "s" } });
  const twice = [
    at("1", "https://n1.example/bigbluebutton/api/"),
    at("2", "https://N1.example:443/bigbluebutton/api"),
    at("3", "https://n1.example:8443/bigbluebutton/api/"),
    at("4", "http://n1.example/bigbluebutton/api/"),
  ];
  assert.deepEqual(
    clusterChecks(twice, NOW).filter(({ state }) => state === "problem"),
    [twice[1], twice[3]].map((node) => ({
      check: "cluster",
      state: "problem",
      message: `${twice[0]?.bbb.host} and ${node?.bbb.host} are one node`,
      hint: `remove one of them with b3scalectl delete backend ${node?.bbb.host}`,
    })),
  );
});
