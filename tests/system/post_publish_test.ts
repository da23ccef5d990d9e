// The script that nodes run after a recording was published, against a server: real sh, tar and curl.
import assert from "node:assert/strict";
import { metadataXml, NODE_TOKEN, RECORD_ID, startUploadServer } from "../support/upload_server.ts";
import { eventually } from "../support/wait.ts";

const SCRIPT = new URL("../../deploy/post_publish/b3scale_upload.sh", import.meta.url).pathname;

interface Node extends AsyncDisposable {
  readonly root: string;
  publish(format: string, recordID?: string, content?: string): Promise<void>;
  run(...args: string[]): Promise<{ code: number; stderr: string }>;
}

/** A `/var/bigbluebutton` with settings that name the server. */
async function makeNode(apiUrl: string, token = NODE_TOKEN): Promise<Node> {
  const root = await Deno.makeTempDir({ prefix: "b3scale-node-" });
  await Deno.writeTextFile(`${root}/jwt`, `${token}\n`);
  await Deno.mkdir(`${root}/published`);
  const settings = {
    B3SCALE_API_URL: apiUrl,
    B3SCALE_TOKEN_FILE: `${root}/jwt`,
    B3SCALE_PUBLISHED_DIR: `${root}/published`,
    B3SCALE_STATE_DIR: `${root}/status`,
    B3SCALE_TMP_DIR: root,
    B3SCALE_RETRIES: "0",
  };
  await Deno.writeTextFile(`${root}/config`, Object.entries(settings).map(([k, v]) => `${k}='${v}'\n`).join(""));
  return {
    root,
    publish: async (format, recordID = RECORD_ID, content = "png") => {
      const folder = `${root}/published/${format}/${recordID}`;
      await Deno.mkdir(`${folder}/presentation/d1/thumbnails`, { recursive: true });
      await Deno.writeTextFile(`${folder}/metadata.xml`, metadataXml({ format, recordID }));
      await Deno.writeTextFile(`${folder}/presentation/d1/thumbnails/thumb-1.png`, content);
    },
    run: async (...args) => {
      const { code, stderr } = await new Deno.Command("sh", {
        args: [SCRIPT, ...args],
        env: { B3SCALE_POST_PUBLISH_CONFIG: `${root}/config` },
        stdout: "null",
        stderr: "piped",
      }).output();
      const left = [...Deno.readDirSync(root)].filter(({ name }) => name.startsWith(".b3scale-upload"));
      assert.deepEqual(left, [], "the archive is left behind");
      return { code, stderr: new TextDecoder().decode(stderr) };
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

const sent = (node: Node) => [...Deno.readDirSync(`${node.root}/status/sent`)].map(({ name }) => name).sort();
const pending = (node: Node) => [...Deno.readDirSync(`${node.root}/status/pending`)].map(({ name }) => name).sort();

Deno.test("the script sends every published format of a recording, and not twice", async () => {
  await using server = await startUploadServer();
  await using node = await makeNode(server.origin);
  await node.publish("presentation");
  await node.publish("video");
  await node.publish("video", "x-1");
  const first = await node.run("-m", RECORD_ID);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(sent(node), [`presentation:${RECORD_ID}`, `video:${RECORD_ID}`]);
  await eventually("both are imported", async () => {
    const imports = await server.imports();
    return imports.length === 2 && imports.every(({ state }) => state === "done");
  });
  assert.equal(server.files().filter((file) => file.startsWith("published/")).length, 4);
  const [before] = await server.db`select json_agg(i order by format) as all from b3scale_recording_imports i`;
  assert.equal((await node.run("-m", RECORD_ID, "-f", "video")).code, 0); // BigBlueButton runs it once per format
  const [after] = await server.db`select json_agg(i order by format) as all from b3scale_recording_imports i`;
  assert.deepEqual(after, before);
});

Deno.test("the script sends again what a server that was away did not get, and what was published before", async () => {
  await using node = await makeNode("http://127.0.0.1:9");
  await node.publish("presentation");
  const failed = await node.run("-m", RECORD_ID);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /presentation:\S+ not sent, status 000/);
  assert.deepEqual(pending(node), [`presentation:${RECORD_ID}`]);
  await using server = await startUploadServer();
  const config = await Deno.readTextFile(`${node.root}/config`);
  await Deno.writeTextFile(`${node.root}/config`, config.replace("http://127.0.0.1:9", server.origin));
  assert.equal((await node.run("-r")).code, 0);
  assert.deepEqual([sent(node), pending(node)], [[`presentation:${RECORD_ID}`], []]);
  await node.publish("video", "x-1");
  assert.equal((await node.run("-a")).code, 0);
  assert.deepEqual(sent(node), [`presentation:${RECORD_ID}`, "video:x-1"]);
});

Deno.test("the script gives up what the server refuses, keeps what it cannot take now, and says why", async () => {
  await using server = await startUploadServer();
  await using node = await makeNode(server.origin);
  await node.publish("presentation");
  await Deno.symlink("/etc/passwd", `${node.root}/published/presentation/${RECORD_ID}/link`);
  const refused = await node.run("-m", RECORD_ID);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /refused for good, status 400: .*symlink/);
  assert.deepEqual(pending(node), []);
  await using stranger = await makeNode(server.origin, "no.such.token");
  await stranger.publish("presentation");
  const unknown = await stranger.run("-m", RECORD_ID);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /not sent, status 401/);
  assert.doesNotMatch(unknown.stderr, /no\.such\.token/);
  assert.equal(pending(stranger).length, 1);
});

Deno.test("the script refuses to run with wrong arguments or without its settings", async () => {
  await using node = await makeNode("http://127.0.0.1:9");
  for (const args of [[], ["-m", "../x"], ["-m", RECORD_ID, "-f", "a/b"], ["-x"]]) {
    assert.equal((await node.run(...args)).code, 2, args.join(" "));
  }
  await Deno.remove(`${node.root}/jwt`);
  const { code, stderr } = await node.run("-m", RECORD_ID);
  assert.equal(code, 2);
  assert.match(stderr, /the token .* cannot be read/);
});
