// What one frontend can do to the recordings of another: nothing, whatever it calls them.
import assert from "node:assert/strict";
import { type BbbAnswer, clusterID, type Params } from "../support/bbb_client.ts";
import { type RecordingScene, withRecordings } from "../support/recording_scene.ts";

const SECRETS = ["aa1", "aa2", "ab3", "Geheim", "node1.example.com", "DEPRECATED", "select ", "fe1", "/published"];

/** Every way for `fe2` to name what is `fe1`'s. */
const NAMES: readonly Params[] = [
  { recordID: "aa1" },
  { recordID: "aa1,aa2,ab3" },
  { recordID: " aa1 " },
  { recordID: "aa1", meetingID: "m1" },
  { recordID: "aa1", meetingID: clusterID("fe1", "m1") },
  { recordID: "aa1", frontend: "fe1", key: "fe1", frontend_id: "fe1" },
  { recordID: "aa1", "meta_b3s-frontend": "fe1" },
  { recordID: "aa1' or true --" },
  { recordID: "aa1%" },
  { recordID: "aa_" },
  { recordID: "../fe1/aa1" },
  { recordID: "aa1\0" },
  { recordID: "{aa1}" },
];

function assertTellsNothing({ xml }: BbbAnswer, given: Params): void {
  for (const secret of SECRETS) {
    const known = Object.values(given).some((value) => value.includes(secret));
    assert.ok(known || !xml.includes(secret), `${JSON.stringify(given)} tells "${secret}": ${xml}`);
  }
}

const CHANGES: readonly (readonly [resource: string, params: Params])[] = [
  ["publishRecordings", { publish: "false" }],
  ["publishRecordings", { publish: "true" }],
  ["updateRecordings", { meta_foo: "stolen", "meta_b3s-frontend": "fe2", protect: "false" }],
  ["deleteRecordings", {}],
];

Deno.test("no change reaches a recording of another frontend", () =>
  withRecordings(async ({ fe2, snapshot }: RecordingScene) => {
    const before = await snapshot();
    for (const [resource, params] of CHANGES) {
      for (const names of NAMES) {
        const given = { ...params, ...names };
        const answer = await fe2.call(resource, given);
        const what = `${resource} ${JSON.stringify(given)}: ${answer.xml}`;
        assert.deepEqual([answer.status, answer.returncode, answer.messageKey], [200, "FAILED", "notFound"], what);
        assertTellsNothing(answer, given);
      }
    }
    assert.equal(await snapshot(), before);
  }));

Deno.test("a change of one's own recordings leaves those of another alone that stand beside them", () =>
  withRecordings(async ({ fe2, find, cluster, folders }) => {
    const foreign = async () =>
      JSON.stringify(await cluster.db`select * from recordings where record_id <> 'aa9' order by record_id`);
    const before = await foreign();
    for (const [resource, params] of CHANGES) {
      const answer = await fe2.call(resource, { ...params, recordID: "aa1,aa9,ab3" });
      assert.equal(answer.returncode, "SUCCESS", answer.xml);
    }
    assert.equal(await foreign(), before);
    assert.deepEqual([await find(), await find({}, fe2)], [["aa1", "aa2", "ab3"], []]);
    const files = Object.keys(await folders.tree()).filter((path) => !path.includes("aa9") && path.endsWith("/x"));
    assert.deepEqual(files, [
      "published/presentation/aa1/x",
      "published/presentation/ab3/x",
      "unpublished/presentation/aa2/x",
    ]);
  }));

Deno.test("getRecordings finds none of another frontend, whatever is looked for", () =>
  withRecordings(async ({ fe2, find }) => {
    assert.deepEqual(await find({}, fe2), ["aa9"]);
    const filters: readonly Params[] = [
      ...NAMES,
      { recordID: "a" },
      { recordID: "aa" },
      { meetingID: "m1" },
      { meetingID: "m2" },
      { meetingID: clusterID("fe1", "m1") },
      { meetingID: `m1,${clusterID("fe1", "m1")}` },
      { state: "any" },
      { state: "unpublished" },
      { protect: "true" },
      { meta_meetingName: "%" },
      { meta_meetingName: "Geheim", state: "any" },
      { limit: "100" },
    ];
    for (const params of filters) {
      const answer = await fe2.call("getRecordings", params);
      assert.equal(answer.returncode, "SUCCESS", JSON.stringify(params));
      const others = answer.texts("recordID").filter((id) => id !== "aa9");
      assert.deepEqual(others, [], JSON.stringify(params));
      const total = answer.text("totalElements");
      assert.ok(total === "" || total === "1", `the total counts ${total}`);
    }
  }));

Deno.test("text tracks of another frontend's recordings are neither shown nor put", () =>
  withRecordings(async ({ fe2, snapshot }) => {
    const before = await snapshot();
    for (const names of NAMES) {
      for (const resource of ["getRecordingTextTracks", "putRecordingTextTrack"]) {
        const body = new FormData();
        body.set("file", new File(["WEBVTT\n\n00:01.000 --> 00:02.000\nx\n"], "x.vtt"));
        const given = { kind: "captions", lang: "de", ...names };
        const answer = await fe2.call(resource, given, { method: "POST", body });
        assert.match(answer.xml, /"messageKey":"noRecordings"/);
        assertTellsNothing(answer, given);
      }
    }
    assert.equal(await snapshot(), before);
  }));

Deno.test("wrong checksums say the same whether a recording exists or not", () =>
  withRecordings(async ({ fe1, cluster, snapshot }) => {
    const before = await snapshot();
    const [origin = ""] = cluster.origins;
    for (const resource of ["getRecordings", ...CHANGES.map(([name]) => name), "getRecordingTextTracks"]) {
      const answers = await Promise.all(["aa1", "aa9", "nobody"].map(async (recordID) => {
        const target = fe1.target(resource, { recordID, publish: "false" });
        const response = await fetch(origin + target.replace(/checksum=.*/, `checksum=${"0".repeat(64)}`));
        return `${response.status} ${await response.text()}`;
      }));
      assert.equal(new Set(answers).size, 1, answers.join("\n"));
      assert.match(answers[0] ?? "", /checksumError/);
    }
    assert.equal(await snapshot(), before);
  }));
