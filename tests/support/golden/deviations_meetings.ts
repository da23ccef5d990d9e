// Deviations of the groups join, running, end, info, meetings, refresh.
import {
  type Deviation,
  type Deviations,
  failed,
  forwarded,
  HTML,
  INTERNAL_ERROR,
  M1,
  M1_MAPPING,
  MISSING_MEETING_ID,
  NODE_ANSWER,
  NODE_XML,
  ownXml,
  UNKNOWN_MEETING_ON_JOIN,
} from "./deviation.ts";
import type { ExpectedResponse } from "./compare_response.ts";
import type { Forwarded, StateAfter } from "./vector.ts";

const page = (status: number): ExpectedResponse => ({
  status,
  headers: { "content-type": { startsWith: HTML } },
  body: { kind: "html" },
});
const redirect = (location: string): ExpectedResponse => ({
  status: 302,
  headers: { "content-type": HTML, location },
  body: { kind: "html" },
});

/** The join of join-redirect, signed for node1: name and host are not covered. */
const JOIN_ON_NODE = redirect(
  `http://{{node1}}/bigbluebutton/api/join?fullName=Ada&meetingID=${M1}&password=mp` +
    "&checksum=6a33eaf1afb03f576fdae70c8aaf5e7d441c9abc222873587801f9263ef11268",
);
/** {"mth":"GET","url":"/bbb/fe1/bigbluebutton/api/join?meetingID=m-1\u0026fullName=Ada\u0026password=mp\u0026checksum=…"} */
const RETRY_PAGE = redirect(
  "/b3s/retry-join/eyJtdGgiOiJHRVQiLCJ1cmwiOiIvYmJiL2ZlMS9iaWdibHVlYnV0dG9uL2FwaS9qb2luP21lZXRpbmdJRD1tLTFcdTAwMjZmd" +
    "WxsTmFtZT1BZGFcdTAwMjZwYXNzd29yZD1tcFx1MDAyNmNoZWNrc3VtPWUzYWVlYmJlNDI3ZTJlZTRiMmEwZTk5YjE4OWMxOTQ5MDA4NmY1OGVhY" +
    "WY0YThjZmUwMTFkMWI4MjY4OTU1NDYifQ",
);
const joinWith = (query: readonly (readonly [string, string])[]) => ({
  query: [["meetingID", "m-1"], ["fullName", "Ada"], ["password", "mp"], ...query] as const,
});

/** A page for a browser, XML for everybody else and whoever says redirect=false. */
const pageOrXml = (status: number, xml: ExpectedResponse): Deviation => ({
  response: page(status),
  forwarded: [],
  also: [
    { request: {}, response: xml, forwarded: [] },
    { request: joinWith([["redirect", "false"]]), accept: HTML, response: xml, forwarded: [] },
  ],
});
const UNKNOWN = pageOrXml(404, UNKNOWN_MEETING_ON_JOIN);
const LIMIT_REACHED = failed("attendeesLimitReached");
const FULL = pageOrXml(403, LIMIT_REACHED);

const COOKIE = "JSESSIONID=ABC; Path=/bigbluebutton; Secure; HttpOnly";
const JOIN_FOR_XML = forwarded("join", [["fullName", "Ada"], ["meetingID", M1], ["password", "mp"], [
  "redirect",
  "false",
]]);

const running = (isRunning: boolean): ExpectedResponse =>
  ownXml(`<response><returncode>SUCCESS</returncode><running>${isRunning}</running></response>`);
const askedFor = (resource: string): Forwarded => forwarded(resource, [["meetingID", M1]]);
/** The recording sent `Accept-Encoding: gzip` on; what our client accepts from a node is its own affair. */
const fromZippedNode = (resource: string): Deviation => ({
  response: { status: 200, headers: { "content-type": "text/xml", "content-encoding": null }, body: { kind: "node" } },
  forwarded: [askedFor(resource)],
});

const node1 = (meetings: number, attendees: number): StateAfter["backends"] => [{
  name: "node1",
  node_state: "ready",
  admin_state: "ready",
  last_error: null,
  meetings_count: meetings,
  attendees_count: attendees,
}];
const found = (id: string, internalId: string, frontend: string | null) => ({
  id,
  internal_id: internalId,
  frontend,
  backend: "node1",
  participants: 2,
  attendees: 2,
});
const M2 = "WyJmZTEiLCJtLTIiLCJiM3NjbCJd";

export const MEETING_DEVIATIONS: Deviations = {
  "join-attendees-limit-counts-attendees": FULL,
  "join-attendees-limit-no-meetings": UNKNOWN,
  "join-attendees-limit-reached": FULL,
  "join-attendees-limit-redirect-false": {
    response: LIMIT_REACHED,
    also: [{ request: {}, response: LIMIT_REACHED, forwarded: [] }],
  },
  "join-backend-heartbeat-old": { response: JOIN_ON_NODE },
  "join-backend-node-error": { response: JOIN_ON_NODE },
  "join-bound-to-other-frontend": {
    ...UNKNOWN,
    stateAfter: { frontend_meetings: [{ frontend: "fe2", meeting_id: M1 }] },
  },
  "join-missing-meetingid": { response: MISSING_MEETING_ID },
  "join-no-redirect-param": {
    response: { ...NODE_ANSWER, headers: { ...NODE_XML, "set-cookie": COOKIE } },
    forwarded: [JOIN_FOR_XML],
  },
  "join-reverse-proxy-node-down": { response: RETRY_PAGE },
  "join-reverse-proxy-redirect-false": {
    response: {
      status: 200,
      headers: { ...NODE_XML, "set-cookie": COOKIE },
      body: {
        kind: "node",
        // As the Location of a redirect: below our host, which finds the node again by b3shost.
        replace: { url: "http://{{b3scale}}/html5client/?b3shost={{node1-urlencoded}}&sessionToken=stok1" },
      },
    },
  },
  "join-unknown-meeting": UNKNOWN,

  "running-missing-meetingid": { response: MISSING_MEETING_ID },
  "running-node-down": { response: running(true) },
  "running-node-failed": { response: running(true) },
  "running-node-gzip": fromZippedNode("isMeetingRunning"),

  "end-missing-meetingid": { response: MISSING_MEETING_ID },
  "end-node-down": {
    response: INTERNAL_ERROR,
    stateAfter: { meetings: [], frontend_meetings: [M1_MAPPING] },
  },
  "end-not-on-node": { stateAfter: { meetings: [], frontend_meetings: [M1_MAPPING] } },
  "end-ok": { stateAfter: { meetings: [], frontend_meetings: [M1_MAPPING] } },

  "info-missing-meetingid": { response: MISSING_MEETING_ID },
  "info-node-down": { response: INTERNAL_ERROR },
  "info-node-gzip": fromZippedNode("getMeetingInfo"),
  "info-ok": { response: NODE_ANSWER },

  "meetings-empty": {
    response: {
      ...ownXml(""),
      body: {
        kind: "xml",
        isOwn: true,
        xml: "<response><returncode>SUCCESS</returncode><meetings></meetings></response>",
        plus: { messageKey: "noMeetings", message: "no meetings were found on this server" },
      },
    },
  },
  // Nothing but the order: the recorded answer, its list compared in order instead of as a set.
  "meetings-list": { listInOrder: true },

  "refresh-changed-internal-id": {
    stateAfter: { meetings: [found(M1, "new-1", "fe1")], backends: node1(1, 2) },
  },
  "refresh-race-create": {
    response: NODE_ANSWER,
    stateAfter: { meetings_rows_right_after_create: 1, meetings_rows_after_poll: 1 },
  },
  // As recorded: this row is older than the poll. The younger one is that of refresh-race-create.
  "refresh-removes-orphans": {},
  "refresh-unknown-meeting": {
    stateAfter: {
      meetings: [found(M2, "i-2", "fe1"), found("plain", "i-3", null)],
      frontend_meetings: [{ frontend: "fe1", meeting_id: M2 }],
    },
  },
};
