import assert from "node:assert/strict";
import { databaseName, parseDatabaseUrl } from "../../../src/store/database_url.ts";

const DEFAULTS = {
  hosts: ["localhost"],
  ports: [5432],
  database: undefined,
  user: undefined,
  password: undefined,
  ssl: false as const,
  sslFiles: {},
  parameters: {},
};

const cases: [string, Partial<ReturnType<typeof parseDatabaseUrl>>][] = [
  ["postgres://postgres:postgres@localhost:5432/b3scale", {
    user: "postgres",
    password: "postgres",
    database: "b3scale",
  }],
  ["postgresql://u@127.0.0.1/d", { hosts: ["127.0.0.1"], user: "u", database: "d" }],
  ["postgres:///d", { database: "d" }],
  ["postgres://u:p%40ss%2Fw%C3%A4@db/d", {
    hosts: ["db"],
    user: "u",
    password: "p@ss/wä",
    database: "d",
    ssl: "prefer",
  }],
  ["postgres://u:p@ss:word@db/d", { hosts: ["db"], user: "u", password: "p@ss:word", database: "d", ssl: "prefer" }],
  ["postgres://u@db/d?sslmode=disable", { hosts: ["db"], user: "u", database: "d" }],
  ["postgres://u@db/d?sslmode=require", { hosts: ["db"], user: "u", database: "d", ssl: "require" }],
  [
    "postgres://u@db/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    { hosts: ["db"], user: "u", database: "d", ssl: "verify-full", sslFiles: { ca: "/etc/ca.pem" } },
  ],
  [
    "postgres://u@localhost/d?search_path=a%2Cb&pool_max_conns=4&connect_timeout=3",
    { user: "u", database: "d", parameters: { search_path: "a,b" } },
  ],
  ["postgres://u@[::1]:5433/d", { hosts: ["::1"], ports: [5433], user: "u", database: "d" }],
  ["postgres://u@a:1,b/d?sslmode=disable", { hosts: ["a", "b"], ports: [1, 5432], user: "u", database: "d" }],
  ["postgres://u@/d?host=/run/postgresql", { hosts: ["/run/postgresql"], user: "u", database: "d" }],
  ["host=/run/postgresql dbname=d user=u", { hosts: ["/run/postgresql"], user: "u", database: "d" }],
  ["host=db port=5433 user=u password='p w'", {
    hosts: ["db"],
    ports: [5433],
    user: "u",
    password: "p w",
    ssl: "prefer",
  }],
  ["host=localhost  dbname='b3 scale' password='a\\'b\\\\c'", { database: "b3 scale", password: "a'b\\c" }],
  ["dbname = d user = u sslmode=require", { database: "d", user: "u", ssl: "require" }],
  ["host=localhost,other port=1,2 sslmode=disable", { hosts: ["localhost", "other"], ports: [1, 2] }],
  ["postgres://u@/d?host=%2Frun%2Fpostgresql&port=5433", {
    hosts: ["/run/postgresql"],
    ports: [5433],
    user: "u",
    database: "d",
  }],
];

for (const [url, expected] of cases) {
  Deno.test(`parseDatabaseUrl() reads ${url}`, () => {
    assert.deepEqual(parseDatabaseUrl(url), { ...DEFAULTS, ...expected });
  });
}

for (
  const url of ["", "mysql", "postgres://u:secret%@db/d", "postgres://db:port/d", "host=db secret", "host='secret"]
) {
  Deno.test(`parseDatabaseUrl() refuses ${JSON.stringify(url)} without quoting it`, () => {
    assert.throws(
      () => parseDatabaseUrl(url),
      (error: Error) => /database URL/.test(error.message) && !/secret/.test(error.message),
    );
  });
}

Deno.test("parseDatabaseUrl() refuses an unknown sslmode", () => {
  assert.throws(() => parseDatabaseUrl("postgres://u:secret@db/d?sslmode=on"), /unknown sslmode "on"/);
});

Deno.test("databaseName() is the name without parameters, else the user's", () => {
  assert.equal(databaseName("postgres://u@db/b3scale?sslmode=disable"), "b3scale");
  assert.equal(databaseName("host=db dbname=b3scale user=u"), "b3scale");
  assert.equal(databaseName("postgres://u@db"), "u");
});
