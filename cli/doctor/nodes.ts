// What polled nodes look like to an operator, one by one and together. Pure.
import type { BackendJson } from "../../src/contract/backend.ts";
import type { Answer } from "../../src/contract/client.ts";
import { readNode } from "../node_status.ts";
import { durationText, millisText, shortHost, withoutUrls } from "../phrases.ts";
import { type Check, type Finding, ok, problem, shellWord, summarize, warning } from "./check.ts";
import { PATIENCE_MS, type PolledNode } from "./poll_nodes.ts";

type Backend = Answer<BackendJson>;

/** What failed, in the words of b3scale and of 1.x → what to do. */
const ADVICE: readonly (readonly [RegExp, (host: string) => string])[] = [
  [
    /checksumError/,
    (host) =>
      `show the node's secret there with bbb-conf --secret, then run b3scalectl set backend --secret <secret> ${
        shellWord(host)
      }`,
  ],
  [/refused/, () => "start BigBlueButton on the node with bbb-conf --restart"],
  [/cannot be resolved|no such host/, () => "correct the node's name in DNS, or register the node under another one"],
  [/TLS|x509|certificate/, () => "renew the node's certificate, and have it sent with its chain"],
  [/in time|deadline|timeout/i, () => "look for a firewall between b3scaled and the node, and at the node's load"],
  [/status 40[34]|unsupportedRequest/, () => "register the node as https://<name>/bigbluebutton/api/"],
  [/status 5|closed|EOF/, () => "look at the node's journalctl -u bbb-web -u nginx"],
  [/heartbeat/, () => "look at systemctl status b3scaleagent on the node"],
];

/** @param now the server's time, milliseconds since 1970 */
export function nodeCheck(node: PolledNode, now: number): Check {
  const { backend } = node;
  const findings = [pollFinding(node), ...secretFindings(backend), ...wantedFindings(backend)];
  return summarize("node", shortHost(backend.bbb.host), [...findings, ...agentFindings(backend, now)]);
}

function pollFinding({ backend, polled }: PolledNode): Finding {
  const trouble = troubleOf(backend);
  if (trouble !== undefined) {
    const advice = ADVICE.find(([words]) => words.test(trouble))?.[1];
    return problem(trouble, advice?.(backend.bbb.host) ?? "look into the log of b3scaled for this node");
  }
  if (polled) return ok(`reachable with its secret, ${millisText(backend.latency / 1e6)}`);
  return problem(
    `was not polled within ${PATIENCE_MS / 1000} s, or its answer could not be read`,
    "look at the queue below and into the log of b3scaled",
  );
}

/** Why it cannot be used, besides that it should not; undefined when it can. */
function troubleOf({ health, reasons = [], node_state, last_error }: Backend): string | undefined {
  if (health === undefined) {
    return node_state === "error" ? withoutUrls(last_error ?? "node_state is error") : undefined;
  }
  if (health === "available") return undefined;
  const why = reasons.filter((reason) => !reason.startsWith("admin_state "));
  return withoutUrls(`${health}: ${why.join("; ")}`);
}

const secretFindings = ({ bbb: { host, secret } }: Backend): Finding[] =>
  secret.trim() === ""
    ? [problem("has no secret", `run b3scalectl set backend --secret <secret> ${shellWord(host)}`)]
    : [];

function wantedFindings({ admin_state, bbb: { host } }: Backend): Finding[] {
  switch (admin_state) {
    case "ready":
      return [];
    case "decommissioned":
      return [warning("is removed once it is empty", `to empty it, run b3scalectl end meetings ${shellWord(host)}`)];
    case "init":
      return [warning("has registered and waits", `run b3scalectl enable backend ${shellWord(host)}`)];
    default:
      return [warning(`takes no new meetings (${admin_state})`, `run b3scalectl enable backend ${shellWord(host)}`)];
  }
}

/** Heartbeats are written once a second, by another clock than the one that is compared here. */
const LOST_AFTER_SECONDS = 10;

function agentFindings(backend: Backend, now: number): Finding[] {
  const { agent, silentSeconds } = readNode(backend, now);
  const is1x = backend.health === undefined;
  const judge = is1x ? problem : warning; // 1.x gives a node without a live agent no meetings
  if (agent === "none" && backend.agent_ref === null) {
    return [is1x ? judge("has no agent", "install b3scaleagent on the node, and start it") : ok("has no agent")];
  }
  if (silentSeconds <= LOST_AFTER_SECONDS) return [ok("its agent is alive")];
  const since = agent === "none" ? "was never heard" : `is silent for ${durationText(silentSeconds)}`;
  return [judge(`its agent ${since}`, "look at systemctl status b3scaleagent on the node")];
}

/** @param now the server's time, milliseconds since 1970 */
export function clusterChecks(backends: readonly Backend[], now: number): Check[] {
  const check = "cluster";
  if (backends.length === 0) {
    const hint = "run b3scalectl set backend --secret <secret> https://<node>/bigbluebutton/api/";
    return [{ check, ...problem("no node is registered", hint) }];
  }
  const ready = backends.filter((backend) => takesMeetings(backend, now)).length;
  const text = `nodes that take new meetings: ${ready} of ${backends.length}`;
  const idle = backends.find(({ admin_state }) => admin_state === "init" || admin_state === "stopped");
  const hint = idle === undefined
    ? "mend one of the nodes above"
    : `mend one of the nodes above, or run b3scalectl enable backend ${shellWord(idle.bbb.host)}`;
  return [
    ...duplicatesOf(backends).map((finding): Check => ({ check, ...finding })),
    { check, ...ready > 0 ? ok(text) : problem(text, hint) },
  ];
}

function takesMeetings(backend: Backend, now: number): boolean {
  const { silentSeconds } = readNode(backend, now);
  const { eligible, admin_state, node_state } = backend;
  return eligible ?? (admin_state === "ready" && node_state === "ready" && silentSeconds <= LOST_AFTER_SECONDS);
}

/** One machine registered under two spellings: its load is counted by halves, and meetings move between its two names. */
function duplicatesOf(backends: readonly Backend[]): Finding[] {
  const known = new Map<string, string>();
  return backends.flatMap(({ bbb: { host } }) => {
    const url = URL.parse(host);
    const place = url === null ? host : `${url.host}${url.pathname.replace(/\/+$/, "")}`;
    const other = known.get(place);
    known.set(place, other ?? host);
    if (other === undefined) return [];
    const hint = `remove one of them with b3scalectl delete backend ${shellWord(host)}`;
    return [problem(`${other} and ${host} are one node`, hint)];
  });
}
