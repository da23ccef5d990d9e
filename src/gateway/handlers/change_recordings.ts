// What a frontend does to its recordings: publish and unpublish, change metadata, delete. Ids that are not its own are
// unknown; the others change together.
import { type Recording, withMetadata, withPublished } from "../../bbb/recording.ts";
import { success } from "../../bbb/response.ts";
import { element, isXmlName } from "../../bbb/xml.ts";
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import { moveForRequest } from "../../recordings/move_files.ts";
import { isSafeName } from "../../recordings/paths.ts";
import { moveQueue, wishMoves } from "../../store/recording_moves.ts";
import { deleteFrontendRecordings, updateFrontendRecordings } from "../../store/recordings.ts";
import { type GatewayHandler, type GatewayRequest, splitList } from "../types.ts";
import { metadataName, searchable } from "./recordings.ts";

type ChangeDeps = Pick<Deps, "db" | "config" | "clock" | "log">;

/** @throws missing_record_id, missing_publish, publish_invalid, recordings_not_found */
export const publishRecordings = (deps: ChangeDeps): GatewayHandler => async (req) => {
  const ids = recordIDsOf(req);
  const published = readPublish(req);
  const changed = await deps.db.begin(async (tx) => {
    const rows = await updateFrontendRecordings(tx, req.frontend.id, ids, (one) => withPublished(one, published));
    const names = foldersOf(rows.map(({ recording }) => recording.recordID));
    await wishMoves(tx, names, published ? "published" : "unpublished");
    return names;
  });
  await moveFiles(deps, changed, req);
  return success(element("published", String(published)));
};

/** Their files go to the trash. @throws missing_record_id, recordings_not_found */
export const deleteRecordings = (deps: ChangeDeps): GatewayHandler => async (req) => {
  const ids = recordIDsOf(req);
  const deleted = await deps.db.begin(async (tx) => {
    const names = foldersOf(await deleteFrontendRecordings(tx, req.frontend.id, ids));
    await wishMoves(tx, names, "trash");
    return names;
  });
  await moveFiles(deps, deleted, req);
  return success(element("deleted", "true"));
};

/** An empty value removes a name. @throws missing_record_id, recordings_not_found */
export const updateRecordings = ({ db }: Pick<Deps, "db">): GatewayHandler => async (req) => {
  const ids = recordIDsOf(req);
  const rows = await db.begin((tx) => updateFrontendRecordings(tx, req.frontend.id, ids, changeOf(req)));
  if (rows.length === 0) throw notFound(ids);
  return success(element("updated", "true"));
};

function changeOf({ params }: GatewayRequest): (recording: Recording) => Recording {
  const changes = [...params].flatMap(([parameter, text]): [string, string][] => {
    if (parameter === "protect" && text !== "") return [[parameter, String(text.trim().toLowerCase() === "true")]];
    const name = metadataName(parameter);
    return name === undefined || !isXmlName(name) ? [] : [[name, text]];
  });
  return (recording) => changes.reduce((changed, [name, text]) => withMetadata(changed, name, text), recording);
}

/** @throws missing_record_id */
export function recordIDsOf({ params }: GatewayRequest): string[] {
  const ids = splitList(searchable(params.get("recordID") ?? ""));
  if (ids.length === 0) throw new AppError("missing_record_id", 'Parameter "recordID" is missing');
  return ids;
}

/** @throws missing_publish, publish_invalid */
function readPublish({ params }: GatewayRequest): boolean {
  const text = (params.get("publish") ?? "").trim().toLowerCase();
  if (text === "") throw new AppError("missing_publish", 'Parameter "publish" is missing');
  if (text !== "true" && text !== "false") throw new AppError("publish_invalid", `"${text}" is no boolean`);
  return text === "true";
}

const notFound = (ids: readonly string[]) =>
  new AppError("recordings_not_found", `None of ${ids.length} recordings is the frontend's`);

/** @throws recordings_not_found for none, internal for an id that no import would have let in */
function foldersOf(recordIDs: readonly string[]): readonly string[] {
  if (recordIDs.length === 0) throw notFound(recordIDs);
  const unsafe = recordIDs.find((id) => !isSafeName(id));
  if (unsafe !== undefined) throw new AppError("internal", `The recording "${unsafe}" cannot have files of its own`);
  return recordIDs;
}

async function moveFiles(
  { db, config, clock, log }: ChangeDeps,
  recordIDs: readonly string[],
  { requestID }: GatewayRequest,
): Promise<void> {
  if (config.recordings === null) return;
  await moveForRequest({ queue: moveQueue(db), roots: config.recordings, clock, log }, recordIDs, requestID);
}
