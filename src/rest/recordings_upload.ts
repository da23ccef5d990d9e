// Nodes send the files of a recording here, so that no shared file system is needed.
import { recordingImportEndpoints } from "../contract/recording.ts";
import type { Deps } from "../deps.ts";
import { AppError, errorText } from "../errors.ts";
import { readContentDigest } from "../recordings/content_digest.ts";
import { realFileSystem } from "../recordings/file_system.ts";
import { readMetadataFile } from "../recordings/read_metadata.ts";
import { unpackUpload } from "../recordings/unpack_upload.ts";
import type { UploadedFormat } from "../recordings/upload_entry.ts";
import { freeBytes, makeUploadFolder, syncUpload, uploadRoot } from "../recordings/upload_folder.ts";
import { readUpload, tooLarge } from "../recordings/upload_stream.ts";
import { findUpload, type RecordingImportRow, requestImport, retryImport } from "../store/recording_imports.ts";
import { importJson, requireRecordings } from "./recordings_import.ts";
import { route } from "./route.ts";

const IDLE_MS = 30_000;
/** Left to everybody else on that disk. */
const KEPT_FREE_BYTES = 64 * 1024 * 1024;

export const recordingUploadRoutes = [
  route(recordingImportEndpoints.upload, async ({ deps, req, query }) => {
    const roots = requireRecordings(deps.config);
    const what: UploadedFormat = { recordID: query.record_id, format: query.format };
    const digest = readContentDigest(req.headers.get("content-digest"));
    if (digest === undefined) {
      throw new AppError("malformed_body", 'The header Content-Digest should be "sha-256=:<base64>:"');
    }
    const held = await findHeld(deps.db, roots, what, digest);
    if (held !== undefined) return importJson(held);
    return importJson(await receive(deps, req, { what, digest }));
  }),
];

type Roots = ReturnType<typeof requireRecordings>;

/** The same as before, which needs not be read again; an import of it that failed is tried again. */
async function findHeld(db: Deps["db"], roots: Roots, { recordID, format }: UploadedFormat, digest: string) {
  const row = await findUpload(db, recordID, format);
  if (row?.digest !== digest) return undefined;
  if (row.state !== "failed") return row;
  if (await realFileSystem.lstat(uploadRoot(roots, row.folder)) === undefined) return undefined;
  return await retryImport(db, row.id);
}

async function receive(
  deps: Deps,
  req: Request,
  { what, digest }: { what: UploadedFormat; digest: string },
): Promise<RecordingImportRow> {
  const roots = requireRecordings(deps.config);
  const { recordID: record_id, format } = what;
  const id = crypto.randomUUID();
  try {
    await unpack(deps, req, { id, what, digest });
  } catch (error) {
    deps.log.warn("upload of a recording refused", { record_id, format, error: errorText(error) });
    await drop(deps, roots, id);
    throw error;
  }
  const { row, obsolete } = await deps.db.begin((tx) => requestImport(tx, { record_id, format, digest, folder: id }));
  if (obsolete !== undefined) await drop(deps, roots, obsolete);
  return row;
}

async function unpack(
  { config, clock }: Deps,
  req: Request,
  { id, what, digest }: { id: string; what: UploadedFormat; digest: string },
): Promise<void> {
  const roots = requireRecordings(config);
  const zipped = readEncoding(req.headers.get("content-encoding"));
  const sentBytes = Number(req.headers.get("content-length") ?? 0);
  if (sentBytes > roots.uploadMaxBytes) throw tooLarge(roots.uploadMaxBytes);
  const folder = await makeUploadFolder(roots, id, what);
  const checkSpace = async (neededBytes = 0) => {
    const free = await freeBytes(folder);
    if (free < neededBytes + KEPT_FREE_BYTES) {
      throw new AppError("no_space", `Too little space is left for recordings: ${Math.floor(free / 1024 ** 2)} MiB`);
    }
  };
  await checkSpace(sentBytes);
  const limits = { idleMs: IDLE_MS, maxBytes: roots.uploadMaxBytes };
  const upload = readUpload({ body: req.body, zipped }, limits, clock);
  await unpackUpload(upload.bytes, folder, what, () => checkSpace());
  if (upload.digest() !== digest) throw new AppError("malformed_body", "The body is not what Content-Digest says");
  await readMetadataFile(folder, what);
  await syncUpload(roots, id);
}

/** @returns whether it must be gzip */
function readEncoding(header: string | null): boolean {
  const encoding = (header ?? "identity").trim().toLowerCase();
  if (encoding === "gzip" || encoding === "x-gzip") return true;
  if (encoding === "identity" || encoding === "") return false;
  throw new AppError("unsupported_media_type", `Content-Encoding "${encoding}" is not gzip`);
}

/** What cannot be deleted now is swept up later. */
async function drop({ log }: Deps, roots: Roots, id: string): Promise<void> {
  try {
    await realFileSystem.remove(uploadRoot(roots, id));
  } catch (error) {
    log.warn("files of an upload could not be deleted", { folder: id, error: errorText(error) });
  }
}
