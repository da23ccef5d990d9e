// Which files the tests of the documentation look at. Paths are from the root of the tree.
import { join } from "node:path/posix";
import { type Markdown, readMarkdown } from "./markdown.ts";

export const ROOT = new URL("../../..", import.meta.url).pathname;

export interface Document {
  readonly path: string;
  readonly source: string;
  readonly markdown: Markdown;
}

/** README and everything below docs. */
export async function readDocuments(): Promise<Document[]> {
  const paths = ["README.md", ...(await filesBelow("docs")).filter((path) => path.endsWith(".md"))];
  return await Promise.all(paths.map(async (path) => {
    const source = await Deno.readTextFile(join(ROOT, path));
    return { path, source, markdown: readMarkdown(source) };
  }));
}

/** Sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(ROOT, folder)));
  const nested = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesBelow(path) : [path];
  }));
  return nested.flat().sort();
}
