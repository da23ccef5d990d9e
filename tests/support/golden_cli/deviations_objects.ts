// What is expected instead of recorded defects of the commands on backends, frontends, meetings and recordings, and where
// the recording shows values of one run or words of its parser.
import type { CliRequest } from "./case.ts";
import { type Deviation, type Deviations, fails, sendsOnly, sendsToo } from "./deviations.ts";

const SUCCEEDS = { exit_code: 0, stderr: [] };

const onBackend: Pick<CliRequest, "path" | "headers" | "status"> = {
  path: "/api/v1/backends/00000000-0000-4000-8000-0000000000b1",
  headers: {
    "user-agent": "b3scalectl/HEAD",
    "authorization": "Bearer {{jwt}}",
    "content-type": "application/json",
  },
  status: 200,
};
const patch = (json: CliRequest["json"]): CliRequest => ({ ...onBackend, method: "PATCH", json });

const listOf = (query: string): CliRequest => {
  const { "content-type": _, ...headers } = onBackend.headers;
  return { method: "GET", path: `/api/v1${query}`, headers, status: 200 };
};
const BACKEND_HOST = "http%3A%2F%2F127.0.0.1%3A41110%2Fbigbluebutton%2Fapi%2F";
const LOOKUP = [listOf(""), listOf(`/backends?host=${BACKEND_HOST}`)];

const oneRequestLess: Deviation = ({ requests, stdout }) => ({
  requests: requests.slice(0, -1),
  stdout: stdout.filter((line) => line !== "updated frontend"),
});

const NO_JSON = fails("--opts is no valid JSON: quote it as one word of the shell, with names in double quotes");

/** The document that `show --json` prints of the first backend. */
const FIRST_BACKEND = {
  id: "00000000-0000-4000-8000-0000000000b1",
  node_state: "ready",
  admin_state: "ready",
  agent_heartbeat: "2024-01-02T03:04:05Z",
  agent_ref: "agent1",
  last_error: null,
  latency: 92546636,
  meetings_count: 2,
  attendees_count: 5,
  load_factor: 1,
  bbb: { host: "http://127.0.0.1:41110/bigbluebutton/api/", secret: "be-secret" },
  settings: { tags: ["sip"] },
  created_at: "2024-01-02T03:04:05Z",
  updated_at: "2024-01-02T03:04:05Z",
  synced_at: "2099-01-01T00:00:00Z",
};
const SECOND_BACKEND = {
  ...FIRST_BACKEND,
  id: "00000000-0000-4000-8000-0000000000b2",
  node_state: "error",
  agent_ref: null,
  last_error: "dial error",
  meetings_count: 0,
  attendees_count: 0,
  bbb: { host: "https://node2.example.test/bigbluebutton/api/", secret: "be-secret" },
  settings: { tags: null },
};

/** 1.x shows the zero time instead. */
const storedTimes: Deviation = ({ stdout }) => ({
  stdout: stdout.map((line) => line.replace("0001-01-01T00:00:00Z", "2024-01-02T03:04:05Z")),
});

export const OBJECT_DEVIATIONS: Deviations = {
  "create-meeting.no-backend": ({ requests, stdout }) => ({
    requests: requests.map((request) =>
      request.method === "POST"
        ? {
          ...request,
          path: request.path.replace("4jX_xOkg1kTKXzD4RW70oR-", "{{random id}}"),
          headers: { ...request.headers, "user-agent": "b3scalectl/HEAD" },
          status: 200,
        }
        : request
    ),
    stdout: stdout.map((line) => line.replace("4jX_xOkg1kTKXzD4RW70oR-", "{{random id}}")),
    ...fails(
      "meeting was not created on server: No server is available for this meeting. Please try again. (noBackendAvailable)",
    ),
  }),

  "delete.backend-ready-decommissions": sendsOnly("admin_state"),
  "delete.backend-no-slash": () => ({
    ...SUCCEEDS,
    requests: [...LOOKUP, patch({ admin_state: "decommissioned" })],
    stdout: ["backend marked for decommissioning"],
  }),

  "disable.backend": sendsOnly("admin_state"),
  "disable.frontend": sendsOnly("active"),
  "enable.backend": sendsOnly("admin_state"),
  "enable.frontend": sendsOnly("active"),
  "enable.frontend-already": ({ requests }) => ({
    requests: requests.slice(0, -1),
    exit_code: 64,
    stdout: ["no changes"],
  }),

  "end.meetings-node-down": ({ stdout }) => ({
    exit_code: 1,
    stdout: stdout.map((line) =>
      line.startsWith("Result: ") ? "Result: end meeting failed: end: connection refused" : line
    ),
  }),

  "set.backend-secret": sendsOnly("bbb.secret"),
  "set.backend-opts-and-secret": sendsToo({ bbb: { secret: "new" } }),
  "set.backend-opts-invalid-json": () => NO_JSON,
  "set.backend-state-flag": () => ({
    ...SUCCEEDS,
    requests: [...LOOKUP, patch({ admin_state: "stopped" })],
    stdout: ["updated backend"],
  }),
  "set.backend-flag-after-arg": ({ requests }) => ({
    ...SUCCEEDS,
    requests: [...requests, patch({ bbb: { secret: "new" } })],
    stdout: ["updated backend"],
  }),
  "set.frontend-create": oneRequestLess,
  "set.frontend-create-opts": oneRequestLess,
  "set.frontend-secret": sendsOnly("bbb.secret"),
  "set.frontend-opts-and-secret": sendsToo({ bbb: { secret: "n" } }),
  "set.frontend-bad-json": () => NO_JSON,
  "set.recording-visibility-unknown": ({ requests }) => ({
    requests: requests.map((request) => request.method === "POST" ? { ...request, status: 404 } : request),
    ...fails("the resource could not be found (404)"),
  }),
  "set.recording-visibility-dry": ({ requests, stdout }) => ({
    requests: requests.slice(0, -1),
    stdout: stdout.map((line) => line === "Ok." ? "skipping visibility update (dry)" : line),
  }),

  "show.backends-json-after": () => ({
    ...SUCCEEDS,
    requests: [listOf(""), listOf("/backends")],
    stdout: [JSON.stringify([FIRST_BACKEND, SECOND_BACKEND])],
  }),
  "show.backend-json": () => ({ stdout: [JSON.stringify(FIRST_BACKEND)] }),
  "show.recordings-json": storedTimes,
  "show.recording": storedTimes,
  "show.frontend-missing": () => fails("frontend with key zzz not found"),
};
