// Folders of recordings for one vector: what it gives lies there before the server starts, what it expects is compared.

export interface RecordingFolders extends AsyncDisposable {
  /** Settings of a server that works on them. */
  readonly env: Readonly<Record<string, string>>;
  /** Empties the folders and puts these files there. */
  fill(files: readonly string[]): Promise<void>;
  /** @returns what differs, one line each */
  compare(expected: readonly string[]): string[];
}

/** @param files below `inbox/`, `published/` and `unpublished/` */
export async function createFolders(files: readonly string[] = []): Promise<RecordingFolders> {
  const root = await Deno.makeTempDir({ prefix: "b3scale-golden-" });
  await fillFolders(root, files);
  return {
    env: {
      B3SCALE_RECORDINGS_INBOX_PATH: `${root}/inbox`,
      B3SCALE_RECORDINGS_PUBLISHED_PATH: `${root}/published`,
      B3SCALE_RECORDINGS_UNPUBLISHED_PATH: `${root}/unpublished`,
    },
    fill: (files) => fillFolders(root, files),
    compare: (expected) => compareFiles(root, expected),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** Each file holds its own path. */
async function fillFolders(root: string, files: readonly string[]): Promise<void> {
  for (const folder of ["inbox", "published", "unpublished"]) {
    await Deno.remove(`${root}/${folder}`, { recursive: true }).catch(() => {}); // there is none at first
    await Deno.mkdir(`${root}/${folder}`);
  }
  for (const file of files) {
    await Deno.mkdir(`${root}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${root}/${file}`, file);
  }
}

/** In the trash `{{time}}` stands for when it was deleted. */
function compareFiles(root: string, expected: readonly string[]): string[] {
  const found = listFiles(root).map((file) => file.replace(/\.\d{8}T\d{6}\.\d{3}Z(?=\/)/, ".{{time}}"));
  const [ours, theirs] = [found, expected].map((files) => files.toSorted().join(" "));
  return ours === theirs ? [] : [`files: expected "${theirs}", got "${ours}"`];
}

function listFiles(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listFiles(`${folder}/${name}`, `${prefix}${name}/`) : [`${prefix}${name}`]
  );
}
