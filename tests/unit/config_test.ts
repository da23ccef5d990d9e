import assert from "node:assert/strict";
import { type Config, ConfigError, readConfig, readLogConfig } from "../../src/config.ts";
import type { Env } from "../../src/lib/read_setting.ts";

const REQUIRED = {
  B3SCALE_API_URL: "https://b3s.example",
  B3SCALE_API_JWT_SECRET: "0123456789abcdef0123456789abcdef",
};
const read = (env: Env = {}) => readConfig({ ...REQUIRED, ...env });

/** What readConfig() objects to. */
function problemsOf(env: Env): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    assert(error instanceof ConfigError);
    for (const problem of error.problems) assert(error.message.includes(problem));
    return error.problems;
  }
  return assert.fail("nothing wrong was found");
}

Deno.test("readConfig() has 1.x's defaults, and ours where they differ", () => {
  assert.deepEqual(read(), {
    dbUrl: "postgres://postgres:postgres@localhost:5432/b3scale",
    dbPoolSize: 32,
    dbMigrate: true,
    commandWorkers: 64,
    logLevel: "info",
    logFormat: "structured",
    listen: { hostname: "127.0.0.1", port: 42353 },
    listenMetrics: null,
    metricsToken: "",
    metricsPerMeeting: false,
    drainMs: 3000,
    reverseProxyMode: false,
    jwtSecret: REQUIRED.B3SCALE_API_JWT_SECRET,
    apiUrl: "https://b3s.example",
    callbackAllow: { networks: [], hosts: [] },
    loadModel: "expected",
    pendingMeetingSeconds: 20,
    playbackHost: "",
    recordings: null,
    requestTimeoutMs: 60_000,
    warnings: [],
  });
  assert(Object.isFrozen(read()));
});

Deno.test("readConfig() takes an empty value for none", () => {
  const names = [
    "B3SCALE_DB_URL",
    "B3SCALE_DB_POOL_SIZE",
    "B3SCALE_DB_MIGRATE",
    "B3SCALE_CMD_WORKER_POOL_SIZE",
    "B3SCALE_LOG_LEVEL",
    "B3SCALE_LOG_FORMAT",
    "B3SCALE_LISTEN_HTTP",
    "B3SCALE_LISTEN_METRICS",
    "B3SCALE_METRICS_TOKEN",
    "B3SCALE_METRICS_PER_MEETING",
    "B3SCALE_DRAIN_SECONDS",
    "B3SCALE_REVERSE_PROXY_MODE",
    "B3SCALE_CALLBACK_ALLOW",
    "B3SCALE_LOAD_MODEL",
    "B3SCALE_PENDING_MEETING_SECONDS",
    "B3SCALE_HTTP_REQUEST_TIMEOUT",
    "B3SCALE_RECORDINGS_DEFAULT_VISIBILITY",
  ];
  for (const empty of ["", "  "]) {
    assert.deepEqual(read(Object.fromEntries(names.map((name) => [name, empty]))), read());
  }
});

const settings: [variable: string, value: string, Partial<Config>][] = [
  ["B3SCALE_DB_URL", "postgres://u:p@db/x?sslmode=disable", { dbUrl: "postgres://u:p@db/x?sslmode=disable" }],
  ["B3SCALE_DB_POOL_SIZE", "1", { dbPoolSize: 1 }],
  ["B3SCALE_DB_POOL_SIZE", "2147483647", { dbPoolSize: 2147483647 }],
  ["B3SCALE_DB_MIGRATE", "false", { dbMigrate: false }],
  ["B3SCALE_DB_MIGRATE", "nonsense", { dbMigrate: false }], // 1.x: all that is not true is false
  ["B3SCALE_DB_MIGRATE", "YES", { dbMigrate: true }],
  ["B3SCALE_CMD_WORKER_POOL_SIZE", "4", { commandWorkers: 4 }],
  ["B3SCALE_CMD_WORKER_POOL_SIZE", "0", { commandWorkers: 1 }],
  ...["trace", "debug", "info", "warn", "error", "fatal", "panic"].flatMap((
    name,
    index,
  ): [string, string, Partial<Config>][] => [
    ["B3SCALE_LOG_LEVEL", name, { logLevel: name as Config["logLevel"] }],
    ["B3SCALE_LOG_LEVEL", String(index - 1), { logLevel: name as Config["logLevel"] }],
  ]),
  ["B3SCALE_LOG_LEVEL", "WARN", { logLevel: "warn" }],
  ["B3SCALE_LOG_FORMAT", "structured", { logFormat: "structured" }],
  ["B3SCALE_LOG_FORMAT", "anything", { logFormat: "plain" }],
  ["B3SCALE_LISTEN_HTTP", "0.0.0.0:80", { listen: { hostname: "0.0.0.0", port: 80 } }],
  ["B3SCALE_LISTEN_HTTP", ":8080", { listen: { hostname: "0.0.0.0", port: 8080 } }],
  ["B3SCALE_LISTEN_HTTP", "[::1]:0", { listen: { hostname: "::1", port: 0 } }],
  ["B3SCALE_LISTEN_HTTP", "b3s.internal:65535", { listen: { hostname: "b3s.internal", port: 65535 } }],
  ["B3SCALE_LISTEN_METRICS", "127.0.0.1:9090", { listenMetrics: { hostname: "127.0.0.1", port: 9090 } }],
  ["B3SCALE_METRICS_TOKEN", "hush", { metricsToken: "hush" }],
  ["B3SCALE_METRICS_PER_MEETING", "true", { metricsPerMeeting: true }],
  ["B3SCALE_DRAIN_SECONDS", "0", { drainMs: 0 }],
  ["B3SCALE_REVERSE_PROXY_MODE", "1", { reverseProxyMode: true }],
  ["B3SCALE_REVERSE_PROXY_MODE", "True", { reverseProxyMode: true }],
  ["B3SCALE_REVERSE_PROXY_MODE", "on", { reverseProxyMode: false }],
  ["B3SCALE_API_URL", "https://b3s.example/sub//", { apiUrl: "https://b3s.example/sub" }],
  ["B3SCALE_API_JWT_SECRET", " 0123456789abcdef0123456789abcdef", { // bytes as they are
    jwtSecret: " 0123456789abcdef0123456789abcdef",
  }],
  ["B3SCALE_CALLBACK_ALLOW", "LMS.example, 10.0.0.0/8 ,", {
    callbackAllow: { networks: [{ bytes: [10, 0, 0, 0], prefix: 8 }], hosts: ["lms.example"] },
  }],
  ["B3SCALE_LOAD_MODEL", "stress", { loadModel: "stress" }],
  ["B3SCALE_PENDING_MEETING_SECONDS", "10", { pendingMeetingSeconds: 10 }],
  ["B3SCALE_HTTP_REQUEST_TIMEOUT", "0", { requestTimeoutMs: 0 }],
  ["B3SCALE_HTTP_REQUEST_TIMEOUT", "5", { requestTimeoutMs: 5000 }],
  ["B3SCALE_RECORDINGS_DEFAULT_VISIBILITY", "public_protected", {}],
];
for (const [variable, value, expected] of settings) {
  Deno.test(`readConfig() reads ${variable}=${value}`, () => {
    assert.deepEqual(read({ [variable]: value }), { ...read(), ...expected });
  });
}

const lenient: [variable: string, value: string, used: Partial<Config>][] = [
  ["B3SCALE_CMD_WORKER_POOL_SIZE", "many", { commandWorkers: 64 }],
  ["B3SCALE_CMD_WORKER_POOL_SIZE", "-3", { commandWorkers: 64 }],
  ["B3SCALE_HTTP_REQUEST_TIMEOUT", "1m", { requestTimeoutMs: 60_000 }],
  ["B3SCALE_HTTP_REQUEST_TIMEOUT", "2147484", { requestTimeoutMs: 60_000 }], // as milliseconds a timer would fire at once
  ["B3SCALE_API_JWT_SECRET", "hush", { jwtSecret: "hush" }],
];
for (const [variable, value, used] of lenient) {
  Deno.test(`readConfig() warns of ${variable}=${value} and goes on`, () => {
    const { warnings, ...config } = read({ [variable]: value });
    assert.equal(warnings.length, 1);
    assert(warnings[0]?.startsWith(variable));
    assert(variable !== "B3SCALE_API_JWT_SECRET" || !warnings[0]?.includes(value));
    assert.deepEqual({ ...config, warnings: [] }, { ...read(), ...used });
  });
}

const wrong: [variable: string, value: string][] = [
  ["B3SCALE_DB_POOL_SIZE", "0"],
  ["B3SCALE_DB_POOL_SIZE", "2147483648"],
  ["B3SCALE_DB_POOL_SIZE", "ten"],
  ["B3SCALE_DB_POOL_SIZE", "1e2"],
  ["B3SCALE_LOG_LEVEL", "loud"],
  ["B3SCALE_LOG_LEVEL", "6"],
  ["B3SCALE_LOG_LEVEL", "-2"],
  ["B3SCALE_LISTEN_HTTP", "42353"],
  ["B3SCALE_LISTEN_METRICS", "9090"],
  ["B3SCALE_DRAIN_SECONDS", "-1"],
  ["B3SCALE_LISTEN_HTTP", "127.0.0.1:65536"],
  ["B3SCALE_LISTEN_HTTP", "::1:80"],
  ["B3SCALE_LISTEN_HTTP", "host:port"],
  ["B3SCALE_API_URL", "b3s.example"],
  ["B3SCALE_API_URL", "ftp://b3s.example"],
  ["B3SCALE_API_URL", "https://"],
  ["B3SCALE_CALLBACK_ALLOW", "lms.example 10.0.0.0/33"],
  ["B3SCALE_CALLBACK_ALLOW", "https://lms.example"],
  ["B3SCALE_LOAD_MODEL", "random"],
  ["B3SCALE_PENDING_MEETING_SECONDS", "9"],
  ["B3SCALE_PENDING_MEETING_SECONDS", "x"],
  ["B3SCALE_RECORDINGS_DEFAULT_VISIBILITY", "hidden"],
];
for (const [variable, value] of wrong) {
  Deno.test(`readConfig() refuses ${variable}=${value}`, () => {
    const problems = problemsOf({ ...REQUIRED, [variable]: value });
    assert.equal(problems.length, 1);
    assert(problems[0]?.startsWith(`${variable}: `), problems[0]);
  });
}

Deno.test("readConfig() lists the missing variables in 1.x's words", () => {
  assert.deepEqual(problemsOf({ B3SCALE_API_JWT_SECRET: " " }), [
    "configuration incomplete: missing environment variables: B3SCALE_API_URL, B3SCALE_API_JWT_SECRET",
  ]);
});

Deno.test("readConfig() lists every wrong variable at once", () => {
  const problems = problemsOf(Object.fromEntries(wrong));
  for (const name of new Set(wrong.map(([variable]) => variable))) {
    assert(problems.some((problem) => problem.includes(name)), name);
  }
  assert.equal(problems.length, new Set(wrong.map(([variable]) => variable)).size + 1);
});

Deno.test("readConfig() does without the paths of recordings", () => {
  assert.deepEqual(read({ B3SCALE_RECORDINGS_PUBLISHED_PATH: "" }), read());
});

Deno.test("readConfig() warns once of names that nothing reads, with what was probably meant", () => {
  assert.deepEqual(
    read({ B3SCALE_LISTN_HTTP: "a", B3SCALE_DATABASE_URL: "b", B3SCALE_QQQ: "", B3SCALES: "c" }).warnings,
    [
      "nothing reads B3SCALE_DATABASE_URL (did you mean B3SCALE_DB_URL?), B3SCALE_LISTN_HTTP (did you mean " +
      "B3SCALE_LISTEN_HTTP?), B3SCALE_QQQ",
    ],
  );
  assert.deepEqual(read({ B3SCALE_HTTP_IDLE_TIMEOUT: "5" }).warnings, [
    "nothing reads B3SCALE_HTTP_IDLE_TIMEOUT (of b3scale 1.x, not used here)",
  ]);
  assert.deepEqual(read({ B3SCALE_LOAD_FACTOR: "2", B3SCALE_TOKEN_FILE: "x" }).warnings, []); // other programs read these
  const services = ["B3SCALE_SERVICE_HOST", "B3SCALE_DB_SERVICE_PORT_HTTP", "B3SCALE_PORT", "B3SCALE_PORT_80_TCP_ADDR"];
  assert.deepEqual(read(Object.fromEntries(services.map((name) => [name, "x"]))).warnings, []);
});

Deno.test("readLogConfig() writes for people unless told otherwise", () => {
  assert.deepEqual(readLogConfig({}), { level: "info", format: "plain" });
  assert.deepEqual(readLogConfig({ B3SCALE_LOG_LEVEL: "3", B3SCALE_LOG_FORMAT: " structured " }), {
    level: "error",
    format: "structured",
  });
  assert.throws(() => readLogConfig({ B3SCALE_LOG_LEVEL: "loud" }), ConfigError);
});
