// What vectors of recordings that deviate are to do.
import type { ExpectedResponse } from "./compare_response.ts";
import { type Deviation, type Deviations, failed, INTERNAL_ERROR, ownXml } from "./deviation.ts";
import type { Json } from "./vector.ts";

const NOT_FOUND = failed("notFound", "We could not find recordings");
const MISSING_RECORD_ID: Deviation = { response: failed("missingParamRecordID", "You must specify a recordID.") };
/** Those of other frontends and those of nobody alike. */
const UNKNOWN: Deviation = { response: NOT_FOUND, unchanged: true };

const list = (recordings: string, plus: Readonly<Record<string, string>>): ExpectedResponse => ({
  status: 200,
  body: {
    kind: "xml",
    xml: `<response><returncode>SUCCESS</returncode><recordings>${recordings}</recordings></response>`,
    isOwn: true,
    plus,
  },
});

const NOTHING: Deviation = {
  response: list("", { messageKey: "noRecordings", message: "There are no recordings for the meeting(s)." }),
};

const SECOND = "<recording><recordID>aaa2-1700000000002</recordID><meetingID>m-2</meetingID>" +
  "<internalMeetingID>aaa2-1700000000002</internalMeetingID><name>Rec</name><isBreakout>false</isBreakout>" +
  "<published>false</published><state>unpublished</state><startTime>1700000000000</startTime>" +
  "<endTime>1700000600000</endTime><participants>3</participants><metadata><isBreakout>false</isBreakout>" +
  "<meetingId>m-2</meetingId><meetingName>Rec</meetingName></metadata><playback>" +
  ["presentation", "video"].map((type) =>
    `<format><type>${type}</type><url>https://playback.example.com/playback/${type}/2.3/aaa2-1700000000002</url>` +
    "<processingTime>7177</processingTime><length>12</length></format>"
  ).join("") + "</playback></recording>";

const OUT_OF_RANGE = failed("validationError");

const json = (value: Json): ExpectedResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: { kind: "json", value: { response: value } },
});

export const RECORDING_DEVIATIONS: Deviations = {
  "recordings-by-meetingid-unknown": NOTHING,
  "recordings-empty": NOTHING,
  "recordings-by-recordid-wildcard": {
    ...NOTHING,
    also: ["_aa1", "aaa_", "aaa%", "\\", "aaa1-1700000000001\\"].map((recordID) => ({
      request: { query: [["recordID", recordID]] as const },
      response: NOTHING.response ?? NOT_FOUND,
    })),
  },
  "recordings-meta-quote": NOTHING,
  "recordings-state-quote": NOTHING,
  "recordings-offset-limit": {
    response: list(SECOND, { totalElements: "3" }),
    also: [
      {
        request: { query: [["offset", "3"], ["limit", "100"]] },
        response: list("", {
          totalElements: "3",
          messageKey: "noRecordings",
          message: "There are no recordings for the meeting(s).",
        }),
      },
      { request: { query: [["limit", "0"]] }, response: OUT_OF_RANGE },
      { request: { query: [["limit", "101"]] }, response: OUT_OF_RANGE },
      { request: { query: [["offset", "-1"]] }, response: OUT_OF_RANGE },
      { request: { query: [["limit", "x"]] }, response: OUT_OF_RANGE },
    ],
  },

  "publish-foreign": UNKNOWN,
  "publish-unknown": UNKNOWN,
  "publish-missing-recordid": MISSING_RECORD_ID,
  "publish-no-publish-param": {
    response: failed("missingParamPublish", "You must specify a publish value true or false."),
    unchanged: true,
  },
  "publish-partial": {
    response: ownXml("<response><returncode>SUCCESS</returncode><published>false</published></response>"),
  },
  "publish-unsafe-id": { response: INTERNAL_ERROR, unchanged: true },

  "update-foreign": UNKNOWN,
  "update-unknown": UNKNOWN,
  "update-missing-recordid": MISSING_RECORD_ID,

  "delete-foreign": UNKNOWN,
  "delete-unknown": UNKNOWN,
  "delete-missing-recordid": MISSING_RECORD_ID,
  "delete-ok": {
    stateAfter: {
      files: [
        "published/presentation/ccc4-1700000000004/metadata.xml",
        "unpublished/.trash/presentation/aaa1-1700000000001.{{time}}/metadata.xml",
        "unpublished/presentation/aaa2-1700000000002/metadata.xml",
        "unpublished/video/aaa2-1700000000002/metadata.xml",
      ],
    },
  },

  "texttracks-get": {
    response: json({ returncode: "SUCCESS", tracks: [] }),
    also: [{
      request: { query: [["recordID", "ccc4-1700000000004"]] },
      response: json({
        returncode: "FAILED",
        messageKey: "noRecordings",
        message: "No recording found for ccc4-1700000000004",
      }),
    }],
  },
  "texttracks-put": {
    response: json({
      returncode: "FAILED",
      messageKey: "empty_uploaded_text_track",
      message: "Empty uploaded text track.",
      recordId: "aaa1-1700000000001",
    }),
    unchanged: true,
  },
};
