// Protected playback without a bearer token: a link is exchanged for a cookie, and whoever serves the files (nginx,
// `auth_request`) asks here for each of them (gateway contract §10.1).
import { hash } from "node:crypto";
import { isProtected } from "../bbb/recording.ts";
import type { Deps } from "../deps.ts";
import { AppError } from "../errors.ts";
import { reportAuthFailure } from "../lib/auth_failure.ts";
import { errorPage } from "../lib/html.ts";
import type { HttpRequest } from "../lib/http.ts";
import { createRecall } from "../lib/recall.ts";
import { sizedResponse } from "../lib/sized_response.ts";
import { within } from "../lib/within.ts";
import { cookieReach } from "../recordings/cookie_reach.ts";
import { onPlaybackHost } from "../recordings/playback_url.ts";
import {
  COOKIE_NAME,
  extendGrant,
  type Grant,
  grantOf,
  playbackCookie,
  readProtectedLink,
} from "../recordings/protect.ts";
import { readResource } from "../recordings/resource_path.ts";
import { listFrontendsByID } from "../store/frontends.ts";
import { findRecording, type RecordingRow } from "../store/recordings.ts";
import { isUuid } from "./input.ts";
import { createKnownTokens } from "./known_tokens.ts";
import type { OpenRoute } from "./route.ts";

/** One playback asks thousands of times. Who protects a recording waits no longer for it. */
const PROTECTION_KEPT_MS = 5000;
const MOST_PROTECTIONS = 10_000;
const DATABASE_TIMEOUT_MS = 5000;
/** There is a host's own, and one for each domain above it. */
const MOST_COOKIES = 8;
/** Refused cookies that are remembered, by their hash: somebody may send them as long as a header can be. */
const MOST_REPORTED = 1000;

/** In 1.x's words. */
const NO_ACCESS = {
  title: "You are not allowed to access this recording.",
  text: "The provided link is invalid or has expired.",
};

interface Protection {
  readonly recordID: string;
  readonly frontendID: string;
  readonly isProtected: boolean;
}

export function createProtectedRecordings(deps: Deps): readonly OpenRoute[] {
  const { config, clock, db, log } = deps;
  const tokens = createKnownTokens(deps);
  const protections = createRecall<Protection | undefined>({
    clock,
    keepMs: PROTECTION_KEPT_MS,
    most: MOST_PROTECTIONS,
  });
  const reported = new Set<string>();
  let hasWarned = false;

  const findProtection = (name: string): Promise<Protection | undefined> =>
    protections.get(name, async () => {
      const late = () =>
        new AppError("unavailable", "The database did not say in time whether a recording is protected");
      const row = await within(clock, DATABASE_TIMEOUT_MS, findRecording(db, name), late);
      return row && { recordID: name, frontendID: row.frontend_id, isProtected: isProtected(row.recording) };
    });

  /** A page asks for hundreds of files with the same cookie: who left it open too long must not look like an attacker. */
  function isNews(refused: string): boolean {
    if (reported.has(refused)) return false;
    if (reported.size >= MOST_REPORTED) reported.clear();
    reported.add(refused);
    return true;
  }

  /** A browser sends several cookies of one name when they were set for several domains. */
  async function grantsOf(request: HttpRequest): Promise<readonly Grant[]> {
    const { req } = request;
    const pairs = (req.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
    const cookies = pairs.filter((pair) => pair.startsWith(`${COOKIE_NAME}=`)).slice(0, MOST_COOKIES);
    const verified = await Promise.all(cookies.map((pair) => tokens.verify(pair.slice(COOKIE_NAME.length + 1))));
    const isRefused = cookies.length > 0 && verified.every((token) => token === undefined);
    if (isRefused && isNews(hash("sha256", cookies.join()))) reportAuthFailure(deps, request, "token");
    return verified.flatMap((token) => (token && grantOf(token)) ?? []);
  }

  async function isAllowed(request: HttpRequest, resourcePath: string): Promise<boolean> {
    const resource = readResource(resourcePath);
    if (resource.kind !== "recording") return resource.kind === "other";
    const found = (await Promise.all(resource.names.map(findProtection))).filter((one) => one !== undefined);
    if (found.length === 0) return !resource.isBbbID;
    const guarded = found.filter((one) => one.isProtected);
    if (guarded.length === 0) return true;
    const grants = await grantsOf(request);
    return guarded.every(({ recordID, frontendID }) =>
      grants.some((grant) => grant.frontendID === frontendID && grant.recordIDs.includes(recordID))
    );
  }

  /** 200 or 403: nginx makes a 500 of anything else. */
  async function authorize(request: HttpRequest): Promise<Response> {
    const resourcePath = request.req.headers.get("x-resource-path");
    if (resourcePath === null && !hasWarned) {
      hasWarned = true;
      log.warn("a playback host asks without X-Resource-Path: its recordings are not protected", {
        hint: "set it to $request_uri as in deploy/nginx/playback.conf",
      });
    }
    if (!await isAllowed(request, resourcePath ?? "")) {
      throw new AppError("forbidden", "The cookie does not open this file");
    }
    return new Response(null, { headers: { "cache-control": "no-store" } });
  }

  async function open(request: HttpRequest, token: string): Promise<Response> {
    const { req, id } = request;
    const link = await readProtectedLink(config, token, clock.now());
    if (link === undefined) {
      reportAuthFailure(deps, request, "token");
      return page(403);
    }
    if (link.frontendID === "") throw new AppError("forbidden", "The link names no frontend");
    const [frontend] = isUuid(link.frontendID) ? await listFrontendsByID(db, [link.frontendID]) : [];
    if (frontend === undefined) return page(404);
    const row = await findRecording(db, link.recordID);
    if (row === undefined) throw new AppError("not_found", `Recording "${link.recordID}" is unknown`);
    if (row.frontend_id !== frontend.id) throw new AppError("forbidden", "The recording is another frontend's");
    const location = playbackUrl(row, link.format);
    const reach = cookieReach(config, req.headers.get("host") ?? "");
    if (!reach.reaches) {
      log.warn("no browser sends the playback cookie to the playback host: protected recordings cannot be played", {
        hint: "see docs/protected-playback.md for hosts without a common domain",
        request_id: id,
      });
    }
    const held = (await grantsOf(request)).find(({ frontendID }) => frontendID === frontend.id);
    const cookie = await playbackCookie(config, extendGrant(held, link), reach, clock.now());
    return new Response(null, {
      status: 302,
      headers: { location, "set-cookie": cookie, "cache-control": "no-store" },
    });
  }

  /** @throws not_found, internal */
  function playbackUrl({ recording }: RecordingRow, type: string): string {
    if (config.playbackHost === "") {
      throw new AppError(
        "internal",
        "B3SCALE_RECORDINGS_PLAYBACK_HOST is not set: no protected recording can be played",
      );
    }
    const format = recording.formats.find((one) => one.type === type);
    if (format === undefined) throw new AppError("not_found", `The recording has no format "${type}"`);
    return onPlaybackHost(config.playbackHost, format.url);
  }

  return [
    { method: "GET", path: "/v1/protected/recordings/auth", serve: authorize },
    {
      method: "GET",
      path: "/v1/protected/recordings/:token",
      serve: (request, { token = "" }) => open(request, token),
    },
  ];
}

const page = (status: 403 | 404): Response =>
  sizedResponse(errorPage(NO_ACCESS), status, [
    ["content-type", "text/html; charset=UTF-8"],
    ["cache-control", "no-store"],
  ]);
