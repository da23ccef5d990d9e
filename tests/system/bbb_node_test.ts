// The simulated BBB node itself: what it answers must be what the documented API says, or every test on it lies.
import assert from "node:assert/strict";
import { type ChecksumAlgorithm, hashHex, signedQuery, verifyChecksum } from "../../demo/bbb_node/checksum.ts";
import type { BbbNode } from "../../demo/bbb_node/node.ts";
import { fakeNode, fakeNodes } from "../support/fake_node.ts";

const createTime = Date.UTC(2024, 4, 9, 13, 35, 28) + 123;

interface CallOptions extends RequestInit {
  algorithm?: ChecksumAlgorithm;
}

function urlOf(node: BbbNode, resource: string, params: Record<string, string> = {}, algorithm?: ChecksumAlgorithm) {
  return `${node.url}${resource}?${signedQuery(resource, String(new URLSearchParams(params)), node.secret, algorithm)}`;
}

async function call(node: BbbNode, resource: string, params: Record<string, string> = {}, options: CallOptions = {}) {
  const { algorithm, ...init } = options;
  const response = await fetch(urlOf(node, resource, params, algorithm), { redirect: "manual", ...init });
  const xml = await response.text();
  return { status: response.status, headers: response.headers, xml, text: (name: string) => textOf(xml, name) };
}

const textOf = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
const elementNames = (xml: string) => Array.from(xml.matchAll(/<([A-Za-z][^>/]*)>/g), ([, name]) => name);

const createElements = ["response", "returncode", "meetingID", "internalMeetingID", "parentMeetingID", "attendeePW"]
  .concat(["moderatorPW", "createTime", "voiceBridge", "dialNumber", "createDate", "hasUserJoined", "duration"])
  .concat(["hasBeenForciblyEnded", "messageKey", "message"]);
const meetingElements = ["meetingName", "meetingID", "internalMeetingID", "createTime", "createDate", "voiceBridge"]
  .concat(["dialNumber", "attendeePW", "moderatorPW", "running", "duration", "hasUserJoined", "recording"])
  .concat(["hasBeenForciblyEnded", "startTime", "endTime", "participantCount", "listenerCount"])
  .concat(["voiceParticipantCount", "videoCount", "maxUsers", "moderatorCount", "attendees"]);
const attendeeElements = ["attendee", "userID", "fullName", "role", "isPresenter", "isListeningOnly", "hasJoinedVoice"]
  .concat(["hasVideo", "clientType", "customdata"]);

Deno.test("verifyChecksum() knows the vectors of all four lengths, in either case", () => {
  const secret = "639259d4-demo";
  const query = "meetingID=abc+1&name=a%20b";
  const sha1 = "1210bf46e8f26034eaf50a7628a61532a709bc47";
  const sha256 = "0480fac44558f544d6e7a594f0403db377e3bcae2b817f0f2759ea9b2b9207d5";
  const sha384 = "1b0751d2506d7795b9ddcca203cdabe7019a06e971c40fbf0db09467ce5b8ca04fdb11a9bd8cd7ce1e9df668bfe4c213";
  const sha512 = "1b466566909a15e3ed7a9e00382166166d7f105c9cafefae1345a9c6d206074f" +
    "19d7f8ab6f99d9fec4b62cb2d32fb904225a818766efa38f3522cc6da3981a18";
  for (const checksum of [sha1, sha256, sha384, sha512, sha1.toUpperCase()]) {
    for (const raw of [`${query}&checksum=${checksum}`, `checksum=${checksum}&${query}`]) {
      assert.equal(verifyChecksum("create", raw, checksum, secret).valid, true);
    }
    assert.equal(verifyChecksum("join", `${query}&checksum=${checksum}`, checksum, secret).valid, false);
  }
  const middle = `meetingID=abc+1&checksum=${sha1}&name=a%20b`;
  assert.deepEqual(verifyChecksum("create", middle, sha1, secret), { algorithm: "sha1", valid: true });
  const empty = "59104ac4971e378db92050f64791afcc16fda005";
  assert.equal(verifyChecksum("getMeetings", `&checksum=${empty}`, empty, secret).valid, true);
  assert.deepEqual(verifyChecksum("create", query, "", secret), { algorithm: null, valid: false });
});

Deno.test("the node takes four checksum algorithms and refuses a wrong secret", async () => {
  await using node = await fakeNode();
  const algorithms: ChecksumAlgorithm[] = ["sha1", "sha256", "sha384", "sha512"];
  for (const algorithm of algorithms) {
    assert.equal((await call(node, "getMeetings", {}, { algorithm })).text("messageKey"), "noMeetings");
  }
  assert.deepEqual(node.calls.map((made) => made.checksumAlgorithm), algorithms);
  const response = await fetch(`${node.url}getMeetings?${signedQuery("getMeetings", "", "other")}`);
  assert.equal(response.status, 200);
  const xml = await response.text();
  assert.equal(textOf(xml, "messageKey"), "checksumError");
  assert.equal(textOf(xml, "message"), "Checksums do not match");
  assert.deepEqual(node.calls.map((made) => made.checksumValid), [true, true, true, true, false]);
});

Deno.test("the root call needs no checksum and speaks XML or JSON", async () => {
  await using node = await fakeNode();
  const xml = await (await fetch(node.url.slice(0, -1))).text();
  const names = ["returncode", "version", "apiVersion", "bbbVersion", "graphqlWebsocketUrl", "graphqlApiUrl"];
  assert.deepEqual(elementNames(xml), ["response", ...names]);
  const json = await (await fetch(node.url, { headers: { "content-type": "application/json" } })).json();
  assert.deepEqual(Object.keys(json.response), names);
});

Deno.test("create answers BBB's elements in order, with ids and dates of its time", async () => {
  await using node = await fakeNode({ clock: () => createTime });
  const { headers, xml, text } = await call(node, "create", { meetingID: "room-42", name: "A & <b>B</b>" });
  assert.equal(headers.get("content-type"), "text/xml;charset=utf-8");
  assert.equal(headers.get("cache-control"), "no-cache");
  assert.deepEqual(elementNames(xml), createElements);
  assert.equal(text("internalMeetingID"), `${hashHex("sha1", "room-42")}-1715261728123`);
  assert.equal(text("createDate"), "Thu May 09 13:35:28 UTC 2024");
  assert.equal(text("parentMeetingID"), "bbb-none");
  assert.match(text("attendeePW") ?? "", /^[A-Za-z0-9]{8}$/);
  assert.match(text("voiceBridge") ?? "", /^\d{5}$/);
  assert.equal(text("messageKey"), "");
  assert.equal((await call(node, "getMeetingInfo", { meetingID: "room-42" })).text("meetingName"), "A &amp; B");
});

Deno.test("create repeated is a duplicateWarning with the first createTime, or idNotUnique with other passwords", async () => {
  let now = createTime;
  await using node = await fakeNode({ clock: () => now });
  const first = await call(node, "create", { meetingID: "room-42", name: "Room", moderatorPW: "mpw", meta_A: "1" });
  now += 5000;
  const second = await call(node, "create", { meetingID: "room-42", name: "Other", moderatorPW: "mpw" });
  assert.equal(second.text("returncode"), "SUCCESS");
  assert.equal(second.text("messageKey"), "duplicateWarning");
  const internalMeetingID = first.text("internalMeetingID");
  assert.equal(second.text("internalMeetingID"), internalMeetingID);
  assert.equal(second.text("createTime"), String(createTime));
  assert.equal(node.meetings()[0]?.name, "Room");
  const third = await call(node, "create", { meetingID: "room-42", name: "Room", moderatorPW: "wrong" });
  assert.equal(third.text("messageKey"), "idNotUnique");
});

Deno.test("create refuses what BBB refuses", async () => {
  await using node = await fakeNode();
  node.addMeeting({ meetingID: "taken", voiceBridge: "71234" });
  const name = "Room";
  const table: [Record<string, string>, string, string][] = [
    [{ name }, "missingParamMeetingID", "You must provide a meeting ID"],
    [{ name, meetingID: "x" }, "sizeError", "Meeting ID must be between 2 and 256 characters"],
    [{ name, meetingID: "a,b" }, "validationError", "Meeting ID cannot contain &apos;,&apos;"],
    [{ meetingID: "room" }, "validationError", "You must provide a meeting name"],
    [{ meetingID: "room", name: "x" }, "sizeError", "Meeting name must be between 2 and 256 characters"],
    [{ meetingID: "room", name, record: "1" }, "validationError", "Record must be a boolean value (true or false)"],
    [{ meetingID: "room", name, voiceBridge: "x" }, "validationError", "Voice bridge must be an integral value"],
    [{ meetingID: "room", name, attendeePW: "a" }, "invalidPassword", "Invalid password"],
    [
      { meetingID: "room", name, isBreakout: "true" },
      "parentMeetingIDMissing",
      "No parent meeting ID was provided for the breakout room",
    ],
  ];
  for (const [params, key, message] of table) {
    const { text } = await call(node, "create", params);
    assert.deepEqual([text("returncode"), text("messageKey"), text("message")], ["FAILED", key, message]);
  }
  const bridge = await call(node, "create", { meetingID: "room", name, voiceBridge: "71234" });
  assert.deepEqual(elementNames(bridge.xml), ["response", "returncode", "errors", "error", "key", "message"]);
  assert.equal(bridge.text("key"), "nonUniqueVoiceBridge");
});

Deno.test("create takes query, form, multipart and module bodies, and no other type", async () => {
  await using node = await fakeNode();
  const form = await call(node, "create", {}, {
    method: "POST",
    body: new URLSearchParams({ meetingID: "form", name: "Ünï" }),
  });
  assert.equal(form.text("meetingID"), "form");
  const multipart = new FormData();
  multipart.set("name", "Multi");
  assert.equal(
    (await call(node, "create", { meetingID: "multi" }, { method: "POST", body: multipart })).text("returncode"),
    "SUCCESS",
  );
  const body = '<modules><module name="presentation"></module></modules>';
  const headers = { "content-type": "application/xml; charset=utf-8" };
  await call(node, "create", { meetingID: "modules", name: "Modules" }, { method: "POST", body, headers });
  assert.deepEqual(node.meetings().map(({ name, documents }) => [name, documents]), [
    ["Ünï", []],
    ["Multi", []],
    ["Modules", [body]],
  ]);
  const json = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  assert.equal((await call(node, "create", { meetingID: "json" }, json)).text("messageKey"), "unsupportedContentType");
});

Deno.test("metadata names are lower-cased, names with an underscore are dropped, values are escaped", async () => {
  await using node = await fakeNode();
  const metas = { "meta_bbb-Origin": `<&'">`, meta_with_underscore: "x" };
  await call(node, "create", { meetingID: "room", name: "Room", ...metas });
  assert.deepEqual(node.meetings()[0]?.metadata, { "bbb-origin": `<&'">` });
  const { xml } = await call(node, "getMeetingInfo", { meetingID: "room" });
  assert.match(xml, /<bbb-origin>&lt;&amp;&apos;&quot;&gt;<\/bbb-origin>/);
});

Deno.test("breakout rooms keep the id asked for and are listed by their parent", async () => {
  await using node = await fakeNode();
  const parent = node.addMeeting({ meetingID: "room" });
  const params = { meetingID: "breakout-internal", name: "Group 1", isBreakout: "true", sequence: "1" };
  const unknown = await call(node, "create", { ...params, parentMeetingID: "nobody" });
  assert.equal(unknown.text("messageKey"), "parentMeetingDoesNotExist");
  const made = await call(node, "create", { ...params, parentMeetingID: parent.internalMeetingID });
  assert.equal(made.text("internalMeetingID"), "breakout-internal");
  assert.equal(made.text("parentMeetingID"), parent.internalMeetingID);
  assert.match(made.text("meetingID") ?? "", /^[0-9a-f]{40}-\d{13}$/);
  const info = await call(node, "getMeetingInfo", { meetingID: "room" });
  assert.equal(info.text("breakout"), "breakout-internal");
  await call(node, "end", { meetingID: "room" });
  assert.deepEqual(node.meetings(), []);
});

Deno.test("getMeetingInfo and getMeetings answer every element in order; only the latter prints separators", async () => {
  await using node = await fakeNode({ clock: () => createTime });
  assert.equal((await call(node, "getMeetingInfo", { meetingID: "room-42" })).text("messageKey"), "notFound");
  node.addMeeting({ meetingID: "room-42", name: "Room", maxUsers: 1024, metadata: { origin: "x" } });
  node.joinUser("room-42", { userID: "ext-7", fullName: "Mira", role: "MODERATOR", videoStreams: 2 });
  node.joinUser("room-42", { userID: "ext-8", fullName: "Ole", isListeningOnly: true, customdata: { key: "value" } });
  const info = await call(node, "getMeetingInfo", { meetingID: "room-42" });
  const attendees = [...attendeeElements, ...attendeeElements, "key"];
  const tail = ["metadata", "origin"];
  assert.deepEqual(
    elementNames(info.xml),
    ["response", "returncode", ...meetingElements, ...attendees, ...tail, "messageKey", "message", "isBreakout"],
  );
  assert.equal(info.headers.get("cache-control"), null);
  const counters = ["participantCount", "moderatorCount", "listenerCount", "videoCount", "maxUsers", "running"];
  assert.deepEqual(counters.map(info.text), ["2", "1", "1", "2", "1024", "true"]);
  const list = await call(node, "getMeetings");
  assert.deepEqual(
    elementNames(list.xml),
    ["response", "returncode", "meetings", "meeting", ...meetingElements, ...attendees, ...tail, "isBreakout"],
  );
  assert.equal(list.text("maxUsers"), "1,024");
  assert.equal(list.text("createTime"), String(createTime));
});

Deno.test("join redirects with a cookie, and opening the page brings the user in", async () => {
  await using node = await fakeNode();
  const meeting = node.addMeeting({ meetingID: "room", name: "Room" });
  const params = { meetingID: "room", fullName: "Mira <M>", role: "moderator", userID: "u1", "userdata-bbb_x": "1" };
  const redirect = await call(node, "join", params);
  assert.equal(redirect.status, 302);
  assert.match(redirect.headers.get("set-cookie") ?? "", /^JSESSIONID=/);
  const location = redirect.headers.get("location") ?? "";
  assert.ok(location.startsWith(`http://127.0.0.1:${node.port}/html5client/?sessionToken=`));
  assert.equal((await call(node, "isMeetingRunning", { meetingID: "room" })).text("running"), "false");
  for (const _ of ["open", "reload"]) {
    assert.match(await (await fetch(location)).text(), /Mira &lt;M&gt; joined &quot;Room&quot; \(room\) as MODERATOR/);
  }
  assert.deepEqual(meeting.attendees.map(({ userID, customdata }) => [userID, customdata]), [["u1", { bbb_x: "1" }]]);
  assert.equal((await call(node, "isMeetingRunning", { meetingID: "room" })).text("running"), "true");
  const xml = await call(node, "join", { ...params, password: "ignored", redirect: "false", createTime: "1" });
  assert.equal(xml.text("messageKey"), "mismatchCreateTimeParam");
  const joined = await call(node, "join", { ...params, redirect: "false" });
  assert.deepEqual(
    elementNames(joined.xml).slice(2),
    ["messageKey", "message", "meeting_id", "user_id", "auth_token", "session_token", "guestStatus", "url"],
  );
});

Deno.test("join knows passwords, guests and the limit, and sends failures to errorRedirectUrl", async () => {
  await using node = await fakeNode();
  node.addMeeting({
    meetingID: "room",
    attendeePW: "apw",
    moderatorPW: "mpw",
    maxUsers: 2,
    guestPolicy: "ASK_MODERATOR",
  });
  const user = { meetingID: "room", fullName: "Mira", redirect: "false" };
  const wrong = await call(node, "join", { ...user, password: "no" });
  assert.equal(wrong.text("messageKey"), "invalidPassword");
  assert.equal((await call(node, "join", { ...user, password: "mpw" })).text("guestStatus"), "ALLOW");
  const guest = await call(node, "join", { ...user, password: "apw", guest: "true" });
  assert.equal(guest.text("guestStatus"), "WAIT");
  assert.match(await (await fetch(guest.text("url") ?? "")).text(), /waits for a moderator/);
  assert.equal((await call(node, "join", { ...user, password: "apw" })).text("messageKey"), "maxParticipantsReached");

  const failures: [Record<string, string>, string][] = [
    [{ fullName: "Mira", role: "VIEWER" }, "missingParamMeetingID"],
    [{ meetingID: "room", role: "VIEWER", redirect: "false" }, "missingParamFullName"],
    [{ meetingID: "room", fullName: "Mira" }, "Params required"],
    [{ meetingID: "unknown", fullName: "Mira", role: "VIEWER" }, "invalidMeetingIdentifier"],
  ];
  for (const [params, key] of failures) {
    const { status, headers } = await call(node, "join", { ...params, errorRedirectUrl: "https://lms.example/?a=1" });
    const target = new URL(headers.get("location") ?? "");
    assert.deepEqual([status, target.host, target.searchParams.get("a")], [302, "lms.example", "1"]);
    assert.equal(JSON.parse(target.searchParams.get("errors") ?? "")[0].key, key);
  }
});

Deno.test("end checks the password; the meeting stays visible for endDelayMs", async () => {
  let now = createTime;
  await using node = await fakeNode({ clock: () => now, endDelayMs: 3000 });
  await call(node, "create", { meetingID: "room-42", name: "Room", moderatorPW: "mpw" });
  const wrong = await call(node, "end", { meetingID: "room-42", password: "no" });
  assert.equal(wrong.text("messageKey"), "invalidPassword");
  const ended = await call(node, "end", { meetingID: "room-42", password: "mpw" });
  assert.equal(ended.text("messageKey"), "sentEndMeetingRequest");
  assert.equal((await call(node, "getMeetings")).text("hasBeenForciblyEnded"), "true");
  const late = await call(node, "join", { meetingID: "room-42", fullName: "Mira", role: "VIEWER", redirect: "false" });
  assert.equal(late.text("messageKey"), "meetingForciblyEnded");
  const again = await call(node, "create", { meetingID: "room-42", name: "Room" });
  assert.equal(again.text("messageKey"), "");
  assert.equal(again.text("createTime"), String(createTime + 1));
  now += 3000;
  assert.deepEqual(node.meetings().map((meeting) => meeting.createTime), [createTime + 1]);
  assert.equal((await call(node, "end", { meetingID: "other" })).text("messageKey"), "notFound");
});

Deno.test("insertDocument and sendChatMessage reach the meeting; wrong methods are 405, unknown calls 404", async () => {
  await using node = await fakeNode();
  const meeting = node.addMeeting({ meetingID: "room" });
  const post = { method: "POST", body: "<modules/>", headers: { "content-type": "text/xml" } };
  const inserted = await call(node, "insertDocument", { meetingID: "room" }, post);
  assert.equal(inserted.text("message"), "Presentation is being uploaded");
  const missing = await call(node, "insertDocument", { meetingID: "other" }, post);
  assert.equal(missing.text("message"), "Meeting with id [other] not found.");
  await call(node, "sendChatMessage", { meetingID: "room", message: "hello" });
  assert.deepEqual(meeting.documents, ["<modules/>"]);
  assert.deepEqual(meeting.chat, [{ userName: "System", message: "hello" }]);
  const long = await call(node, "sendChatMessage", { meetingID: "room", message: "x".repeat(501) });
  assert.equal(long.text("messageKey"), "sizeError");
  assert.equal((await call(node, "insertDocument", { meetingID: "room" })).status, 405);
  assert.equal((await call(node, "join", {}, { method: "POST" })).status, 405);
  assert.equal((await call(node, "getNothing")).status, 404);
});

Deno.test("fail() makes calls go wrong, by resource and count, until heal()", async () => {
  await using node = await fakeNode();
  node.fail({ kind: "http500", resource: "getMeetings", count: 1 });
  node.fail({ kind: "empty" });
  assert.equal((await call(node, "getMeetings")).status, 500);
  assert.equal((await call(node, "getMeetings")).xml, "");
  node.fail({ kind: "garbage", resource: "create", count: 1, takesEffect: true });
  assert.match((await call(node, "create", { meetingID: "room", name: "Room" })).xml, /<meet$/);
  node.fail({ kind: "wrong_checksum" });
  assert.equal((await call(node, "getMeetings")).text("messageKey"), "checksumError");
  node.fail({ kind: "raw", status: 503, body: "busy", headers: { "retry-after": "7" } });
  const raw = await call(node, "getMeetings");
  assert.deepEqual([raw.status, raw.xml, raw.headers.get("retry-after")], [503, "busy", "7"]);
  node.fail({ kind: "close" });
  await assert.rejects(call(node, "getMeetings"));
  await node.heal();
  assert.equal((await call(node, "getMeetings")).text("meetingID"), "room");
});

Deno.test("a call that hangs is answered by release() and dropped by stop()", async () => {
  await using node = await fakeNode();
  node.fail({ kind: "hang", count: 2 });
  const released = call(node, "getMeetings");
  await node.waitForCalls(1);
  node.release();
  assert.equal((await released).text("messageKey"), "noMeetings");
  const dropped = assert.rejects(call(node, "getMeetings"));
  await node.waitForCalls(2);
  await node.stop();
  await dropped;
});

Deno.test("refuse closes the port until heal(); restart() keeps it and loses meetings", async () => {
  await using node = await fakeNode();
  const { url } = node;
  node.addMeeting({ meetingID: "room" });
  node.fail({ kind: "refuse" });
  await assert.rejects(call(node, "getMeetings"));
  await node.heal();
  assert.equal((await call(node, "getMeetings")).text("meetingID"), "room");
  await node.restart({ keepMeetings: true });
  assert.equal((await call(node, "getMeetings")).text("meetingID"), "room");
  await node.restart();
  assert.equal((await call(node, "getMeetings")).text("messageKey"), "noMeetings");
  assert.equal(node.url, url);
  await node.stop();
  await assert.rejects(call(node, "getMeetings"));
  await node.start();
  assert.equal((await call(node, "getMeetings")).text("returncode"), "SUCCESS");
});

Deno.test("fakeNodes() starts nodes with secrets, ports and ids of their own", async () => {
  await using nodes = await fakeNodes(2);
  assert.deepEqual(nodes.all.map((node) => node.secret), ["node-secret-0", "node-secret-1"]);
  assert.notEqual(nodes.at(0).port, nodes.at(1).port);
  for (const node of nodes) node.addMeeting({ meetingID: "room" });
  assert.notEqual(nodes.at(0).meetings()[0]?.moderatorPW, nodes.at(1).meetings()[0]?.moderatorPW);
  nodes.at(0).joinUser("room", { userID: "u1", fullName: "Mira" });
  nodes.at(0).leaveUser("room", "u1");
  nodes.at(0).endMeeting("room");
  assert.deepEqual(nodes.at(0).meetings(), []);
});
