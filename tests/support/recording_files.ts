// Roots of recordings in a folder of their own, and file systems that are broken on purpose.
import { type FileSystem, realFileSystem } from "../../src/recordings/file_system.ts";
import type { MoveQueue } from "../../src/recordings/move_files.ts";
import type { RecordingRoots } from "../../src/recordings/paths.ts";

export interface RecordingFolders extends AsyncDisposable {
  readonly base: string;
  readonly roots: RecordingRoots;
  /** Whether published recordings are on a file system of their own. */
  readonly isAcross: boolean;
  /** A file `<root>/<format>/…`; its content is its name unless given. */
  put(path: string, content?: string): Promise<void>;
  /** Every file below the roots, with its content; of the trash without the time of deletion. */
  tree(): Promise<Record<string, string>>;
}

const MEMORY = "/dev/shm";

/**
 * Roots `published`, `unpublished` and `inbox` below one folder.
 * @param publishedInMemory on another file system, where the machine has one
 */
export async function recordingFolders(
  { trashDays = 7, publishedInMemory = false } = {},
): Promise<RecordingFolders> {
  const base = await Deno.makeTempDir({ prefix: "b3scale_recordings_" });
  const hasMemory = publishedInMemory && await Deno.stat(MEMORY).then(() => true, () => false);
  const memory = hasMemory ? await Deno.makeTempDir({ dir: MEMORY, prefix: "b3scale_recordings_" }) : undefined;
  for (const root of ["unpublished", "inbox"]) await Deno.mkdir(`${base}/${root}`);
  if (memory === undefined) await Deno.mkdir(`${base}/published`);
  else await Deno.symlink(memory, `${base}/published`);
  return {
    base,
    roots: {
      publishedPath: `${base}/published`,
      unpublishedPath: `${base}/unpublished`,
      inboxPath: `${base}/inbox`,
      trashDays,
    },
    isAcross: memory !== undefined,
    put: async (path, content = path) => {
      await Deno.mkdir(`${base}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      await Deno.writeTextFile(`${base}/${path}`, content);
    },
    tree: async () => {
      const found = await readTree(base);
      return Object.fromEntries(found.map(([path, content]) => [path.replace(/\.\d{8}T\d{6}\.\d{3}Z/, ""), content]));
    },
    [Symbol.asyncDispose]: async () => {
      for (const folder of [base, ...memory === undefined ? [] : [memory]]) {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

/** Links are shown as what they point to; folders only when nothing is in them. */
export async function readTree(folder: string, path = ""): Promise<[path: string, content: string][]> {
  const found: [string, string][] = [];
  for (const name of (await realFileSystem.list(`${folder}/${path}`)).sort()) {
    const at = path === "" ? name : `${path}/${name}`;
    const info = await realFileSystem.lstat(`${folder}/${at}`);
    if (info === undefined) continue; // a running process has just deleted it
    if (info.isSymlink) found.push([at, `-> ${await Deno.readLink(`${folder}/${at}`)}`]);
    else if (info.isDirectory) found.push(...await readTree(folder, at));
    else found.push([at, await Deno.readTextFile(`${folder}/${at}`)]);
  }
  return found;
}

const withCode = (code: string): Error => Object.assign(new Error(`${code} on purpose`), { code });

/** As if each root were a file system of its own. */
export function acrossFileSystems({ roots }: Pick<RecordingFolders, "roots">, files = realFileSystem): FileSystem {
  const rootOf = (path: string) =>
    [roots.publishedPath, roots.unpublishedPath, roots.inboxPath].find((root) => path.startsWith(`${root}/`));
  return {
    ...files,
    rename: (from, to) => {
      if (rootOf(from) !== rootOf(to)) throw withCode("EXDEV");
      return files.rename(from, to);
    },
  };
}

/** One function fails with the operating system's name of an error. */
export const failing = (name: keyof FileSystem, code: string, files = realFileSystem): FileSystem => ({
  ...files,
  [name]: () => Promise.reject(withCode(code)),
});

export class Killed extends Error {
  override name = "Killed";
}

/**
 * A process that dies at a step: what it does at that step and later has no effect. A removal dies when half of the
 * folder is gone.
 * @param die does not return when it really ends the process
 */
export function killedAt(step: number, files: FileSystem, queue: MoveQueue, die: () => void = () => {}): {
  files: FileSystem;
  queue: MoveQueue;
  /** A step that is neither of them. */
  count: (what: string, path?: unknown) => Promise<void>;
  /** What it died at, undefined when it came to its end. */
  diedAt: () => string | undefined;
} {
  let steps = 0;
  let diedAt: string | undefined;
  const count = async (what: string, path: unknown = "") => {
    if (diedAt === undefined && ++steps >= step) {
      diedAt = `step ${steps}: ${what} ${path}`;
      if (what === "remove") await removeHalf(String(path));
      die();
    }
    if (diedAt !== undefined) throw new Killed(diedAt);
  };
  type Call = (...args: unknown[]) => Promise<unknown>;
  const counted = <T extends object>(target: T, names: (keyof T & string)[]): T => {
    const wrapped = names.map((name) => [name, async (...args: unknown[]) => {
      await count(name, args[0]);
      return await (target[name] as Call)(...args);
    }]);
    return { ...target, ...Object.fromEntries(wrapped) };
  };
  return {
    files: counted(files, ["mkdir", "rename", "copyFile", "copyLink", "writeFile", "chmod", "sync", "remove"]),
    queue: counted(queue, ["claim", "renew", "finish", "fail"]),
    count,
    diedAt: () => diedAt,
  };
}

async function removeHalf(folder: string): Promise<void> {
  const info = await Deno.lstat(folder).catch(() => undefined);
  if (!info?.isDirectory) return;
  const [first] = (await readTree(folder)).map(([path]) => path);
  if (first !== undefined) await Deno.remove(`${folder}/${first}`);
}
