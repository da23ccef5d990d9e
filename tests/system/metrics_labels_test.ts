// What may stand in a scrape, whatever clients send: nothing of a path, a room or a person, and no series for each of them.
import assert from "node:assert/strict";
import type { Cluster } from "../support/cluster.ts";
import { type Scrape, scrape, sendBytes, startMetricsScene } from "../support/metrics_scene.ts";
import { valuesOf } from "../support/prometheus_text.ts";
import { eventually } from "../support/wait.ts";

const random = (): string => `canary${crypto.randomUUID().slice(0, 8)}`;

/** One of each way to bring a text of one's own to the server. */
async function sendCanaries(cluster: Cluster): Promise<void> {
  const [origin = ""] = cluster.origins;
  const client = cluster.client("fe1");
  const name = random();
  const uuid = crypto.randomUUID();
  for (
    const [method, target, host] of [
      ["GET", `/${name}`, "b3scale.test"],
      ["GET", `/${name}/${name}?${name}=${name}`, "b3scale.test"],
      ["GET", `//${name}//`, "b3scale.test"],
      ["GET", `/bbb/${name}/bigbluebutton/api/create?checksum=${name}`, "b3scale.test"],
      ["GET", `/bbb/${name}/${name}/${name}/join`, "b3scale.test"],
      ["GET", `/bbb/fe1/bigbluebutton/api/${name}?checksum=${name}`, "b3scale.test"],
      ["GET", `/bbb/fe1/${name}/create`, "b3scale.test"],
      ["GET", `/api/v1/${name}/${name}`, "b3scale.test"],
      ["GET", `/api/v1/frontends/${uuid}`, "b3scale.test"],
      ["PUT", `/api/v1/recordings-import/${name}`, "b3scale.test"],
      ["GET", `/api/v1/protected/recordings/${name}`, "b3scale.test"],
      ["POST", `/api/v1/callbacks/proxy/${name}`, "b3scale.test"],
      ["GET", `/b3s/retry-join/${name}`, "b3scale.test"],
      ["GET", `/static/${name}.js`, "b3scale.test"],
      [name.toUpperCase(), "/", "b3scale.test"],
      ["PROPFIND", `/bbb/fe1/bigbluebutton/api/${name}`, "b3scale.test"],
      ["GET", "/", `${name}.example:1234`],
      ["GET", "/", `b3scale.test"} ${name}{x="`],
    ] as const
  ) {
    await sendBytes(origin, method, target, host);
  }
  await fetch(`${origin}/api/v1/meetings`, { headers: { authorization: `Bearer ${name}`, "user-agent": name } })
    .then((response) => response.text());
  await client.call(name);
  await client.call("isMeetingRunning", { meetingID: name });
  await client.call("join", { meetingID: "canary-lecture", fullName: name, role: "VIEWER", userID: name });
  await client.call("getRecordings", { recordID: name, state: name });
  const built = await client.create(name, { name, "meta_canary": name, moderatorPW: name });
  await client.call("end", { meetingID: name, password: built.text("moderatorPW") });
}

/** Names with labels, ages and counts left out. */
const seriesOf = (families: Scrape): Set<string> =>
  new Set(
    Array.from(families.values()).flatMap(({ samples }) =>
      samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    ),
  );

Deno.test("a scrape holds nothing that came from a path, a room or a person, and grows with none of them", async () => {
  await using cluster = await startMetricsScene();
  const [origin = ""] = cluster.origins;
  for (let round = 0; round < 2; round++) await sendCanaries(cluster);
  await settled(cluster);
  const first = await scrape(origin);
  for (let round = 0; round < 5; round++) await sendCanaries(cluster);
  await settled(cluster);
  const after = await scrape(origin);
  for (const families of [first, after]) {
    const seen = [...seriesOf(families)].filter((series) => /canary|[0-9a-f]{8}-[0-9a-f]{4}-|1234/i.test(series));
    assert.deepEqual(seen, []);
  }
  const grown = [...seriesOf(after).difference(seriesOf(first))];
  assert.deepEqual(grown, [], "the same requests with other names are the same series");
  assert(
    (valuesOf(after.get("http_requests_total"))['{code="404",host="b3scale.test",method="GET",url="other"}'] ?? 0) > 6,
  );

  const help = Array.from(after.values(), (family) => family.help).join("\n");
  assert.doesNotMatch(help, /canary/i);
});

/** Rooms that were ended are gone, and with them what was told of them. */
async function settled(cluster: Cluster): Promise<void> {
  const [origin = ""] = cluster.origins;
  await eventually("only the scene's meetings are left", async () => {
    await Promise.all([cluster.pollSoon(0), cluster.pollSoon(1)]);
    const counts = Object.values(valuesOf((await scrape(origin)).get("b3scale_frontend_meetings")));
    return counts.reduce((sum, count) => sum + count, 0) === 4;
  });
}

Deno.test("another process tells the same of the cluster", async () => {
  await using cluster = await startMetricsScene();
  const [origin = ""] = cluster.origins;
  const other = await cluster.startProcess();
  const names = [
    "b3scale_meeting_attendees",
    "b3scale_frontend_meetings",
    "b3scale_backend_meetings",
    "b3scale_frontend_attendees",
    "b3scale_frontend_attendees_limit",
    "b3scale_frontend_largest_meeting",
    "b3scale_backends",
    "b3scale_backend_health",
    "b3scale_backend_eligible",
    "b3scale_backend_agent_alive",
    "b3scale_backend_attendees",
    "b3scale_callbacks",
    "b3scale_recording_imports",
    "b3scale_recording_moves",
  ];
  const tell = async (from: string) => {
    const families = await scrape(from);
    return Object.fromEntries(names.map((name) => [name, valuesOf(families.get(name))]));
  };
  await eventually("the process trusts its view", async () => {
    return valuesOf((await scrape(other.origin)).get("b3scale_view_trusted"))["{}"] === 1;
  }, { withinMs: 60_000 });
  assert.deepEqual(await tell(other.origin), await tell(origin));
  assert.deepEqual(Object.values((await tell(other.origin))["b3scale_frontend_attendees"] ?? {}), [5, 3, 1]);
});

Deno.test("series of a frontend and a backend that are gone disappear", async () => {
  await using cluster = await startMetricsScene();
  const [origin = ""] = cluster.origins;
  const gone = new URL(cluster.nodes.at(1).url).host;
  const tellsOf = async () =>
    [...seriesOf(await scrape(origin))].filter((series) =>
      series.includes(`"${gone}"`) || series.includes('"frontend":"fe2"')
    );
  assert((await tellsOf()).length > 0);
  await cluster.db`delete from frontends where key = 'fe2'`;
  await cluster.db`delete from backends where host = ${cluster.nodes.at(1).url}`;
  await eventually("they are gone", async () => {
    const left = await tellsOf();
    if (left.length > 0) throw new Error(left.join("\n"));
    return true;
  });
});
