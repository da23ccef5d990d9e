// Deviations of the groups addr, checksum, post, forward, settings, retry-join, configxml.
import {
  CHECKSUM_ERROR,
  type Deviation,
  type Deviations,
  failed,
  forwarded,
  INDEX,
  M1,
  NO_MEETINGS,
  NODE_ANSWER,
  UNKNOWN_MEETING,
  UNSUPPORTED,
} from "./deviation.ts";
import type { ExpectedResponse } from "./compare_response.ts";
import type { Forwarded } from "./vector.ts";

const status = (code: number): ExpectedResponse => ({ status: code, body: { kind: "any" } });
const RUNNING = forwarded("isMeetingRunning", [["meetingID", M1]]);
/** Parameters of a form are in the query by then, so there is no body; its type says nothing. */
const RUNNING_FROM_FORM: Forwarded = { ...RUNNING, method: "POST", content_type: undefined };
/** The node's answer, or the one that it gave a moment ago. */
const SHARED_RUNNING: ExpectedResponse = {
  ...NODE_ANSWER,
  body: { kind: "xml", xml: "<response><returncode>SUCCESS</returncode><running>true</running></response>" },
};
const unsupported: Deviation = { response: UNSUPPORTED, forwarded: [] };
const withoutChecksum = { checksum: null };
const ofUnknownMeeting = { query: [["meetingID", "m-2"]] as const };

export const BASIC_DEVIATIONS: Deviations = {
  "addr-disabled-frontend": {
    response: CHECKSUM_ERROR,
    also: [{ request: withoutChecksum, response: CHECKSUM_ERROR, forwarded: [] }],
  },
  "addr-index-no-checksum": {
    response: INDEX,
    also: [{ request: { path: "/bbb/nope/bigbluebutton/api/" }, response: INDEX, forwarded: [] }],
  },
  "addr-index-no-slash": {
    response: INDEX,
    also: [{ request: withoutChecksum, response: INDEX, forwarded: [] }],
  },
  "addr-method-options": { response: status(405) },
  "addr-method-put": { response: status(405), forwarded: [] },
  "addr-mount-prefix-not-segment": {
    response: { status: 404, body: { kind: "json", value: { message: "Not Found" } } },
  },
  "addr-no-resource-segment": {
    response: INDEX,
    also: [{ request: withoutChecksum, response: INDEX, forwarded: [] }],
  },
  "addr-unknown-frontend": { response: CHECKSUM_ERROR },
  "addr-unknown-resource": { response: UNSUPPORTED },
  "addr-unsupported-analyticsCallback": unsupported,
  "addr-unsupported-feedback": unsupported,
  "addr-unsupported-getJoinUrl": unsupported,
  "addr-unsupported-getSessions": unsupported,
  "addr-unsupported-learningDashboard": unsupported,
  "addr-unsupported-insertDocument": {
    response: NODE_ANSWER,
    forwarded: [
      forwarded("insertDocument", [["meetingID", M1]], {
        method: "POST",
        content_type: "application/xml",
        body: "<modules/>",
      }),
    ],
    also: [{ request: ofUnknownMeeting, response: UNKNOWN_MEETING, forwarded: [] }],
  },
  "addr-unsupported-sendChatMessage": {
    response: NODE_ANSWER,
    forwarded: [forwarded("sendChatMessage", [["meetingID", M1]])],
    also: [{ request: ofUnknownMeeting, response: failed("meetingNotFound", "Meeting not found"), forwarded: [] }],
  },

  "checksum-invalid": { response: CHECKSUM_ERROR },
  "checksum-missing": { response: CHECKSUM_ERROR },
  "checksum-param-name-prefix": {
    response: NODE_ANSWER,
    forwarded: [forwarded("isMeetingRunning", [["checksumType", "x"], ["meetingID", M1]])],
  },
  "checksum-post-form-body": {
    response: NODE_ANSWER,
    forwarded: [RUNNING_FROM_FORM],
    also: [
      // BBB 3.0 and later: the body is not covered, the text is resource + secret.
      {
        request: { body: "meetingID=m-1&checksum=df12135da400dc916eb57d13e44c60224e166c70e1711395b89d23c9d775bbf1" },
        response: SHARED_RUNNING,
      },
      { request: { body: `meetingID=m-1&checksum=${"0".repeat(64)}` }, response: CHECKSUM_ERROR, forwarded: [] },
    ],
  },
  "checksum-sha384": { response: NO_MEETINGS },
  "checksum-sha512": { response: NO_MEETINGS },
  "checksum-uppercase": { response: NO_MEETINGS },

  "post-form-body-params-ignored": { response: NODE_ANSWER, forwarded: [RUNNING_FROM_FORM] },

  "forward-param-name-space": { response: NODE_ANSWER, forwarded: [RUNNING] },
  "forward-param-name-utf8": {
    response: NODE_ANSWER,
    forwarded: [forwarded("isMeetingRunning", [["meetingID", M1], ["meta_é", "1"]])],
  },
  "forwarded-client-headers": {
    forwarded: [{
      ...RUNNING,
      headers: {
        "user-agent": "probe/1",
        "accept-encoding": { not: "identity" },
        cookie: null,
        authorization: null,
        "x-forwarded-for": null,
      },
    }],
  },

  "settings-non-string-param": {
    response: NO_MEETINGS,
    also: [{
      request: { path: "/bbb/fe1/bigbluebutton/api/create", query: [["meetingID", "m-1"], ["name", "x"]] },
      response: NODE_ANSWER,
      forwarded: [
        forwarded(
          "create",
          [["meetingID", M1], ["meta_b3s-frontend", "fe1"], ["name", "x"], ["record", "true"]],
          { content_type: "application/xml" },
        ),
      ],
    }],
  },

  "retry-join-bad-blob": { response: status(400) },
  "retry-join-foreign-url": { response: status(400) },
  "retry-join-prefix-only": { response: status(400) },

  "configxml-get": unsupported,
  "configxml-get-no-meetingid": unsupported,
  "configxml-get-unknown-meeting": unsupported,
  "configxml-set": unsupported,
};
