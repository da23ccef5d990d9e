// Deviations of the group import.
import type { Deviations } from "./deviation.ts";
import { M1 } from "./deviation.ts";
import type { Json } from "./vector.ts";

const malformed = (message: string) => ({
  response: {
    status: 400,
    headers: { "content-type": "application/json" },
    body: { kind: "json" as const, value: { message } },
  },
});

const ID = "aaa9-1700000000009";
const XMLName = { Space: "", Local: "" };
const image = (number: number) => ({
  XMLName,
  Alt: `Thumbnail 0${number}`,
  Height: 0,
  Width: 0,
  URL: `presentation/${ID}/presentation/d1/thumbnails/thumb-${number}.png`,
});

/** The recording of import-new. */
const NEW: Json = {
  XMLName,
  RecordID: ID,
  MeetingID: M1,
  InternalMeetingID: `DEPRECATED:${M1}`,
  Name: "Demo",
  IsBreakout: false,
  Published: true,
  State: "published",
  StartTime: 1700000000000,
  EndTime: 1700000600000,
  Participants: 2,
  Metadata: {
    "b3s-frontend": "fe1",
    "gl-listed": "true",
    isBreakout: "false",
    meetingId: M1,
    meetingName: "Demo",
  },
  Formats: [{
    XMLName,
    Type: "presentation",
    URL: `https://node1.example.com/playback/presentation/2.3/${ID}`,
    ProcessingTime: 7177,
    Length: 10,
    Preview: { XMLName, Images: { XMLName, All: [image(1), image(2)] } },
  }],
};

const FILES = ["metadata.xml", "presentation/d1/thumbnails/thumb-1.png", "presentation/d1/thumbnails/thumb-2.png"];

export const IMPORT_DEVIATIONS: Deviations = {
  "import-not-xml": malformed("the metadata.xml cannot be read: the text is not well-formed XML"),
  "import-no-playback": malformed("<recording> has no <playback>"),
  "import-unknown-meeting": {
    response: { status: 200, headers: { "content-type": "application/json" }, body: { kind: "json", value: NEW } },
    stateAfter: {
      recordings: [{ record_id: ID, frontend: "fe1", meeting_id: M1, state: NEW }],
      files: FILES.map((file) => `published/presentation/${ID}/${file}`),
    },
  },
};
