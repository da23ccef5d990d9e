import assert from "node:assert/strict";
import fc from "fast-check";
import { attendeesCount, type Meeting, meetingXml, NO_MEETING, readMeeting } from "../../../src/bbb/meeting.ts";
import { childElements, parseXml } from "../../../src/bbb/xml.ts";

/** bbb-api §3.5 */
const INFO = `<response>
  <returncode>SUCCESS</returncode>
  <meetingName>Demo room</meetingName>
  <meetingID>room-42</meetingID>
  <internalMeetingID>0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123</internalMeetingID>
  <createTime>1715261728123</createTime>
  <createDate>Thu May 09 13:35:28 UTC 2024</createDate>
  <voiceBridge>71234</voiceBridge>
  <dialNumber>613-555-1234</dialNumber>
  <attendeePW>kQ3x9ZaB</attendeePW>
  <moderatorPW>Pw0ZtY71</moderatorPW>
  <running>true</running>
  <duration>0</duration>
  <hasUserJoined>true</hasUserJoined>
  <recording>false</recording>
  <hasBeenForciblyEnded>false</hasBeenForciblyEnded>
  <startTime>1715261728140</startTime>
  <endTime>0</endTime>
  <participantCount>2</participantCount>
  <listenerCount>1</listenerCount>
  <voiceParticipantCount>1</voiceParticipantCount>
  <videoCount>1</videoCount>
  <maxUsers>0</maxUsers>
  <moderatorCount>1</moderatorCount>
  <attendees>
    <attendee>
      <userID>ext-7</userID>
      <fullName>Mira Example</fullName>
      <role>MODERATOR</role>
      <isPresenter>true</isPresenter>
      <isListeningOnly>false</isListeningOnly>
      <hasJoinedVoice>true</hasJoinedVoice>
      <hasVideo>true</hasVideo>
      <clientType>HTML5</clientType>
      <customdata><bbb_skip_check_audio>true</bbb_skip_check_audio></customdata>
    </attendee>
  </attendees>
  <metadata><bbb-origin>DemoApp</bbb-origin></metadata>
  <messageKey></messageKey>
  <message></message>
  <isBreakout>false</isBreakout>
</response>`;

const MIRA = {
  userID: "ext-7",
  internalUserID: "",
  fullName: "Mira Example",
  role: "MODERATOR",
  isPresenter: true,
  isListeningOnly: false,
  hasJoinedVoice: true,
  hasVideo: true,
  clientType: "HTML5",
};

const DEMO: Meeting = {
  meetingName: "Demo room",
  meetingID: "room-42",
  internalMeetingID: "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123",
  createTime: 1715261728123,
  createDate: "Thu May 09 13:35:28 UTC 2024",
  voiceBridge: "71234",
  dialNumber: "613-555-1234",
  attendeePW: "kQ3x9ZaB",
  moderatorPW: "Pw0ZtY71",
  running: true,
  duration: 0,
  recording: false,
  hasBeenForciblyEnded: false,
  startTime: 1715261728140,
  endTime: 0,
  participantCount: 2,
  listenerCount: 1,
  voiceParticipantCount: 1,
  videoCount: 1,
  maxUsers: 0,
  moderatorCount: 1,
  isBreakout: false,
  metadata: { "bbb-origin": "DemoApp" },
  attendees: [MIRA],
  breakoutRooms: null,
  breakout: null,
};

const read = (children: string): Meeting => readMeeting(parseXml(`<meeting>${children}</meeting>`));

Deno.test("readMeeting() reads getMeetingInfo's sample", () => {
  assert.deepEqual(readMeeting(parseXml(INFO)), DEMO);
});

Deno.test("readMeeting() reads the answer of create, with zero for what it does not carry", () => {
  const create = `<response><returncode>SUCCESS</returncode><meetingID>room-42</meetingID>
    <internalMeetingID>0f1e-1715261728123</internalMeetingID><parentMeetingID>bbb-none</parentMeetingID>
    <createTime>1715261728123</createTime><voiceBridge>71234</voiceBridge><dialNumber>613-555-1234</dialNumber>
    <createDate>Thu May 09 13:35:28 UTC 2024</createDate><hasUserJoined>false</hasUserJoined><duration>90</duration>
    <hasBeenForciblyEnded>false</hasBeenForciblyEnded><messageKey></messageKey><message></message></response>`;
  assert.deepEqual(readMeeting(parseXml(create)), {
    ...NO_MEETING,
    meetingID: "room-42",
    internalMeetingID: "0f1e-1715261728123",
    createTime: 1715261728123,
    voiceBridge: "71234",
    dialNumber: "613-555-1234",
    createDate: "Thu May 09 13:35:28 UTC 2024",
    duration: 90,
  });
});

Deno.test("readMeeting() of an empty element is no meeting", () => {
  assert.deepEqual(read(""), NO_MEETING);
});

Deno.test("readMeeting() reads a breakout room's fields flat and nested", () => {
  const fields = "<parentMeetingID>p-1</parentMeetingID><sequence>2</sequence><freeJoin>true</freeJoin>";
  const breakout = { parentMeetingID: "p-1", sequence: 2, freeJoin: true };
  assert.deepEqual(read(`<isBreakout>true</isBreakout>${fields}`).breakout, breakout);
  assert.deepEqual(read(`<isBreakout>true</isBreakout><breakout>${fields}</breakout>`).breakout, breakout);
  assert.equal(read(`<isBreakout>false</isBreakout>${fields}`).breakout, null);
});

Deno.test("readMeeting() tells lists that are empty from lists that are not there", () => {
  const meeting = read("<attendees/><metadata></metadata><breakoutRooms>\n</breakoutRooms>");
  assert.deepEqual([meeting.attendees, meeting.metadata, meeting.breakoutRooms], [[], {}, []]);
  assert.deepEqual(
    read("<breakoutRooms><breakout>i-1</breakout> <breakout>i-2</breakout></breakoutRooms>").breakoutRooms,
    ["i-1", "i-2"],
  );
});

Deno.test("readMeeting() reads counts with the separators of any locale", () => {
  const table: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["7", 7],
    ["1,024", 1024],
    ["1.024", 1024],
    ["1 024", 1024],
    ["1\u00a0024", 1024],
    ["1\u202f024", 1024],
    ["1’024", 1024],
    ["1,715,261,728,123", 1715261728123],
    [" 12\n", 12],
    ["", 0],
    ["-3", 0],
    ["0x10", 0],
    ["1e3", 0],
    ["many", 0],
    ["99999999999999999999", 0],
  ];
  for (const [text, count] of table) assert.equal(read(`<createTime>${text}</createTime>`).createTime, count, text);
});

Deno.test("readMeeting() takes true in any case, and nothing else, as true", () => {
  for (const text of ["true", "TRUE", " true\n"]) assert.ok(read(`<running>${text}</running>`).running);
  for (const text of ["", "false", "1", "yes"]) assert.ok(!read(`<running>${text}</running>`).running);
});

Deno.test("readMeeting() keeps odd names of metadata as plain keys", () => {
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "gl-listed"];
  const { metadata } = read(`<metadata>${names.map((name) => `<${name}>v&amp;w</${name}>`).join("")}</metadata>`);
  assert.deepEqual(Object.keys(metadata ?? {}).sort(), [...names].sort());
  for (const name of names) assert.equal(Object.getOwnPropertyDescriptor(metadata, name)?.value, "v&w");
});

Deno.test("readMeeting() reads names and metas in CDATA", () => {
  const meeting = read("<meetingName><![CDATA[R&D <1>]]></meetingName><metadata><a><![CDATA[]]></a></metadata>");
  assert.equal(meeting.meetingName, "R&D <1>");
  assert.deepEqual(meeting.metadata, { a: "" });
});

Deno.test("meetingXml() writes the elements in 1.x's order, with hasUserJoined after duration", () => {
  const meeting = {
    ...DEMO,
    isBreakout: true,
    breakoutRooms: ["i-1"],
    breakout: { parentMeetingID: "p-1", sequence: 2, freeJoin: true },
  };
  assert.equal(
    meetingXml(meeting),
    "<meetingName>Demo room</meetingName><meetingID>room-42</meetingID>" +
      "<internalMeetingID>0f1e2d3c4b5a69788796a5b4c3d2e1f001234567-1715261728123</internalMeetingID>" +
      "<createTime>1715261728123</createTime><createDate>Thu May 09 13:35:28 UTC 2024</createDate>" +
      "<voiceBridge>71234</voiceBridge><dialNumber>613-555-1234</dialNumber><attendeePW>kQ3x9ZaB</attendeePW>" +
      "<moderatorPW>Pw0ZtY71</moderatorPW><running>true</running><duration>0</duration><hasUserJoined>true</hasUserJoined>" +
      "<recording>false</recording><hasBeenForciblyEnded>false</hasBeenForciblyEnded><startTime>1715261728140</startTime>" +
      "<endTime>0</endTime><participantCount>2</participantCount><listenerCount>1</listenerCount>" +
      "<voiceParticipantCount>1</voiceParticipantCount><videoCount>1</videoCount><maxUsers>0</maxUsers>" +
      "<moderatorCount>1</moderatorCount><isBreakout>true</isBreakout><metadata><bbb-origin>DemoApp</bbb-origin></metadata>" +
      "<attendees><attendee><userID>ext-7</userID><internalUserID></internalUserID><fullName>Mira Example</fullName>" +
      "<role>MODERATOR</role><isPresenter>true</isPresenter><isListeningOnly>false</isListeningOnly>" +
      "<hasJoinedVoice>true</hasJoinedVoice><hasVideo>true</hasVideo><clientType>HTML5</clientType></attendee></attendees>" +
      "<breakoutRooms><breakout>i-1</breakout></breakoutRooms>" +
      "<breakout><parentMeetingID>p-1</parentMeetingID><sequence>2</sequence><freeJoin>true</freeJoin></breakout>",
  );
});

Deno.test("meetingXml() always writes the wrappers of lists", () => {
  assert.ok(
    meetingXml(NO_MEETING).endsWith("<metadata></metadata><attendees></attendees><breakoutRooms></breakoutRooms>"),
  );
});

Deno.test("meetingXml() says hasUserJoined for a running meeting and for one with people", () => {
  const joined = (meeting: Partial<Meeting>) =>
    meetingXml({ ...NO_MEETING, ...meeting }).includes("<hasUserJoined>true<");
  assert.ok(!joined({}));
  assert.ok(joined({ running: true }));
  assert.ok(joined({ participantCount: 1 }));
  assert.ok(joined({ attendees: [MIRA] }));
});

Deno.test("meetingXml() escapes every text and drops metadata whose names are no XML", () => {
  const xml = meetingXml({
    ...NO_MEETING,
    meetingName: "<R&D>",
    metadata: { "1x": "a", "a b": "b", "a>b": "c", "": "d", ok: "<e>" },
    attendees: [{ ...MIRA, fullName: "</fullName>\u0000" }],
    breakoutRooms: ["<i>"],
  });
  assert.ok(xml.includes("<meetingName>&lt;R&amp;D&gt;</meetingName>"));
  assert.ok(xml.includes("<metadata><ok>&lt;e&gt;</ok></metadata>"));
  assert.ok(xml.includes("<fullName>&lt;/fullName&gt;</fullName>"));
  assert.ok(xml.includes("<breakout>&lt;i&gt;</breakout>"));
});

Deno.test("readMeeting() of meetingXml() is the same meeting", () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."<>&\"'ä 😀\r\n]") }));
  const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
  const count = fc.nat();
  const flag = fc.boolean();
  const attendee = record({
    userID: text,
    internalUserID: text,
    fullName: text,
    role: text,
    isPresenter: flag,
    isListeningOnly: flag,
    hasJoinedVoice: flag,
    hasVideo: flag,
    clientType: text,
  });
  const some = fc.record({
    meetingName: text,
    meetingID: text,
    attendeePW: text,
    moderatorPW: text,
    createTime: fc.nat(Number.MAX_SAFE_INTEGER),
    running: flag,
    recording: flag,
    participantCount: count,
    duration: count,
    maxUsers: count,
    metadata: fc.dictionary(fc.stringMatching(/^[a-z_][a-z0-9-]{0,6}$/), text, { noNullPrototype: true }),
    attendees: fc.array(attendee, { maxLength: 3 }),
    breakoutRooms: fc.array(text, { maxLength: 3 }),
  });
  const breakout = fc.option(record({ parentMeetingID: text, sequence: count, freeJoin: flag }));
  fc.assert(fc.property(some, breakout, (given, room) => {
    const meeting: Meeting = { ...NO_MEETING, ...given, isBreakout: room !== null, breakout: room };
    assert.deepEqual(read(meetingXml(meeting)), meeting);
    assert.equal(childElements(parseXml(`<m>${meetingXml(meeting)}</m>`)).length, room === null ? 26 : 27);
  }));
});

Deno.test("attendeesCount() is the larger of count and list", () => {
  assert.equal(attendeesCount(NO_MEETING), 0);
  assert.equal(attendeesCount({ ...NO_MEETING, participantCount: 3, attendees: [MIRA] }), 3);
  assert.equal(attendeesCount({ ...NO_MEETING, participantCount: 1, attendees: [MIRA, MIRA] }), 2);
});
