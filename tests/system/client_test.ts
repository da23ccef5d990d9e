// A whole meeting as a program drives it: the client library bigbluebutton-js against a listening server.
import assert from "node:assert/strict";
import library from "bigbluebutton-js";
import { startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The package has no types; this much of it is used. Calls are URLs that it has signed. */
interface Library {
  /** @returns what stands below `<response>`, entities left as they are */
  http(url: string): Promise<Fields & { readonly meetings?: readonly Fields[] }>;
  api(host: string, secret: string): {
    readonly administration: {
      create(name: string, meetingID: string, params?: Fields): string;
      join(fullName: string, meetingID: string, password: string, params?: Fields): string;
      end(meetingID: string, password: string): string;
    };
    readonly monitoring: {
      getMeetingInfo(meetingID: string): string;
      isMeetingRunning(meetingID: string): string;
      getMeetings(): string;
    };
  };
}

const bbb: Library = library;
const ID = "lesson 1/2 (ß)";
const NAME = "Mathe für Anfänger & Fortgeschrittene: 2+2=4 *~!";

Deno.test("bigbluebutton-js creates, joins, watches and ends a meeting", async () => {
  await using cluster = await startCluster({ nodes: 3, processes: 1 });
  const host = `${cluster.origins[0]}/bbb/fe1/bigbluebutton/`;
  const { administration, monitoring } = bbb.api(host, "fe1-secret");
  const create = () =>
    bbb.http(administration.create(NAME, ID, { attendeePW: "apw", moderatorPW: "mpw", duration: 45 }));

  const created = await create();
  assert.deepEqual([created["returncode"], created["meetingID"]], ["SUCCESS", ID]);
  const again = await create();
  assert.equal(again["messageKey"], "duplicateWarning");
  assert.equal(again["internalMeetingID"], created["internalMeetingID"]);

  const [number = -1] = cluster.nodesWith("fe1", ID);
  const node = cluster.nodes.at(number);
  for (const [fullName, password, role] of [["Dr. Ölß", "mpw", "MODERATOR"], ["Tim Øst", "apw", "VIEWER"]]) {
    const page = await fetch(administration.join(fullName ?? "", ID, password ?? ""));
    await page.body?.cancel();
    assert.equal(page.status, 200);
    assert.equal(new URL(page.url).port, String(node.port), "the browser ends up on the node");
    const here = node.meetings()[0]?.attendees.at(-1);
    assert.deepEqual([here?.fullName, here?.role], [fullName, role]);
  }

  assert.equal((await bbb.http(monitoring.isMeetingRunning(ID)))["running"], true);
  const info = await bbb.http(monitoring.getMeetingInfo(ID));
  assert.equal(String(info["meetingName"]).replaceAll("&amp;", "&"), NAME);
  assert.deepEqual([info["participantCount"], info["duration"], info["meetingID"]], [2, 45, ID]);
  await cluster.pollSoon(number);
  await eventually("the list knows who is there", async () => {
    const [meeting] = (await bbb.http(monitoring.getMeetings())).meetings ?? [];
    return meeting?.["meetingID"] === ID && meeting["participantCount"] === 2 && meeting["running"] === true;
  });

  assert.equal((await bbb.http(administration.end(ID, "wrong")))["messageKey"], "invalidPassword");
  const ended = await bbb.http(administration.end(ID, "mpw"));
  assert.deepEqual([ended["returncode"], ended["messageKey"]], ["SUCCESS", "sentEndMeetingRequest"]);
  assert.equal(node.meetings().length, 0);
  assert.equal((await bbb.http(monitoring.getMeetings()))["messageKey"], "noMeetings");
  assert.equal((await bbb.http(monitoring.getMeetingInfo(ID)))["messageKey"], "notFound");

  const forged = bbb.api(host, "wrong secret");
  assert.equal((await bbb.http(forged.monitoring.getMeetings()))["messageKey"], "checksumError");
});
