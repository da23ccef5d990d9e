// Settings of all that is neither server nor command line: the agent, the script that uploads recordings from nodes, the
// tests. A part of settings.ts.
import type { Settings } from "./lib/read_setting.ts";
import { folder, fromZero, text, whole } from "./lib/setting_kinds.ts";

const uploader = ["b3scale_upload.sh"] as const;
const tests = ["tests"] as const;

export const AGENT = {
  accessToken: {
    name: "B3SCALE_API_ACCESS_TOKEN",
    programs: ["b3scaleagent"],
    kind: text,
    requiredBy: ["b3scaleagent"],
    isSecret: true,
    meaning: "Token of the node, from `b3scalectl auth authorize_node_agent --ref node1`.",
  },
  loadFactor: {
    name: "B3SCALE_LOAD_FACTOR",
    programs: ["b3scaleagent"],
    kind: fromZero,
    default: "1.0",
    isLenient: true,
    meaning: "Weight of the node's load: 2 = half as strong as others. Told when the agent registers the node.",
  },
  propertiesFile: {
    name: "BBB_CONFIG",
    programs: ["b3scaleagent"],
    kind: text,
    default: "/etc/bigbluebutton/bbb-web.properties",
    meaning: "Where BBB keeps the node's address, secret and Redis.",
  },
} satisfies Settings;

export const UPLOAD = {
  uploadConfig: {
    name: "B3SCALE_POST_PUBLISH_CONFIG",
    programs: uploader,
    kind: text,
    default: "/etc/default/b3scale-post-publish",
    meaning: "File with the script's settings.",
  },
  uploadTokenFile: {
    name: "B3SCALE_TOKEN_FILE",
    programs: uploader,
    kind: text,
    default: "/var/lib/b3scaleagent/jwt",
    meaning: "File with the agent's token, readable by the user `bigbluebutton`.",
  },
  uploadPublishedDir: {
    name: "B3SCALE_PUBLISHED_DIR",
    programs: uploader,
    kind: folder,
    default: "/var/bigbluebutton/published",
    meaning: "Where BBB publishes recordings on the node.",
  },
  uploadStateDir: {
    name: "B3SCALE_STATE_DIR",
    programs: uploader,
    kind: folder,
    default: "/var/bigbluebutton/recording/status/b3scale",
    meaning: "What was sent, and what is to be sent again.",
  },
  uploadTmpDir: {
    name: "B3SCALE_TMP_DIR",
    programs: uploader,
    kind: folder,
    default: "/var/bigbluebutton",
    meaning: "Room for one archive.",
  },
  uploadRetries: {
    name: "B3SCALE_RETRIES",
    programs: uploader,
    kind: whole(0, undefined, "retries"),
    default: "4",
    meaning: "How often one upload is tried again before it is left to the next run.",
  },
} satisfies Settings;

export const TESTS = {
  testDbUrl: {
    name: "B3SCALE_TEST_DB_URL",
    programs: tests,
    kind: text,
    isSecret: true,
    meaning: "A PostgreSQL to make test databases on, instead of one of their own.",
  },
  testRedisUrl: {
    name: "B3SCALE_TEST_REDIS_URL",
    programs: tests,
    kind: text,
    isSecret: true,
    meaning: "A Redis, instead of one that the tests start.",
  },
  testBinaries: {
    name: "B3SCALE_TEST_BINARIES",
    programs: tests,
    kind: folder,
    meaning: "A folder of compiled programs: with it they are tested too.",
  },
} satisfies Settings;
