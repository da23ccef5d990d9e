// The BBB gateway: THE chain in reading order, the table of handlers, and the edge where errors become BBB's own.
import type { BbbResource } from "../bbb/resources.ts";
import { RESOURCES } from "../bbb/resources.ts";
import { type BbbResponse, messageKeyOf, success, toHttp } from "../bbb/response.ts";
import { element } from "../bbb/xml.ts";
import type { Deps } from "../deps.ts";
import { chain } from "../lib/chain.ts";
import { redirectPage } from "../lib/html.ts";
import type { HttpRequest } from "../lib/http.ts";
import { methodNotAllowed } from "../lib/sized_response.ts";
import { admit, readAddress } from "./admit.ts";
import { failureKey, renderFailure } from "./failure.ts";
import { deleteRecordings, publishRecordings, updateRecordings } from "./handlers/change_recordings.ts";
import { create } from "./handlers/create.ts";
import { join } from "./handlers/join.ts";
import { end, getMeetingInfo, getMeetings, isMeetingRunning } from "./handlers/meetings.ts";
import { insertDocument, passThrough, sendChatMessage } from "./handlers/pass_through.ts";
import { getRecordings } from "./handlers/recordings.ts";
import { getRecordingTextTracks, putRecordingTextTrack } from "./handlers/text_tracks.ts";
import { attendeesLimit } from "./middleware/attendees_limit.ts";
import { bindMeetingFrontend } from "./middleware/bind_meeting_frontend.ts";
import { dropOddNames } from "./middleware/drop_odd_names.ts";
import { rewriteCallbackUrls } from "./middleware/rewrite_callback_urls.ts";
import { rewriteMeetingIDs } from "./middleware/rewrite_meeting_ids.ts";
import { setCreateParams } from "./middleware/set_create_params.ts";
import { setDefaultPresentation } from "./middleware/set_default_presentation.ts";
import { setJoinParams } from "./middleware/set_join_params.ts";
import { setMetaFrontend } from "./middleware/set_meta_frontend.ts";
import type { GatewayHandler, GatewayRequest } from "./types.ts";

/** Answered for anybody, with or without a checksum: clients test their address with it. */
const index = (): Promise<BbbResponse> =>
  Promise.resolve(success(element("version", "2.0"), element("apiVersion", "2.0"), element("bbbVersion")));

/** Serves `/bbb/<key>/…/<resource>`. */
export function createGateway(deps: Deps): (request: HttpRequest) => Promise<Response> {
  const handlers = {
    "": index,
    create: create(deps),
    join: join(deps),
    isMeetingRunning: isMeetingRunning(deps),
    end: end(deps),
    getMeetingInfo: getMeetingInfo(deps),
    getMeetings: getMeetings(deps),
    insertDocument: insertDocument(deps),
    sendChatMessage: sendChatMessage(deps),
    getRecordings: getRecordings(deps),
    publishRecordings: publishRecordings(deps),
    deleteRecordings: deleteRecordings(deps),
    updateRecordings: updateRecordings(deps),
    getRecordingTextTracks: getRecordingTextTracks(deps),
    putRecordingTextTrack: putRecordingTextTrack(deps),
  } satisfies Record<BbbResource, GatewayHandler>;
  const otherwise = passThrough(deps);
  const isKnown = (resource: string): resource is BbbResource => (RESOURCES as readonly string[]).includes(resource);

  const handle = chain<GatewayRequest, BbbResponse>([
    rewriteMeetingIDs,
    rewriteCallbackUrls(deps),
    bindMeetingFrontend(deps),
    attendeesLimit(deps),
    setJoinParams,
    setCreateParams,
    setDefaultPresentation,
    dropOddNames,
    setMetaFrontend,
  ], (req) => (isKnown(req.resource) ? handlers[req.resource] : otherwise)(req));

  async function answer(request: HttpRequest): Promise<BbbResponse> {
    const address = readAddress(request.req.url);
    const startedAt = deps.clock.monotonic();
    let admitted: GatewayRequest | undefined;
    const tell = (messageKey: string) => {
      const seconds = (deps.clock.monotonic() - startedAt) / 1000;
      const { resource } = address;
      deps.metrics.gatewayRequest({ frontend: admitted?.frontend.key, resource, messageKey, seconds });
    };
    if (address.resource === "") {
      tell("");
      return await index();
    }
    try {
      admitted = await admit(deps, request, address);
      const answered = await handle(admitted);
      tell(answered.kind === "xml" ? messageKeyOf(answered.root) : "");
      return answered;
    } catch (error) {
      tell(failureKey(error));
      return renderFailure(error, admitted, deps.log, request.id);
    }
  }

  return async (request) => {
    if (!["GET", "POST", "HEAD"].includes(request.req.method)) {
      return methodNotAllowed("GET, POST, HEAD");
    }
    return toHttp(await answer(request), redirectPage);
  };
}
