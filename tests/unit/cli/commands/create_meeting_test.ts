import assert from "node:assert/strict";
import { createMeeting } from "../../../../cli/commands/create_meeting.ts";
import { verify } from "../../../../src/bbb/checksum.ts";
import { readQuery, withoutChecksum } from "../../../../src/bbb/query.ts";
import { type Asked, type Line, type Run, runCommand } from "../../../support/fake_cli.ts";

const xml = (inner: string, status = 200) => new Response(`<response>${inner}</response>`, { status });
const CREATED = "<returncode>SUCCESS</returncode><internalMeetingID>int-1</internalMeetingID>" +
  "<createDate>Tue Jan 02</createDate>";

function create(answer: (asked: Asked) => unknown, flags: Line["flags"] = {}): Run {
  return runCommand(createMeeting, {
    flags: { frontend: "f/1", ...flags },
    server: (asked) =>
      asked.path.startsWith("/api/") ? [{ id: "f", bbb: { key: "f/1", secret: "s3cret" } }] : answer(asked),
  });
}

const createdWith = (run: Run) => run.asked.find(({ path }) => path.startsWith("/bbb/"))?.path ?? "";
const isSigned = (resource: string, query: string) =>
  verify(resource, [withoutChecksum(query)], "s3cret", readQuery(query)?.get("checksum") ?? "");

Deno.test("create-meeting creates as the tenant and prints a signed link for a moderator", async () => {
  const run = create(() => xml(CREATED), { name: "Test", param: ["record=a=b", "duration=10"] });
  assert.equal(await run.code, 0);
  const [path = "", query = ""] = createdWith(run).split("?");
  assert.equal(path, "/bbb/f%2F1/create");
  assert.ok(isSigned("create", query));
  const params = readQuery(query);
  assert.match(params?.get("meetingID") ?? "", /^[\w-]{23}$/);
  assert.deepEqual(["name", "record", "duration"].map((name) => params?.get(name)), ["Test", "a=b", "10"]);

  assert.match(run.stdout(), /^Creating Meeting: Test \( [\w-]{23} \)\nInternal ID: int-1\nCreated: Tue Jan 02\n/);
  const [, base, join = ""] = /Join URL: (.*)\?(.*)\n/.exec(run.stdout()) ?? [];
  assert.equal(base, "http://b3scale.test/bbb/f%2F1/join");
  assert.ok(isSigned("join", join));
  assert.equal(readQuery(join)?.get("role"), "MODERATOR");
  assert.equal(readQuery(join)?.get("meetingID"), params?.get("meetingID"));
  assert.match(readQuery(join)?.get("fullName") ?? "", /^[A-Z][a-z]+ [A-Z][a-z]+$/);
});

Deno.test("create-meeting lets parameters name the meeting, and gives its link as JSON", async () => {
  const run = create(() => xml(CREATED), { param: ["meetingID=m1", "name=Mine"], json: true });
  await run.code;
  assert.equal(readQuery(createdWith(run).split("?")[1] ?? "")?.get("name"), "Mine");
  assert.equal(run.stderr[0], "Creating Meeting: Mine ( m1 )");
  const { meetingID, internalMeetingID, joinURL } = JSON.parse(run.stdout());
  assert.deepEqual([meetingID, internalMeetingID], ["m1", "int-1"]);
  assert.match(joinURL, /meetingID=m1&role=MODERATOR&checksum=/);
});

Deno.test("create-meeting says why there is no meeting, whatever the status, and never shows the signed address", async () => {
  const refusal = "<returncode>FAILED</returncode><messageKey>noBackend</messageKey><message>None</message>";
  const failures: readonly (readonly [unknown, RegExp])[] = [
    [xml(refusal, 500), /on server: None \(noBackend\)$/],
    [new Response("Bad Gateway", { status: 502 }), /on server: HTTP status 502$/],
    [new Response("<html>", { status: 502 }), /on server: .*XML/],
    [
      new TypeError("client error (Connect): tcp connect error: Connection refused"),
      /on server: create: connection refused$/,
    ],
  ];
  for (const [answer, message] of failures) {
    await assert.rejects(create(() => answer).code, (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /checksum/);
      return true;
    });
  }
});

Deno.test("create-meeting refuses parameters without a name", async () => {
  for (const param of ["x", "=1"]) {
    await assert.rejects(create(() => "", { param: [param] }).code, /^CliError: invalid param/);
  }
});
