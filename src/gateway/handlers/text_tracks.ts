// Captions of recordings. These two calls answer in JSON, their failures included (bbb-api §4.3).
import { toWebVtt } from "../../bbb/captions.ts";
import type { BbbResponse } from "../../bbb/response.ts";
import type { Deps } from "../../deps.ts";
import { errorText } from "../../errors.ts";
import { onPlaybackHost } from "../../recordings/playback_url.ts";
import { isSafeName } from "../../recordings/paths.ts";
import { writeTextTrack } from "../../recordings/text_track_files.ts";
import { findFrontendRecordings, putTextTrack, type RecordingRow, type TextTrack } from "../../store/recordings.ts";
import { type GatewayHandler, type GatewayRequest } from "../types.ts";
import { searchable } from "./recordings.ts";

type TrackDeps = Pick<Deps, "db" | "config" | "log">;

/** The one whose player shows captions. */
const FORMAT = "presentation";
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_LABEL = 100;

const answer = (content: Readonly<Record<string, unknown>>): BbbResponse => ({
  kind: "bytes",
  body: JSON.stringify({ response: content }),
  status: 200,
  headers: { contentType: "application/json" },
});

const failed = (messageKey: string, message: string): BbbResponse =>
  answer({ returncode: "FAILED", messageKey, message });

const noRecordings = (recordID: string): BbbResponse => failed("noRecordings", `No recording found for ${recordID}`);

export const getRecordingTextTracks = ({ db, config }: TrackDeps): GatewayHandler => async (req) => {
  const recordID = textOf(req, "recordID");
  if (recordID === "") return missing("recordID");
  const [row] = await findFrontendRecordings(db, req.frontend.id, [recordID]);
  if (row === undefined) return noRecordings(recordID);
  const tracks = row.text_tracks.map((track) => ({ ...track, href: hrefOf(config.playbackHost, row, track) }));
  return answer({ returncode: "SUCCESS", tracks });
};

/** Replaces the track of the same language. */
export const putRecordingTextTrack = (deps: TrackDeps): GatewayHandler => async (req) => {
  const track = readTrack(req);
  if ("response" in track) return track.response;
  const { recordID } = track;
  const [row] = await findFrontendRecordings(deps.db, req.frontend.id, [recordID]);
  if (row === undefined) return noRecordings(recordID);
  const outcome = (returncode: string, messageKey: string, message: string) =>
    answer({ returncode, messageKey, message, recordId: recordID });
  const file = req.files.get("file");
  if (file === undefined || file.size === 0) {
    return outcome("FAILED", "empty_uploaded_text_track", "Empty uploaded text track.");
  }
  const text = file.size > MOST_BYTES ? undefined : toWebVtt(await file.bytes());
  return text !== undefined && await saveTrack(deps, req, track, text)
    ? outcome("SUCCESS", "upload_text_track_success", "Text track uploaded successfully")
    : outcome("SUCCESS", "upload_text_track_failed", "Text track upload failed."); // SUCCESS, as BBB says it
};

interface GivenTrack extends Pick<TextTrack, "kind" | "lang" | "label"> {
  readonly recordID: string;
}

function readTrack(req: GatewayRequest): GivenTrack | { readonly response: BbbResponse } {
  const [recordID, kind, tag] = [textOf(req, "recordID"), textOf(req, "kind"), textOf(req, "lang")];
  const absent = Object.entries({ recordID, kind, lang: tag }).find(([, text]) => text === "");
  if (absent !== undefined) return { response: missing(absent[0]) };
  if (kind !== "subtitles" && kind !== "captions") {
    return { response: failed("invalidKind", "Invalid kind parameter, expected='subtitles|captions'") };
  }
  const lang = canonicalLanguage(tag);
  if (lang === undefined) return { response: failed("invalidLang", "Malformed lang param, expected a BCP 47 tag") };
  const name = new Intl.DisplayNames([lang], { type: "language" }).of(lang);
  return { recordID, kind, lang, label: textOf(req, "label").slice(0, MOST_LABEL) || name || lang };
}

const missing = (name: string): BbbResponse => failed("paramError", `Missing param ${name}.`);
const textOf = ({ params }: GatewayRequest, name: string): string => searchable(params.get(name) ?? "").trim();

function canonicalLanguage(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag.replaceAll("_", "-"))[0];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The row stays locked meanwhile: of two tracks at a time neither is lost. @returns false when nothing can be played */
async function saveTrack(
  { db, config, log }: TrackDeps,
  { frontend, requestID }: GatewayRequest,
  { recordID, ...track }: GivenTrack,
  text: string,
): Promise<boolean> {
  const { recordings: roots } = config;
  if (roots === null || !isSafeName(recordID)) return false;
  const href = `${FORMAT}/${recordID}/caption_${track.lang}.vtt`;
  try {
    return await db.begin(async (tx) => {
      if (!await putTextTrack(tx, frontend.id, recordID, { ...track, href, source: "upload" })) return false;
      const written = await writeTextTrack({ roots }, { recordID, lang: track.lang, label: track.label, text });
      if (!written) throw new Error("there are no files of a presentation");
      return true;
    });
  } catch (error) {
    log.warn("text track not saved", { record_id: recordID, error: errorText(error), request_id: requestID });
    return false;
  }
}

/** Ours are stored without a host: played from where the presentation is. */
function hrefOf(playbackHost: string, { recording }: RecordingRow, { href }: TextTrack): string {
  const presentation = recording.formats.find(({ type }) => type === FORMAT)?.url ?? "";
  const isRelative = !/^[a-z][a-z0-9+.-]*:/i.test(href);
  return onPlaybackHost(playbackHost || (isRelative ? URL.parse(presentation)?.origin ?? "" : ""), href);
}
