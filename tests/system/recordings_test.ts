// getRecordings and the changes of recordings as frontends ask for them, over HTTP.
import assert from "node:assert/strict";
import { clusterID, type Params, queryOf } from "../support/bbb_client.ts";
import { type RecordingScene, withRecordings } from "../support/recording_scene.ts";
import { eventually } from "../support/wait.ts";

Deno.test("getRecordings finds by lists, prefixes, states and metadata, and ignores what is empty", () =>
  withRecordings(async ({ find }) => {
    const table: readonly (readonly [params: Params, found: string[]])[] = [
      [{}, ["aa1", "aa2", "ab3"]],
      [{ meetingID: "", recordID: "", state: "", meta_foo: "", offset: "", limit: "" }, ["aa1", "aa2", "ab3"]],
      [{ meetingID: "m1" }, ["aa1", "ab3"]],
      [{ meetingID: "m2, m1,m1,," }, ["aa1", "aa2", "ab3"]],
      [{ meetingID: ",", recordID: " , " }, ["aa1", "aa2", "ab3"]],
      [{ meetingID: "m" }, []],
      [{ meetingID: clusterID("fe1", "m1") }, []],
      [{ recordID: "aa" }, ["aa1", "aa2"]],
      [{ recordID: "aa2,aa,aa2, ab3 ," }, ["aa1", "aa2", "ab3"]],
      [{ recordID: "aa1", meetingID: "m2" }, ["aa1"]],
      [{ meetingID: "m2", recordID: "" }, ["aa2"]],
      [{ meetingID: "", recordID: "ab" }, ["ab3"]],
      [{ recordID: "%" }, []],
      [{ recordID: "aa\0" }, []],
      [{ state: "any" }, ["aa1", "aa2", "ab3"]],
      [{ state: "deleted,any" }, ["aa1", "aa2", "ab3"]],
      [{ state: "published," }, ["aa1", "ab3"]],
      [{ state: "deleted" }, []],
      [{ state: "\0" }, []],
      [{ meta_foo: "bar" }, ["aa1"]],
      [{ meta_FOO: "bar" }, ["aa1"]],
      [{ meta_foo: "BAR" }, []],
      [{ meta_foo: "%a%" }, ["aa1"]],
      [{ meta_foo: "ba%" }, ["aa1"]],
      [{ meta_foo: "%ar" }, ["aa1"]],
      [{ meta_foo: "%" }, ["aa1"]],
      [{ meta_foo: "_ar" }, []],
      [{ meta_foo: "\0" }, []],
      [{ meta_foo: "bar", meta_meetingName: "Geheim" }, ["aa1"]],
      [{ meta_foo: "bar", meta_meetingName: "x" }, []],
      [{ meta_: "x" }, ["aa1", "aa2", "ab3"]],
      [{ protect: "true" }, ["ab3"]],
      [{ limit: "1" }, ["aa1"]],
      [{ offset: "1", limit: "1" }, ["aa2"]],
      [{ offset: "2" }, ["ab3"]],
      [{ somethingNew: "x" }, ["aa1", "aa2", "ab3"]],
    ];
    for (const [params, found] of table) assert.deepEqual(await find(params), found, JSON.stringify(params));
  }));

Deno.test("getRecordings shows the frontend's ids, links to the playback host, and none of the cluster", () =>
  withRecordings(async ({ fe1, cluster }) => {
    const { xml, texts } = await fe1.call("getRecordings");
    assert.deepEqual(texts("meetingID"), ["m1", "m2", "m1"]);
    assert.deepEqual(texts("meetingId"), ["m1", "m2", "m1"]);
    assert.deepEqual(texts("internalMeetingID"), ["aa1", "aa2", "ab3"]);
    assert.deepEqual(texts("protected"), ["false", "false", "true"]);
    const [first, second, third] = texts("url");
    assert.equal(first, "https://play.example/playback/presentation/2.3/aa1");
    assert.equal(second, "https://play.example/playback/presentation/2.3/aa2");
    assert.match(third ?? "", /\/api\/v1\/protected\/recordings\/[\w-]+\.[\w-]+\.[\w-]+$/);
    assert.ok(!xml.includes(clusterID("fe1", "m1")) && !xml.includes("totalElements"), xml);
    assert.deepEqual(cluster.nodes.at(0).calls.filter(({ resource }) => resource === "getRecordings"), []);
  }));

Deno.test("getRecordings says the total of a page, and what a page cannot be", () =>
  withRecordings(async ({ fe1 }) => {
    const totals: readonly (readonly [Params, string])[] = [
      [{ limit: "2" }, "3"],
      [{ offset: "0", limit: "100" }, "3"],
      [{ offset: "2", limit: "2" }, "3"],
      [{ offset: "7", limit: "2" }, "3"],
      [{ offset: "0", limit: "2", state: "unpublished" }, "1"],
      [{ limit: "3", recordID: "nobody" }, "0"],
    ];
    for (const [params, total] of totals) {
      const answer = await fe1.call("getRecordings", params);
      assert.equal(answer.text("totalElements"), total, JSON.stringify(params));
      assert.equal(answer.messageKey, answer.texts("recordID").length === 0 ? "noRecordings" : "");
    }
    for (const wrong of ["-1", "x", "1.5", "1e1", " 1", "99999999999999999999", "0x1", "\0"]) {
      for (const name of ["offset", "limit"]) {
        const answer = await fe1.call("getRecordings", { [name]: wrong });
        assert.deepEqual([answer.status, answer.messageKey], [200, "validationError"], `${name}=${wrong}`);
      }
    }
    for (const limit of ["0", "101"]) {
      assert.equal((await fe1.call("getRecordings", { limit })).messageKey, "validationError", limit);
    }
  }));

/** The parameters in a form, and only the checksum in the query. */
const form = (params: Params): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: queryOf(params),
});

Deno.test("recordings are found and changed by POST, too", () =>
  withRecordings(async ({ fe1, find }) => {
    const found = await fe1.call("getRecordings", {}, form({ recordID: "aa1" }));
    assert.deepEqual(found.texts("recordID"), ["aa1"]);
    assert.equal(
      (await fe1.call("updateRecordings", {}, form({ recordID: "aa1", meta_a: "b" }))).text("updated"),
      "true",
    );
    assert.deepEqual(await find({ meta_a: "b" }), ["aa1"]);
    const published = await fe1.call("publishRecordings", {}, form({ recordID: "aa1", publish: "false" }));
    assert.equal(published.text("published"), "false");
    assert.equal((await fe1.call("deleteRecordings", {}, form({ recordID: "aa1" }))).text("deleted"), "true");
    assert.deepEqual(await find({ state: "any" }), ["aa2", "ab3"]);
  }));

Deno.test("publishRecordings changes the known ones together, files included", () =>
  withRecordings(async ({ fe1, find, folders }) => {
    const answer = await fe1.call("publishRecordings", { recordID: "aa2,nobody, aa1,aa9,aa2,", publish: "FALSE" });
    assert.deepEqual([answer.returncode, answer.text("published")], ["SUCCESS", "false"]);
    assert.deepEqual(await find({ state: "unpublished" }), ["aa1", "aa2"]);
    assert.deepEqual(Object.keys(await folders.tree()).filter((path) => path.endsWith("/x")), [
      "published/presentation/aa9/x",
      "published/presentation/ab3/x",
      "unpublished/presentation/aa1/x",
      "unpublished/presentation/aa2/x",
    ]);
    for (const publish of ["", "yes", "1"]) {
      const { messageKey } = await fe1.call("publishRecordings", { recordID: "aa1", publish });
      assert.equal(messageKey, publish === "" ? "missingParamPublish" : "validationError");
    }
    for (const recordID of ["", ",", "aa", "aa%", "\0", "AA1"]) {
      const { messageKey } = await fe1.call("publishRecordings", { recordID, publish: "true" });
      assert.equal(messageKey, /^,?$/.test(recordID) ? "missingParamRecordID" : "notFound", recordID);
    }
    assert.deepEqual(await find({ state: "unpublished" }), ["aa1", "aa2"]);
  }));

Deno.test("updateRecordings sets, changes and removes metadata, names without case", () =>
  withRecordings(async ({ fe1, find, cluster }) => {
    const update = (params: Params) => fe1.call("updateRecordings", { recordID: "aa1", ...params });
    const metadata = async () => {
      const [row] = await cluster.db`select state -> 'Metadata' as it from recordings where record_id = 'aa1'`;
      const { meetingId: _, ...rest } = row?.it as Record<string, string>;
      return rest;
    };
    assert.equal(
      (await update({ meta_foo: "b&r", META_x: "1", "meta_a'b": "2", meta_9: "3", meta_: "4" })).text("updated"),
      "true",
    );
    assert.deepEqual(await metadata(), { foo: "b&r", ab: "2", meetingName: "Geheim", isBreakout: "false" });
    await update({ meta_FOO: "", meta_ab: "", meta_nope: "", "meta_New-One": "1", meta_meetingname: "x\0y" });
    assert.deepEqual(await metadata(), { "new-one": "1", meetingName: "xy", isBreakout: "false" });
    await update({ protect: "true" });
    assert.deepEqual(await find({ protect: "true" }), ["aa1", "ab3"]);
    await update({ protect: "false" });
    await update({ protect: "" });
    assert.deepEqual([await find({ protect: "true" }), (await metadata())["protect"]], [["ab3"], "false"]);
    assert.equal((await update({})).text("updated"), "true");
  }));

Deno.test("deleteRecordings takes the files out of reach", () =>
  withRecordings(async ({ fe1, find, folders }) => {
    assert.equal((await fe1.call("deleteRecordings", { recordID: "aa1,ab3,aa9" })).text("deleted"), "true");
    assert.deepEqual(await find({ state: "any" }), ["aa2"]);
    assert.deepEqual(Object.keys(await folders.tree()).filter((path) => path.endsWith("/x")), [
      "published/presentation/aa9/x",
      "unpublished/.trash/presentation/aa1/x",
      "unpublished/.trash/presentation/ab3/x",
      "unpublished/presentation/aa2/x",
    ]);
    assert.equal((await fe1.call("deleteRecordings", { recordID: "aa1" })).messageKey, "notFound");
  }));

Deno.test("the answer does not depend on the files: what cannot be moved now is moved later", () =>
  withRecordings(async ({ fe1, find, folders, cluster }) => {
    await Deno.rename(folders.roots.publishedPath, `${folders.base}/away`);
    await Deno.writeTextFile(folders.roots.publishedPath, "no folder");
    const answer = await fe1.call("publishRecordings", { recordID: "aa2", publish: "true" });
    assert.equal(answer.returncode, "SUCCESS", answer.xml);
    assert.deepEqual(await find({ state: "published" }), ["aa1", "aa2", "ab3"]);
    await Deno.remove(folders.roots.publishedPath);
    await Deno.rename(`${folders.base}/away`, folders.roots.publishedPath);
    await cluster.db`update b3scale_recording_moves set due_at = localtimestamp`;
    const again = async () => void await fe1.call("publishRecordings", { recordID: "aa2", publish: "true" });
    await again();
    await eventually("the files are published", async () => "published/presentation/aa2/x" in await folders.tree());
  }));

Deno.test("without folders recordings are listed and changed all the same", () => {
  const off = { B3SCALE_RECORDINGS_PUBLISHED_PATH: "", B3SCALE_RECORDINGS_UNPUBLISHED_PATH: "" };
  return withRecordings(async ({ fe1, find }: RecordingScene) => {
    assert.equal((await fe1.call("publishRecordings", { recordID: "aa2", publish: "true" })).returncode, "SUCCESS");
    assert.deepEqual(await find({ state: "published" }), ["aa1", "aa2", "ab3"]);
  }, { ...off, B3SCALE_RECORDINGS_PLAYBACK_HOST: "" });
});
