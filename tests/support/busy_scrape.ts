// The metrics of a server that has done a bit of everything, so that no family is without a series.
import { type Scrape, scrape, startMetricsScene } from "./metrics_scene.ts";
import { eventually } from "./wait.ts";

export async function scrapeBusyServer(): Promise<Scrape> {
  await using cluster = await startMetricsScene({ B3SCALE_METRICS_PER_MEETING: "true" });
  await cluster.db`update backends set agent_heartbeat = localtimestamp`;
  const client = cluster.client("fe1");
  const password = (await client.create("ended")).text("moderatorPW");
  await client.call("end", { meetingID: "ended", password });
  const [origin = ""] = cluster.origins;
  return await eventually("each family has a series", async () => {
    const families = await scrape(origin);
    const empty = Array.from(families.values()).filter(({ samples }) => samples.length === 0);
    if (empty.length > 0) throw new Error(`none: ${empty.map(({ name }) => name)}`);
    return families;
  });
}
