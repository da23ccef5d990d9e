// What one frontend can do to the meetings of another: nothing, whatever it calls them.
import assert from "node:assert/strict";
import type { BbbAnswer, BbbClient, Params } from "../support/bbb_client.ts";
import { clusterID } from "../support/bbb_client.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { eventually } from "../support/wait.ts";

const SECRET_ROOM = "the-board-meeting";
const MEETING_NAME = "Layoffs in spring";

interface Scene {
  readonly cluster: Cluster;
  readonly thief: BbbClient;
  readonly owner: BbbClient;
  /** What must never stand in an answer to the thief. */
  readonly secrets: readonly string[];
  /** Every way to call the owner's meeting. */
  readonly names: Readonly<Record<string, string>>;
}

async function withScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  await using cluster = await startCluster({ nodes: 2, frontends: ["thief", "owner"] });
  const [thief, owner] = [cluster.client("thief"), cluster.client("owner")];
  const created = await owner.create(SECRET_ROOM, { name: MEETING_NAME, moderatorPW: "mod-pw", attendeePW: "att-pw" });
  assert.equal(created.returncode, "SUCCESS");
  const [node = -1] = cluster.nodesWith("owner", SECRET_ROOM);
  const encoded = clusterID("owner", SECRET_ROOM);
  cluster.nodes.at(node).joinUser(encoded, { fullName: "Chair Woman", userID: "chair-7", role: "MODERATOR" });
  await cluster.pollSoon(node);
  await eventually(
    "the owner sees who is there",
    async () => (await owner.call("getMeetings")).text("fullName") === "Chair Woman",
  );
  const internal = created.text("internalMeetingID");
  for (const each of cluster.nodes) each.clearCalls();
  await run({
    cluster,
    thief,
    owner,
    names: {
      plain: SECRET_ROOM,
      encoded,
      "encoded without padding": encoded.replace(/=+$/, ""),
      "encoded in standard base64": encoded.replaceAll("-", "+").replaceAll("_", "/"),
      "encoded twice": clusterID("thief", encoded),
      "encoded for nobody": clusterID("", SECRET_ROOM),
      "in a list": `x,${encoded}`,
      "with NUL": `${SECRET_ROOM}\0`,
      "as a pattern": "%",
      internal,
    },
    secrets: [
      MEETING_NAME,
      "Chair Woman",
      "chair-7",
      "mod-pw",
      "att-pw",
      internal,
      ...cluster.nodes.all.flatMap(({ port, secret }) => [`:${port}`, secret]),
      ...[cluster.backendID(0), cluster.backendID(1), "owner-secret", "select ", "postgres"],
    ],
  });
}

/** @param given what the thief knew and is told again */
function assertTellsNothing({ secrets }: Scene, answer: BbbAnswer, what: string, given = ""): void {
  const text = `${answer.location}\n${answer.xml}`;
  for (const secret of secrets) {
    assert.ok(given.includes(secret) || !text.includes(secret), `${what} tells "${secret}": ${text}`);
  }
}

/** Calls that reached a node on behalf of the thief. */
const nodeCalls = ({ cluster }: Scene): string[] =>
  cluster.nodes.all.flatMap(({ calls }) => calls.map(({ resource }) => resource)).filter((r) => r !== "getMeetings");

const chairParams = { fullName: "Mallory", role: "MODERATOR", password: "mod-pw", userID: "m" };

/** Per call the keys that say: there is no such meeting. */
const attacks: readonly (readonly [resource: string, params: Params, keys: readonly string[], init?: RequestInit])[] = [
  ["join", chairParams, ["invalidMeetingIdentifier"]],
  ["join", { ...chairParams, redirect: "false" }, ["invalidMeetingIdentifier"]],
  ["end", { password: "mod-pw" }, ["notFound"]],
  ["getMeetingInfo", {}, ["notFound"]],
  ["getMeetingInfo", { password: "mod-pw" }, ["notFound"]],
  ["sendChatMessage", { message: "hello", userName: "Mallory" }, ["meetingNotFound"]],
  ["insertDocument", {}, ["notFound"], {
    method: "POST",
    headers: { "content-type": "application/xml" },
    body: '<modules><module name="presentation"><document url="http://example.org/x.pdf"/></module></modules>',
  }],
  ["someFutureCall", {}, ["unsupportedRequest"]],
];

Deno.test("no call reaches a meeting of another frontend", (t) =>
  withScene(async (scene) => {
    for (const [resource, params, keys, init] of attacks) {
      await t.step(`${resource} with ${Object.keys(params).join(", ") || "nothing"}`, async () => {
        for (const [what, meetingID] of Object.entries(scene.names)) {
          const answer = await scene.thief.call(resource, { meetingID, ...params }, init);
          assert.equal(answer.status, 200, what);
          assert.equal(answer.returncode, "FAILED", `${what}: ${answer.xml}`);
          assert.ok(keys.includes(answer.messageKey), `${what}: ${answer.xml}`);
          assertTellsNothing(scene, answer, what);
        }
        assert.deepEqual(nodeCalls(scene), [], "a node was asked");
      });
    }
    const [node = -1] = scene.cluster.nodesWith("owner", SECRET_ROOM);
    const [meeting] = scene.cluster.nodes.at(node).meetings();
    assert.deepEqual([meeting?.chat, meeting?.documents, meeting?.attendees.length], [[], [], 1]);
    assert.equal((await scene.owner.call("isMeetingRunning", { meetingID: SECRET_ROOM })).text("running"), "true");
  }));

Deno.test("isMeetingRunning and getMeetings know no meeting of another frontend", () =>
  withScene(async (scene) => {
    for (const [what, meetingID] of Object.entries(scene.names)) {
      const answer = await scene.thief.call("isMeetingRunning", { meetingID });
      assert.deepEqual([answer.returncode, answer.text("running")], ["SUCCESS", "false"], what);
      assertTellsNothing(scene, answer, what);
      const list = await scene.thief.call("getMeetings", { meetingID });
      assert.equal(list.messageKey, "noMeetings", what);
      assertTellsNothing(scene, list, what);
    }
    assert.deepEqual(nodeCalls(scene), [], "a node was asked");
  }));

Deno.test("create under another frontend's ids makes a meeting of one's own and leaves the other alone", () =>
  withScene(async (scene) => {
    const { cluster, thief, owner, names } = scene;
    const before = (await owner.call("getMeetings")).text("internalMeetingID");
    const tried = new Set<string>();
    for (const [what, meetingID] of Object.entries(names)) {
      if (tried.has(meetingID)) continue; // without a character that the two alphabets spell differently
      tried.add(meetingID);
      const answer = await thief.create(meetingID, { name: "Mine", moderatorPW: "mine-mod", attendeePW: "mine-att" });
      assertTellsNothing(scene, answer, what, meetingID);
      if (answer.returncode === "FAILED") continue; // an id that BBB does not take
      assert.notEqual(answer.text("internalMeetingID"), before, what);
      assert.equal(answer.messageKey, "", what);
    }
    const listed = await thief.call("getMeetings");
    assertTellsNothing(scene, listed, "the list of the thief", [...tried].join());
    assert.ok(listed.texts("meetingID").length >= 6, listed.xml);
    const own = await owner.call("getMeetings");
    assert.deepEqual([own.texts("meetingID"), own.text("internalMeetingID")], [[SECRET_ROOM], before]);
    assert.equal(own.text("meetingName"), MEETING_NAME);
    const owners = await cluster.db<{ key: string; n: number }[]>`
      select f.key, count(*)::int as n from meetings m join frontends f on f.id = frontend_id
      where m.id = ${clusterID("owner", SECRET_ROOM)} group by 1`;
    assert.deepEqual(owners.map(({ key, n }) => [key, n]), [["owner", 1]]);
  }));

Deno.test("a meeting that the poll finds belongs to the frontend its id names, or to nobody", () =>
  withScene(async (scene) => {
    const { cluster, thief, owner } = scene;
    const node = cluster.nodes.at(0);
    node.addMeeting({ meetingID: clusterID("owner", "found"), name: "Found of the owner", moderatorPW: "mod-pw" });
    node.addMeeting({ meetingID: "plain", name: "Of nobody", moderatorPW: "mod-pw" });
    await cluster.pollSoon(0);
    await eventually(
      "both are found",
      async () =>
        (await cluster.db`select from meetings where id in (${clusterID("owner", "found")}, 'plain')`).length === 2,
    );
    for (const meetingID of ["found", clusterID("owner", "found"), "plain"]) {
      const info = await thief.call("getMeetingInfo", { meetingID });
      assert.equal(info.messageKey, "notFound", meetingID);
      assertTellsNothing(scene, info, meetingID);
      assert.equal((await thief.call("end", { meetingID, password: "mod-pw" })).messageKey, "notFound", meetingID);
    }
    assert.equal((await thief.call("getMeetings")).messageKey, "noMeetings");
    const listed = async () => (await owner.call("getMeetings")).texts("meetingID").toSorted();
    await eventually("the owner has it", async () => (await listed()).join() === `found,${SECRET_ROOM}`);
    assert.equal(
      (await owner.call("getMeetingInfo", { meetingID: "found" })).text("meetingName"),
      "Found of the owner",
    );
    const [row] = await cluster.db<
      { frontend_id: string | null }[]
    >`select frontend_id from meetings where id = 'plain'`;
    assert.equal(row?.frontend_id, null);
  }));

Deno.test("a row that nobody has claimed goes to the frontend its id names and to no other", () =>
  withScene(async (scene) => {
    const { cluster, thief, owner } = scene;
    const id = clusterID("owner", "unbound");
    const backend = cluster.backendID(0);
    cluster.nodes.at(0).addMeeting({ meetingID: id, internalMeetingID: "internal-unbound", moderatorPW: "mod-pw" });
    await cluster.db`
      insert into meetings (id, internal_id, state, backend_id)
      values (${id}, 'internal-unbound', ${cluster.db.json({ MeetingID: id })}, ${backend})`;
    for (const meetingID of ["unbound", id, clusterID("thief", id)]) {
      assert.equal((await thief.call("getMeetingInfo", { meetingID })).messageKey, "notFound");
      assert.equal((await thief.call("join", { meetingID, ...chairParams })).messageKey, "invalidMeetingIdentifier");
    }
    assert.deepEqual([...await cluster.db`select frontend_id from meetings where id = ${id}`], [{ frontend_id: null }]);
    assert.equal((await owner.call("getMeetingInfo", { meetingID: "unbound" })).text("meetingID"), "unbound");
    const [bound] = await cluster.db<{ key: string }[]>`
      select f.key from meetings m join frontends f on f.id = m.frontend_id where m.id = ${id}`;
    assert.equal(bound?.key, "owner");
  }));

Deno.test("settings of a frontend cannot redirect its calls to a meeting of another", () =>
  withScene(async (scene) => {
    const { cluster, thief, owner } = scene;
    const theirs = clusterID("owner", SECRET_ROOM);
    const params = { meetingID: theirs, "meta_b3s-frontend": "owner" };
    const settings = {
      create_default_params: params,
      create_override_params: params,
      join_default_params: params,
      join_override_params: params,
    };
    await cluster.db`update frontends set settings = ${cluster.db.json(settings)} where key = 'thief'`;
    await eventually("the settings count", async () =>
      (await cluster.deps.view.findFrontend("thief"))?.settings.join_override_params["meta_b3s-frontend"] === "owner");
    assert.equal((await thief.create("mine")).text("meetingID"), "mine");
    const [node = -1] = cluster.nodesWith("thief", "mine");
    const built = cluster.nodes.at(node).meetings().find(({ meetingID }) =>
      meetingID === clusterID("thief", "mine")
    );
    assert.equal(built?.metadata["b3s-frontend"], "thief");
    const { location } = await thief.call("join", { meetingID: "mine", ...chairParams });
    assert.equal(new URL(location).searchParams.get("meetingID"), clusterID("thief", "mine"));
    assert.equal((await owner.call("getMeetings")).texts("meetingID").join(), SECRET_ROOM);
  }));

Deno.test("errors of a node that fails tell nothing of it", () =>
  withScene(async (scene) => {
    const { cluster, owner, secrets } = scene;
    const nodeSecrets = secrets.filter((text) => /^:\d|node-secret|select |postgres/.test(text))
      .concat(cluster.backendID(0), cluster.backendID(1));
    for (const kind of ["http500", "garbage", "empty", "wrong_checksum", "close"] as const) {
      for (const node of cluster.nodes) node.fail({ kind });
      const answers = await Promise.all([
        owner.call("getMeetingInfo", { meetingID: SECRET_ROOM, kind }),
        // A join that the node refuses leads to the node's own page, as join always does.
        ...kind === "wrong_checksum"
          ? []
          : [owner.call("join", { meetingID: SECRET_ROOM, ...chairParams, redirect: "false" })],
        owner.call("sendChatMessage", { meetingID: SECRET_ROOM, message: "x" }),
        owner.create(`fresh-${kind}`),
      ]);
      for (const { xml, status, messageKey } of answers) {
        assert.equal(status, 200);
        assert.ok(["internalError", "noBackendAvailable"].includes(messageKey), `${kind}: ${xml}`);
        for (const secret of nodeSecrets) assert.ok(!xml.includes(secret), `${kind} tells "${secret}": ${xml}`);
      }
      for (const node of cluster.nodes) await node.heal();
    }
  }));
