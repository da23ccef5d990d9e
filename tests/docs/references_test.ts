// What README and docs refer to is there: files, headings, settings, commands and flags of b3scalectl.
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { brokenLinks, unknownCommands, unknownNames } from "../support/docs/references.ts";
import { filesBelow, readDocuments, ROOT } from "../support/docs/sources.ts";

const exists = (path: string): boolean => {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
};

Deno.test("links of the documents lead to files and headings that are there", async () => {
  assert.deepEqual(brokenLinks(await readDocuments(), exists), []);
});

Deno.test("the documents name only commands and flags that b3scalectl has", async () => {
  assert.deepEqual((await readDocuments()).flatMap(unknownCommands), []);
});

Deno.test("README, docs and deploy name only settings that somebody reads", async () => {
  const paths = ["README.md", ...await filesBelow("docs"), ...await filesBelow("deploy")];
  const problems = await Promise.all(
    paths.map(async (path) => unknownNames(path, await Deno.readTextFile(join(ROOT, path)))),
  );
  assert.deepEqual(problems.flat(), []);
});

Deno.test("every document is in the index", async () => {
  const documents = await readDocuments();
  const index = documents.find(({ path }) => path === "docs/README.md");
  const linked = new Set(index?.markdown.links.map(({ target }) => join("docs", target.split("#")[0] ?? "")));
  const missing = documents.map(({ path }) => path).filter((path) => path !== "docs/README.md" && !linked.has(path));
  assert.deepEqual(missing, []);
});
