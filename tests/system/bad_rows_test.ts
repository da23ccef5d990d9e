// Settings, states and lists of nodes that nobody should have written: each member is read as far as it goes.
import assert from "node:assert/strict";
import { clusterID } from "../support/bbb_client.ts";
import { withHostile } from "../support/hostile.ts";
import { eventually } from "../support/wait.ts";

Deno.test("settings of wrong types in the database count as not set", () =>
  withHostile(async ({ cluster }) => {
    const { db } = cluster;
    const odd: unknown[] = [null, 1, "text", true, [], [1], { a: null }, { a: { b: 1 } }, { limit: "many" }, {
      url: 7,
    }];
    const members = ["required_tags", "default_presentation", "attendees_limit", "create_default_params"]
      .concat("create_override_params", "join_default_params", "join_override_params", "recordings");
    for (const [index, value] of odd.entries()) {
      const settings = Object.fromEntries(members.map((member) => [member, value]));
      await db`insert into frontends (key, secret, settings) values (${`odd-${index}`}, ${`odd-${index}-secret`}, ${
        JSON.stringify(settings)
      }::text::jsonb)`;
      const client = cluster.client(`odd-${index}`);
      const created = await client.create("room");
      // Tags that no backend has are a wish that cannot be met, and no mistake of type.
      const wantsTag = Array.isArray(value) && value.length > 0;
      assert.equal(
        created.messageKey,
        wantsTag ? "noBackendAvailable" : "",
        `${JSON.stringify(value)}: ${created.xml}`,
      );
      if (wantsTag) continue;
      const joined = await client.call("join", { meetingID: "room", fullName: "Mira", role: "VIEWER" });
      assert.equal(joined.status, 302, JSON.stringify(value));
      assert.match(joined.location, /\/bigbluebutton\/api\/join\?/);
    }
    for (const [index, settings] of [null, 1, "text", [], { tags: 7, checksum_algorithm: [] }].entries()) {
      await db`update backends set settings = ${JSON.stringify(settings)}::text::jsonb`;
      await db`update frontends set settings = ${JSON.stringify(settings)}::text::jsonb where key = 'fe1'`;
      await eventually(
        "the settings are read",
        async () => (await cluster.client().create(`with-${index}`)).returncode === "SUCCESS",
      );
    }
  }));

Deno.test("states of meetings that are no documents read as empty ones", () =>
  withHostile(async ({ cluster }) => {
    const { db } = cluster;
    await db`update b3scale_backend_health set due_at = localtimestamp + interval '1 hour'`;
    const states: unknown[] = [{}, null, 1, "text", [], { MeetingName: 7, Attendees: {}, Metadata: [], Breakout: 1 }];
    states.push({ Attendees: [null, 1, { UserID: 7 }], Running: "yes", ParticipantCount: "many", IsBreakout: 0 });
    for (const [index, state] of states.entries()) {
      const id = clusterID("fe1", `row-${index}`);
      cluster.nodes.at(0).addMeeting({ meetingID: id, internalMeetingID: `internal-${index}` });
      await db`
        insert into meetings (id, internal_id, state, frontend_id, backend_id)
        select ${id}, ${`internal-${index}`}, ${JSON.stringify(state)}::text::jsonb, id, ${
        cluster.backendID(0)
      } from frontends`;
    }
    await eventually("all are listed", async () =>
      (await cluster.client().call("getMeetings")).texts("createTime").length === states.length);
    for (const index of states.keys()) {
      const meetingID = `row-${index}`;
      assert.equal((await cluster.client().call("isMeetingRunning", { meetingID })).returncode, "SUCCESS");
      assert.equal((await cluster.client().call("getMeetingInfo", { meetingID })).text("meetingID"), meetingID);
      const { location } = await cluster.client().call("join", { meetingID, fullName: "Mira", role: "VIEWER" });
      assert.match(location, /^http/);
    }
    await cluster.pollSoon(0);
    await eventually("the poll puts them right", async () =>
      (await cluster.client().call("getMeetings")).texts("meetingID").toSorted().join() ===
        Array.from(states.keys(), (index) =>
          `row-${index}`).join());
  }));

Deno.test("a node's list with characters that no database takes is read as far as it goes", () =>
  withHostile(async ({ cluster }) => {
    const node = cluster.nodes.at(0);
    const names = [
      "a&#0;b",
      "a\0b",
      "&#xD800;",
      "&#x110000;",
      "&#99999999999;",
      "\uFFFF",
      "a".repeat(100_000),
      "plain",
    ];
    const meetings = names.map((name, index) => {
      const meetingID = clusterID("fe1", `odd-${index}`);
      node.addMeeting({ meetingID, internalMeetingID: `internal-${index}`, name: "known" });
      return `<meeting><meetingName>${name}</meetingName><meetingID>${meetingID}</meetingID>` +
        `<internalMeetingID>internal-${index}</internalMeetingID><running>true</running>` +
        `<metadata><x>${name}</x></metadata></meeting>`;
    });
    meetings.push("<meeting><meetingID>x</meetingID><metadata><1y>no name</1y></metadata></meeting>");
    const body = `<response><returncode>SUCCESS</returncode><meetings>${meetings.join("")}</meetings></response>`;
    node.fail({ kind: "raw", resource: "getMeetings", body });
    await cluster.pollSoon(0);
    const listed = async () => (await cluster.client().call("getMeetings")).texts("meetingName");
    await eventually("what can be read is there", async () => {
      const failed = await cluster.db`select result from commands where state = 'error'`;
      assert.deepEqual([...failed], []);
      return (await listed()).includes("plain");
    });
    assert.ok((await listed()).some((name) => name.length === 100_000), "the long name is no harm");
    await cluster.untilHealth(0, "available");
    await node.heal();
  }));
