// Every family of 1.x (control-plane contract §10) as a busy server tells it: name, type, labels and values.
import assert from "node:assert/strict";
import { readConfig } from "../../src/config.ts";
import { startServer } from "../../src/server.ts";
import { clusterID } from "../support/bbb_client.ts";
import type { Cluster } from "../support/cluster.ts";
import { backendOf, type Scrape, scrape, sendBytes, startMetricsScene } from "../support/metrics_scene.ts";
import { valuesOf } from "../support/prometheus_text.ts";
import { serverEnv } from "../support/server_process.ts";
import { silentLog } from "../support/test_db.ts";
import { eventually } from "../support/wait.ts";

const HTTP = ["code", "host", "method", "url"];
/** Name, type, labels. */
const FAMILIES: readonly (readonly [string, string, readonly string[]])[] = [
  ["b3scale_meeting_attendees", "gauge", ["backend", "frontend", "meeting", "type"]],
  ["b3scale_meeting_durations", "counter", ["backend", "frontend", "meeting"]],
  ["b3scale_frontend_meetings", "gauge", ["frontend"]],
  ["b3scale_backend_meetings", "gauge", ["backend"]],
  ["b3scale_frontend_attendees", "gauge", ["frontend"]],
  ["http_requests_total", "counter", HTTP],
  ["http_request_duration_seconds", "histogram", HTTP],
  ["http_request_size_bytes", "histogram", HTTP],
  ["http_response_size_bytes", "histogram", HTTP],
  ["process_cpu_seconds_total", "counter", []],
  ["process_max_fds", "gauge", []],
  ["process_open_fds", "gauge", []],
  ["process_resident_memory_bytes", "gauge", []],
  ["process_start_time_seconds", "gauge", []],
  ["process_virtual_memory_bytes", "gauge", []],
  ["process_virtual_memory_max_bytes", "gauge", []],
  ["process_network_receive_bytes_total", "counter", []],
  ["process_network_transmit_bytes_total", "counter", []],
  ["promhttp_metric_handler_requests_total", "counter", ["code"]],
  ["promhttp_metric_handler_requests_in_flight", "gauge", []],
];

const DURATION_BUCKETS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
const SIZE_BUCKETS = [
  "1024",
  "2048",
  "5120",
  "10240",
  "102400",
  "512000",
  "1048576",
  "2621440",
  "5242880",
  "10485760",
  "+Inf",
];

const series = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1).map(([name, text]) => `${name}="${text}"`).join(",")}}`;
const attendees = (frontend: string, backend: string, meeting: string, audio: number, video: number) => [
  [series({ frontend, backend, type: "audio", meeting }), audio] as const,
  [series({ frontend, backend, type: "video", meeting }), video] as const,
];
const add = (samples: readonly (readonly [string, number])[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [labels, value] of samples) sums[labels] = (sums[labels] ?? 0) + value;
  return sums;
};

Deno.test("a scrape of a busy server has every family of 1.x", async (t) => {
  await using cluster = await startMetricsScene();
  const [origin = ""] = cluster.origins;
  const lecture = backendOf(cluster, "fe1", "canary-lecture");
  const empty = backendOf(cluster, "fe1", "canary-empty");
  const talk = backendOf(cluster, "fe2", "canary-talk");
  /** (frontend, backend, meeting's id, audio, video) of each meeting. */
  const meetings = [
    ["fe1", lecture, clusterID("fe1", "canary-lecture"), 3, 2],
    ["fe1", empty, clusterID("fe1", "canary-empty"), 0, 0],
    ["fe2", talk, clusterID("fe2", "canary-talk"), 3, 0],
    ["undefined", "undefined", "stray", 1, 0],
  ] as const;
  const perMeeting = await startSecond(cluster, { B3SCALE_METRICS_PER_MEETING: "true" });
  try {
    await t.step("attendees, summed by frontend, backend and type", async () => {
      const families = await scrape(origin);
      assert.deepEqual(
        valuesOf(families.get("b3scale_meeting_attendees")),
        add(
          meetings.flatMap(([frontend, backend, _, audio, video]) => attendees(frontend, backend, "all", audio, video)),
        ),
      );
      assert(!families.has("b3scale_meeting_durations"));
    });
    await t.step("attendees and durations of each meeting where they are wanted", async () => {
      const families = await scrape(perMeeting.origin);
      assert.deepEqual(
        valuesOf(families.get("b3scale_meeting_attendees")),
        add(
          meetings.flatMap(([frontend, backend, id, audio, video]) => attendees(frontend, backend, id, audio, video)),
        ),
      );
      const durations = valuesOf(families.get("b3scale_meeting_durations"));
      const running = meetings.filter(([, , id]) => id !== clusterID("fe1", "canary-empty"));
      assert.deepEqual(
        Object.keys(durations).sort(),
        running.map(([frontend, backend, meeting]) => series({ frontend, backend, meeting })).sort(),
      );
      for (const seconds of Object.values(durations)) assert(seconds > 0 && seconds < 600, `${seconds} s`);
    });
    await t.step("meetings and attendees of frontends and backends", async () => {
      const families = await scrape(origin);
      assert.deepEqual(valuesOf(families.get("b3scale_frontend_meetings")), {
        '{frontend="fe1"}': 2,
        '{frontend="fe2"}': 1,
        '{frontend="undefined"}': 1,
      });
      assert.deepEqual(
        valuesOf(families.get("b3scale_backend_meetings")),
        add(meetings.map(([, backend]) => [series({ backend }), 1])),
      );
      assert.deepEqual(valuesOf(families.get("b3scale_frontend_attendees")), {
        '{frontend="fe1"}': 5,
        '{frontend="fe2"}': 3,
        '{frontend="undefined"}': 1,
      });
      assert.deepEqual(valuesOf(families.get("b3scale_frontend_attendees_limit")), { '{frontend="fe1"}': 50 });
    });
    await t.step("requests by pattern", () => compareRequests(origin));
    await t.step("names, types and labels", async () => compareHeads(await scrape(perMeeting.origin)));
    await t.step("the process", async () => {
      const families = await scrape(origin);
      for (const [name] of FAMILIES.filter(([name]) => name.startsWith("process_"))) {
        assert((valuesOf(families.get(name))["{}"] ?? 0) > 0, name);
      }
      assert.deepEqual(valuesOf(families.get("b3scale_view_rows")), {
        '{table="frontends"}': 2,
        '{table="backends"}': 2,
        '{table="meetings"}': 4,
      });
      assert((valuesOf(families.get("b3scale_view_age_seconds"))["{}"] ?? Infinity) < 5);
      const scrapes = valuesOf(families.get("promhttp_metric_handler_requests_total"));
      assert((scrapes['{code="200"}'] ?? 0) > 3);
      assert.deepEqual(valuesOf(families.get("promhttp_metric_handler_requests_in_flight")), { "{}": 1 });
    });
    await t.step("the duration of a meeting that has ended, told once", async () => {
      await endMeeting(cluster, "fe2", "canary-talk");
      const told = await eventually("its end is told", async () => {
        const both = await Promise.all([scrape(origin), scrape(perMeeting.origin)]);
        const counts = both.map((families) =>
          valuesOf(families.get("b3scale_meeting_duration_seconds"))['_count{frontend="fe2"}'] ?? 0
        );
        return counts.includes(1) ? counts : undefined;
      });
      assert.equal(told.reduce((sum, count) => sum + count, 0), 1);
      const families = await scrape(origin);
      assert(!Object.keys(valuesOf(families.get("b3scale_frontend_meetings"))).includes('{frontend="fe2"}'));
    });
  } finally {
    await perMeeting.stop();
  }
});

async function startSecond(cluster: Cluster, env: Record<string, string>) {
  const server = await startServer(readConfig(serverEnv(cluster.dbUrl, env)), { log: silentLog });
  await server.ready;
  return { origin: `http://127.0.0.1:${server.address.port}`, stop: server.stop };
}

async function endMeeting(cluster: Cluster, key: string, meetingID: string): Promise<void> {
  const [row] = await cluster.db<{ password: string }[]>`
    select state ->> 'ModeratorPW' as password from meetings where id = ${clusterID(key, meetingID)}`;
  const ended = await cluster.client(key).call("end", { meetingID, password: row?.password ?? "" });
  assert.equal(ended.returncode, "SUCCESS", ended.xml);
  await Promise.all([cluster.pollSoon(0), cluster.pollSoon(1)]);
}

/** What each request adds to the counters and histograms, and under which labels. */
async function compareRequests(origin: string): Promise<void> {
  const before = await scrape(origin);
  const asked: [number, string, string, string][] = [
    [404, "GET", "/bbb/nobody/bigbluebutton/api/canary", "/bbb/:key/other"],
    [404, "GET", "/canary?canary=1", "other"],
    [401, "GET", "/api/v1/frontends/00000000-0000-4000-8000-000000000001", "/api/v1/frontends/:id"],
    [404, "GET", "/api/v1/canary/canary", "/api/v1/*"],
    [200, "GET", "/", "/"],
    [405, "DELETE", "/", "/"],
  ];
  const expected: Record<string, number> = {};
  for (const [status, method, target, url] of asked) {
    for (const [given, host] of [["b3scale.test", "b3scale.test"], ["canary.example:99", "other"]] as const) {
      const code = await sendBytes(origin, method, target, given);
      if (!target.startsWith("/bbb/") && !target.startsWith("/api/")) assert.equal(code, status, target);
      const labels = series({ code: String(code), host, method, url });
      expected[labels] = (expected[labels] ?? 0) + 1;
    }
  }
  const after = await eventually("the last request is counted", async () => {
    const families = await scrape(origin);
    const counts = growth(before, families, "http_requests_total");
    return Object.keys(expected).every((labels) => counts[labels] === expected[labels]) ? families : undefined;
  });
  const own = series({ code: "200", host: "other", method: "GET", url: "/metrics" });
  const { [own]: scrapes, ...counts } = growth(before, after, "http_requests_total");
  assert((scrapes ?? 0) > 0, "scrapes are requests");
  assert.deepEqual(counts, expected);
  for (
    const [name, buckets] of [
      ["http_request_duration_seconds", DURATION_BUCKETS],
      ["http_request_size_bytes", SIZE_BUCKETS],
      ["http_response_size_bytes", SIZE_BUCKETS],
    ] as const
  ) {
    const grown = growth(before, after, name);
    for (const [labels, count] of Object.entries(expected)) {
      assert.equal(grown[`_count${labels}`], count, `${name}${labels}`);
      assert.equal(grown[`_bucket${labels.replace(",method", ',le="+Inf",method')}`], count, `${name}${labels}`);
    }
    const les = new Set(after.get(name)?.samples.flatMap(({ labels }) => labels["le"] ?? []));
    assert.deepEqual([...les], buckets, name);
  }
}

function growth(before: Scrape, after: Scrape, name: string): Record<string, number> {
  const old = valuesOf(before.get(name));
  return Object.fromEntries(
    Object.entries(valuesOf(after.get(name))).map(([labels, value]) => [labels, value - (old[labels] ?? 0)] as const)
      .filter(([, value]) => value > 0),
  );
}

function compareHeads(families: Scrape): void {
  for (const [name, type, labels] of FAMILIES) {
    const family = families.get(name);
    assert(family !== undefined, `${name} is missing`);
    assert.equal(family.type, type, name);
    assert(family.samples.length > 0, `${name} has no series`);
    for (const sample of family.samples) {
      const names = Object.keys(sample.labels).filter((label) => type !== "histogram" || label !== "le").sort();
      assert.deepEqual(names, labels, name);
    }
  }
}
