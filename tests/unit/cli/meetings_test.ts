import assert from "node:assert/strict";
import { attendees, createdAt, findMeetings, listMeetings, moderators, people } from "../../../cli/meetings.ts";
import { createApiClient } from "../../../src/contract/client.ts";
import type { MeetingJson } from "../../../src/contract/meeting.ts";
import { encodeMeetingID, type FrontendMeetingID } from "../../../src/contract/meeting_id.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { STATUS } from "./fake_deps.ts";
import { hostOf, makeAttendeeJson, makeBackendJson, makeMeetingJson } from "./rest_objects.ts";

const { features: _features, ...OLD_STATUS } = { ...STATUS, api: "v1" as const };
const FRONTENDS = ["greenlight", "moodle"].map((key) => ({ id: `id-${key}`, bbb: { key, secret: "s" } }));
const BACKENDS = ["bbb1", "bbb2", "gone"].map((name) => makeBackendJson(name));
const MEETINGS = [
  makeMeetingJson("a"),
  makeMeetingJson("b", { backend_id: "id-bbb2", backend_host: hostOf("bbb2") }),
  makeMeetingJson("a", { frontend_id: "id-moodle", frontend_key: "moodle" }),
];

/** The server of a session, ours or 1.x; a node that is still listed has gone. */
function createSession(isOurs: boolean) {
  const asked: string[] = [];
  const find = (path: string) => {
    const { pathname, searchParams } = new URL(path, "http://x");
    const query = Object.fromEntries(searchParams);
    if (pathname === "/api/v1/frontends") return FRONTENDS.filter(({ bbb }) => bbb.key === (query["key"] ?? bbb.key));
    if (pathname === "/api/v1/backends") return BACKENDS.filter(({ bbb }) => bbb.host === (query["host"] ?? bbb.host));
    if (pathname === "/api/v1/meetings") {
      if (!isOurs && query["backend_id"] === undefined) return new Response("{}", { status: 400 });
      if (query["backend_id"] === "id-gone") return undefined;
      return MEETINGS.filter(({ backend_id }) => backend_id === (query["backend_id"] ?? backend_id))
        .filter(({ frontend_id }) => frontend_id === (query["frontend_id"] ?? frontend_id) || !isOurs).map(told);
    }
    const id = decodeURIComponent(pathname.split("/").at(-1) ?? "");
    const found = MEETINGS.find((row) => row.id === id || `internal:${row.internal_id}` === id);
    return found && told(found);
  };
  const told = ({ frontend_key, backend_host, ...row }: MeetingJson) =>
    isOurs ? { ...row, frontend_key, backend_host } : row;
  const api = createApiClient({
    url: "http://x",
    token: "t",
    userAgent: "test",
    clock: createFakeClock(),
    fetch: (url) => {
      const path = url.slice("http://x".length);
      asked.push(path.replace("/api/v1/", ""));
      const answer = find(path);
      if (answer instanceof Response) return Promise.resolve(answer);
      return Promise.resolve(answer === undefined ? new Response("{}", { status: 404 }) : Response.json(answer));
    },
  });
  return { session: { api, status: isOurs ? { ...STATUS, api: "v1" as const } : OLD_STATUS }, asked };
}

const names = (list: readonly { frontendKey: string; host: string; row: { meeting: { MeetingName: string } } }[]) =>
  list.map(({ frontendKey, host, row }) => `${row.meeting.MeetingName} ${frontendKey} ${host.slice(8, 12)}`);

for (const isOurs of [true, false]) {
  const server = isOurs ? "a server of ours" : "a 1.x server";

  Deno.test(`listMeetings() asks ${server} node by node, and a node that goes meanwhile does no harm`, async () => {
    const { session, asked } = createSession(isOurs);
    const list = await listMeetings(session, {});
    assert.deepEqual(names(list), ["Room a greenlight bbb1", "Room a moodle bbb1", "Room b greenlight bbb2"]);
    assert.deepEqual(asked.filter((path) => path.startsWith("meetings")), [
      "meetings?backend_id=id-bbb1",
      "meetings?backend_id=id-bbb2",
      "meetings?backend_id=id-gone",
    ]);
  });

  Deno.test(`listMeetings() finds the meetings of a tenant and of a node on ${server}`, async () => {
    const { session } = createSession(isOurs);
    const list = async (filter: { key?: string; host?: string }) => names(await listMeetings(session, filter));
    assert.deepEqual(await list({ key: "greenlight" }), ["Room a greenlight bbb1", "Room b greenlight bbb2"]);
    assert.deepEqual(await list({ host: hostOf("bbb1") }), ["Room a greenlight bbb1", "Room a moodle bbb1"]);
    assert.deepEqual(await list({ key: "greenlight", host: hostOf("bbb2") }), ["Room b greenlight bbb2"]);
    assert.deepEqual(await list({ key: "moodle", host: hostOf("bbb2") }), []);
    await assert.rejects(list({ key: "nobody" }), /nobody/);
    await assert.rejects(list({ host: hostOf("nowhere") }), /not found/);
  });

  Deno.test(`findMeetings() takes every kind of id on ${server}`, async () => {
    const find = async (id: string) => names(await findMeetings(createSession(isOurs).session, id));
    for (const id of [encodeMeetingID("greenlight", "b" as FrontendMeetingID), "internal:int-b", "int-b", "b"]) {
      assert.deepEqual(await find(id), ["Room b greenlight bbb2"], id);
    }
    assert.deepEqual(await find("a"), ["Room a greenlight bbb1", "Room a moodle bbb1"], "of both tenants");
    assert.deepEqual(await find("nothing"), []);
  });
}

Deno.test("listMeetings() asks a server of ours once for the meetings of a tenant", async () => {
  const { session, asked } = createSession(true);
  await listMeetings(session, { key: "greenlight" });
  assert.deepEqual(asked, ["frontends?key=greenlight", "meetings?frontend_id=id-greenlight"]);
});

Deno.test("people() and moderators() count those on the list as well, without the nulls of 1.x", () => {
  const list = [makeAttendeeJson({ Role: "MODERATOR" }), makeAttendeeJson(), makeAttendeeJson(), makeAttendeeJson()];
  const row = makeMeetingJson("a", {
    meeting: { ParticipantCount: 3, ModeratorCount: 2, Attendees: [...list, null as never] },
  });
  assert.deepEqual([people(row), moderators(row), attendees(row).length], [4, 1, 4]);
  const unlisted = makeMeetingJson("a", { meeting: { ParticipantCount: 3, ModeratorCount: 2, Attendees: null } });
  assert.deepEqual([people(unlisted), moderators(unlisted)], [3, 2]);
});

Deno.test("createdAt() is when the node built the meeting, else when it was first heard of", () => {
  const created_at = "2026-01-01T00:00:00Z";
  assert.equal(createdAt(makeMeetingJson("a", { created_at, meeting: { CreateTime: 5 } })), 5);
  assert.equal(createdAt(makeMeetingJson("a", { created_at, meeting: { CreateTime: 0 } })), Date.UTC(2026, 0, 1));
});
