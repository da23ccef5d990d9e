// What no client should send, as bytes over TCP: always BBB's FAILED or a clean HTTP error, never a crash, never half a row.
import assert from "node:assert/strict";
import { signedTarget } from "../support/bbb_client.ts";
import { type Hostile, withHostile } from "../support/hostile.ts";
import { type RawAnswer, requestParts, sendRaw } from "../support/raw_http.ts";

const API = "/bbb/fe1/bigbluebutton/api";

/** A query as it stands, signed as it stands. */
const signed = (resource: string, rawQuery: string, key = "fe1") =>
  signedTarget(`/bbb/${key}/bigbluebutton/api`, resource, rawQuery, `${key}-secret`);

const keyOf = ({ body }: RawAnswer): string => /<messageKey>([^<]*)<\/messageKey>/.exec(body)?.[1] ?? "";

/** FAILED with the key; nothing has been asked of a node. */
async function assertFailed({ cluster, send }: Hostile, target: string, key: string, ...rest: [method?: string]) {
  for (const node of cluster.nodes) node.clearCalls();
  const answer = await send(rest[0] ?? "GET", target);
  assert.deepEqual([answer.status, keyOf(answer)], [200, key], `${target.slice(0, 200)}\n${answer.body}`);
  assert.match(answer.body, /<returncode>FAILED<\/returncode>/);
  const asked = cluster.nodes.all.flatMap(({ calls }) => calls).filter(({ resource }) => resource !== "getMeetings");
  assert.deepEqual(asked, []);
}

Deno.test("broken queries are FAILED, whoever signed them", () =>
  withHostile(async (scene) => {
    for (
      const query of ["meetingID=%", "meetingID=%zz", "meetingID=a%2", "%=x&meetingID=a", "meetingID=a&name=%u00e4"]
    ) {
      await assertFailed(scene, signed("create", query), "validationError");
      await assertFailed(scene, `${API}/create?${query}&checksum=${"0".repeat(40)}`, "checksumError");
      await assertFailed(scene, `${API}/create?${query}`, "checksumError");
    }
    for (const query of ["", "&", "&&&=&", "=", "meetingID", "meetingID=", "a=b&=&c"]) {
      await assertFailed(scene, signed("create", query), "missingParamMeetingID");
      await assertFailed(scene, signed("join", query), "missingParamMeetingID");
    }
    await assertFailed(scene, `${API}/create?meetingID=a&checksum=`, "checksumError");
    await assertFailed(scene, `${API}/create?meetingID=a&checksum=%zz`, "checksumError");
    await assertFailed(scene, `${API}/create?meetingID=a&checksum=${"f".repeat(64)}&checksum=x`, "checksumError");
    await assertFailed(scene, signed("nonsense", "meetingID=a"), "unsupportedRequest");
    await assertFailed(scene, `${API}/%zz?meetingID=a`, "unsupportedRequest");
    assert.match((await scene.send("GET", `${API}/create/?meetingID=a`)).body, /<version>/, "no resource: the index");
  }));

Deno.test("ids that are no names work or fail as a whole", () =>
  withHostile(async (scene) => {
    const { cluster, send } = scene;
    await assertFailed(scene, signed("create", "meetingID=a%2Cb&name=Room"), "validationError");
    for (const length of [190, 256, 1000, 5000]) {
      await assertFailed(scene, signed("create", `meetingID=${"x".repeat(length)}&name=Room`), "sizeError");
    }
    await assertFailed(scene, signed("create", `meetingID=${"%F0%9F%98%80".repeat(60)}&name=Room`), "sizeError");

    const odd = ["%00", "a%00b", "%0A%0D", "%1B%5B2J", "%FF%FE", "%ED%A0%80", "%F4%90%80%80", "%C3", "%EF%BF%BF"]
      .concat("..%2F..%2Fetc%2Fpasswd", "%3C%2Fresponse%3E", "'%22;drop+table+meetings;--", "%E2%80%AE", "%25", "%5C");
    for (const id of odd) {
      const created = await send("GET", signed("create", `meetingID=x${id}&name=Room`));
      assert.equal(created.status, 200);
      assert.match(created.body, /<returncode>(SUCCESS|FAILED)<\/returncode>/);
      assert.doesNotMatch(created.body, /internalError/, id);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(created.body, /[\x00-\x08\x0b\x0c\x0e-\x1f]/, "no XML may carry these");
      const info = await send("GET", signed("getMeetingInfo", `meetingID=x${id}`));
      const both = [created, info].map(({ body }) => /<returncode>(\w+)/.exec(body)?.[1]);
      assert.equal(both[0], both[1], `${id}: ${created.body}${info.body}`);
    }
    const listed = await send("GET", signed("getMeetings", ""));
    const count = (await cluster.db`select from meetings`).length;
    assert.ok(count >= 10, String(count));
    assert.equal(listed.body.match(/<meeting>/g)?.length, count);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(listed.body, /[\x00-\x08\x0b\x0c\x0e-\x1f]/);
  }));

Deno.test("raw bytes, long lines and odd paths get a clean answer", () =>
  withHostile(async ({ cluster, send }) => {
    const bytes = new TextEncoder().encode(`${API}/create?meetingID=`);
    const invalid = await send("GET", Uint8Array.from([...bytes, 0xff, 0xfe, 0xc3]));
    assert.ok([200, 400].includes(invalid.status), String(invalid.status));
    const longest = await send("GET", signed("isMeetingRunning", `meetingID=a&filler=${"x".repeat(20_000)}`));
    assert.ok([200, 414, 431].includes(longest.status), String(longest.status));
    if (longest.status === 200) assert.match(longest.body, /<running>false<\/running>/);
    const huge = await send("GET", `${API}/create?filler=${"x".repeat(2_000_000)}`);
    assert.ok([200, 400, 414, 431].includes(huge.status), String(huge.status));
    const many = Array.from({ length: 3000 }, (_, i) => `p${i}=1`).join("&");
    assert.match((await send("GET", signed("isMeetingRunning", `meetingID=a&${many}`))).body, /<running>false/);

    for (const path of ["/bbb", "/bbb/", "/bbb//", "/bbb/fe1", "//bbb/fe1/api/create", "/bbb/%00/api/getMeetings"]) {
      const answer = await send("GET", path);
      assert.ok([200, 404].includes(answer.status), `${path}: ${answer.status}`);
      assert.doesNotMatch(answer.body, /internalError/, path);
    }
    for (const key of ["%00", "%ff", "%zz", "'", "%22%3E", "x".repeat(10_000), "__proto__", "constructor"]) {
      const answer = await send("GET", `/bbb/${key}/bigbluebutton/api/getMeetings?checksum=${"0".repeat(40)}`);
      assert.equal(keyOf(answer), "checksumError", `${key}: ${answer.body}`);
    }
    for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
      const answer = await send(method, signed("create", "meetingID=a&name=Room"));
      assert.ok([400, 405, 501].includes(answer.status), `${method}: ${answer.status}`);
    }
    const head = await send("HEAD", signed("getMeetings", ""));
    assert.deepEqual([head.status, head.body], [200, ""]);
    assert.equal((await cluster.db`select from meetings`).length, 0);
  }));

Deno.test("bodies of every kind are handed on, refused or dropped, and no bomb goes off", () =>
  withHostile(async (scene) => {
    const { cluster, send } = scene;
    let number = 0;
    const create = async (type: string, bytes: string | Uint8Array) => {
      const id = `body-${++number}`;
      const answer = await send("POST", signed("create", `meetingID=${id}&name=Room`), { type, bytes });
      assert.equal(answer.status, 200);
      assert.match(answer.body, /<returncode>(SUCCESS|FAILED)<\/returncode>/);
      const built = cluster.nodesWith("fe1", id).length;
      assert.equal(built, answer.body.includes("SUCCESS") ? 1 : 0, `${type}: ${answer.body}`);
      return answer;
    };
    const settings = { default_presentation: { url: "http://slides.example/default.pdf" } };
    await cluster.db`update frontends set settings = ${cluster.db.json(settings)}`;
    const laughs = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("");
    const bomb = `<?xml version="1.0"?><!DOCTYPE modules [<!ENTITY l0 "lol">${laughs}]><modules>&l9;</modules>`;
    const startedAt = performance.now();
    await create("application/xml", bomb);
    await create("application/xml", '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><modules>&x;</modules>');
    await create("application/xml", "<modules>".repeat(100_000));
    await create("application/xml", `<modules ${'a="b" '.repeat(100_000)}/>`);
    assert.ok(performance.now() - startedAt < 10_000, "the bodies were expanded");
    for (const text of ["<modules", "<modules><module></modules>", "</modules>", "<", "<>", "<modules>\0</modules>"]) {
      await create("application/xml", text);
    }
    await create("text/plain", "<modules/>");
    await create("application/json", '{"meetingID": "x"}');
    await create("", "no type at all");
    await create("application/octet-stream", Uint8Array.from([0, 255, 254, 1, 2]));
    await create("application/x-www-form-urlencoded", "name=%zz");
    await create("application/x-www-form-urlencoded", "name=Other&moderatorPW=fromTheForm&%00=%00");
    await create("application/x-www-form-urlencoded; charset=utf-16", Uint8Array.from([0xff, 0xfe, 0, 1]));
    await create("multipart/form-data", "no boundary");
    await create("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\ncut");
    await create(
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--x--\r\n',
    );
    for (const { documents } of cluster.nodes.all.flatMap((node) => node.meetings())) {
      for (const text of documents) assert.doesNotMatch(text, /lollol|root:x:0/);
    }
    assert.deepEqual(
      (await send("POST", `${API}/create`, { type: "application/x-www-form-urlencoded", bytes: "checksum=%" })).status,
      200,
    );
  }));

Deno.test("a body of more than 16 MiB is refused without a trace, one of a declared size that never comes is no harm", () =>
  withHostile(async ({ cluster, send }) => {
    const slides = "x".repeat(17 * 1024 * 1024);
    const answer = await sendRaw(
      cluster.origins[0] ?? "",
      requestParts("POST", signed("create", "meetingID=big&name=Room"), {
        type: "application/xml",
        bytes: `<m>${slides}`,
      }),
    );
    // The connection may be closed while we still send; if there is an answer it is BBB's.
    if (answer !== undefined) assert.deepEqual([answer.status, keyOf(answer)], [200, "sizeError"]);
    assert.deepEqual(cluster.nodesWith("fe1", "big"), []);
    const fits = await send("POST", signed("create", "meetingID=fits&name=Room"), {
      type: "application/xml",
      bytes: `<modules><module name="presentation"><document name="a.pdf">${
        slides.slice(0, 8 << 20)
      }</document></module></modules>`,
    });
    assert.match(fits.body, /SUCCESS/);

    const head = `POST ${
      signed("create", "meetingID=cut&name=Room")
    } HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n`;
    const { hostname, port } = new URL(cluster.origins[0] ?? "");
    const conn = await Deno.connect({ hostname, port: Number(port) });
    await conn.write(new TextEncoder().encode(`${head}Content-Length: 1000\r\n\r\n<modules>`));
    conn.close();
    assert.equal((await cluster.client().create("after")).returncode, "SUCCESS");
    assert.deepEqual(cluster.nodesWith("fe1", "cut"), []);
  }));
