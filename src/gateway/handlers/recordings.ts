// getRecordings: what a frontend finds of its recordings, with links that its users may follow.
import type { Params } from "../../bbb/query.ts";
import { isProtected, type Recording, recordingXml } from "../../bbb/recording.ts";
import { MEETING_ID } from "../../bbb/resources.ts";
import { type BbbResponse, XML_CONTENT_TYPE } from "../../bbb/response.ts";
import { textElement, wrapElement } from "../../bbb/xml.ts";
import { decodeMeetingID } from "../../contract/meeting_id.ts";
import type { Deps } from "../../deps.ts";
import { AppError } from "../../errors.ts";
import { onPlaybackHost } from "../../recordings/playback_url.ts";
import { protectedLink } from "../../recordings/protect.ts";
import {
  countFrontendRecordings,
  listFrontendRecordings,
  type MetadataFilter,
  type Page,
  type RecordingFilter,
} from "../../store/recording_search.ts";
import type { RecordingRow } from "../../store/recordings.ts";
import { type GatewayHandler, type GatewayRequest, splitList } from "../types.ts";

type RecordingDeps = Pick<Deps, "db" | "config" | "clock">;

/** @throws page_invalid */
export function getRecordings(deps: RecordingDeps): GatewayHandler {
  const { db, config } = deps;
  return async (req) => {
    const { frontend, params } = req;
    const filter = readFilter(params);
    const page = readPage(params);
    const rows = await listFrontendRecordings(db, frontend.id, filter, page);
    const total = page &&
      (isLastPage(rows.length, page)
        ? page.offset + rows.length
        : await countFrontendRecordings(db, frontend.id, filter));
    const shown = { protected: config.playbackHost !== "" }; // else no protected link can be followed
    const list = await Promise.all(rows.map(async (row) => recordingXml(await forFrontend(deps, req, row), shown)));
    return recordingList(list, total);
  };
}

const isLastPage = (count: number, { offset, limit }: Page): boolean =>
  (count > 0 || offset === 0) && (limit === undefined || count < limit);

/** Written as text: some frontends ask for thousands at a time. */
function recordingList(recordings: readonly string[], total: number | undefined): BbbResponse {
  const nothing = recordings.length > 0
    ? ""
    : textElement("messageKey", "noRecordings") + textElement("message", "There are no recordings for the meeting(s).");
  const body = wrapElement(
    "response",
    textElement("returncode", "SUCCESS") + wrapElement("recordings", recordings.join("")) +
      (total === undefined ? "" : textElement("totalElements", total)) + nothing,
  );
  return { kind: "bytes", body, status: 200, headers: { contentType: XML_CONTENT_TYPE } };
}

/** With the frontend's own ids, and links to the playback host; those of a protected one lead through us. */
async function forFrontend(
  { config, clock }: RecordingDeps,
  { frontend }: GatewayRequest,
  { recording }: RecordingRow,
): Promise<Recording> {
  const { recordID } = recording;
  const meetingID = decodeMeetingID(frontend.key, recording.meetingID);
  const linkTo = (format: string, url: string) =>
    isProtected(recording)
      ? protectedLink(config, { frontendID: frontend.id, format, recordID }, clock.now())
      : Promise.resolve(onPlaybackHost(config.playbackHost, url));
  return {
    ...recording,
    meetingID,
    internalMeetingID: recordID, // as BBB has it; 1.x stores one with the frontend's key in it
    metadata: { ...recording.metadata, meetingId: meetingID },
    formats: await Promise.all(recording.formats.map(async (format) => ({
      ...format,
      url: await linkTo(format.type, format.url),
      preview: format.preview &&
        format.preview.map((image) => ({ ...image, url: onPlaybackHost(config.playbackHost, image.url) })),
    }))),
  };
}

/** Record ids win over meeting ids; what is empty does not count (bbb-api §4.1). */
function readFilter(params: Params): RecordingFilter {
  const recordIDs = readList(params, "recordID");
  const states = readList(params, "state") ?? ["published", "unpublished"];
  return {
    recordIDs,
    meetingIDs: recordIDs === undefined ? readList(params, MEETING_ID) : undefined,
    states: states.includes("any") ? undefined : states,
    metadata: [...params].map(readMetadataFilter).filter((filter) => filter !== undefined),
  };
}

function readList(params: Params, name: string): string[] | undefined {
  const parts = splitList(searchable(params.get(name) ?? ""));
  return parts.length === 0 ? undefined : parts;
}

/** `%` at an end of the value stands for whatever else is there. */
function readMetadataFilter([parameter, value]: readonly [string, string]): MetadataFilter | undefined {
  const name = parameter === "protect" ? parameter : metadataName(parameter);
  if (name === undefined || value === "") return undefined;
  const [, before = "", text = "", after = ""] = /^(%?)(.*?)(%?)$/s.exec(searchable(value)) ?? [];
  if (before !== "") return { name, text, match: after === "" && text !== "" ? "ends" : "contains" };
  return { name, text, match: after === "" ? "equals" : "begins" };
}

/** The metadata's name that a parameter is about, in lower case; undefined for other parameters. */
export function metadataName(parameter: string): string | undefined {
  if (!parameter.startsWith("meta_")) return undefined;
  return parameter.slice("meta_".length).replace(/[^A-Za-z0-9_-]/g, "").toLowerCase() || undefined; // as 1.x reads it
}

/** Nothing stored has a NUL, and PostgreSQL would refuse the whole query for one. */
export const searchable = (text: string): string => text.replaceAll("\0", "\ufffd");

/** @throws page_invalid */
function readPage(params: Params): Page | undefined {
  const [offset = "", limit = ""] = [params.get("offset"), params.get("limit")];
  if (offset === "" && limit === "") return undefined;
  const page = { offset: offset === "" ? 0 : readWhole(offset), limit: limit === "" ? undefined : readWhole(limit) };
  if (page.offset > Number.MAX_SAFE_INTEGER || (page.limit !== undefined && (page.limit < 1 || page.limit > 100))) {
    throw new AppError("page_invalid", `Offset "${offset}" or limit "${limit}" is out of range`);
  }
  return page;
}

/** Infinite for what is no whole number. */
const readWhole = (text: string): number => /^\d{1,15}$/.test(text) ? Number(text) : Infinity;
