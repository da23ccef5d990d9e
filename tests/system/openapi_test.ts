// The OpenAPI document against the server it describes: scopes, every documented answer, and what bodies may hold.
import assert from "node:assert/strict";
import fc from "fast-check";
import { openApi, type Operation } from "../../src/contract/openapi.ts";
import { ENDPOINTS } from "../../src/contract/openapi_tables.ts";
import { rpcParams } from "../../src/contract/agent.ts";
import { createApp } from "../../src/app.ts";
import { leavesOf, valueAround, violations } from "../support/json_schema.ts";
import { exampleOf, fillPath, READ_ONLY, tokenFor } from "../support/rest_examples.ts";
import { type Ask, type RestApp, startRestApp, tell } from "../support/rest_app.ts";

const document = openApi("test");
const definitions = document.components.schemas;
const SCOPES = ["b3scale:admin", "b3scale", "b3scale:node", "b3scale:recordings", "b3scale:callback"];

interface Documented {
  readonly name: string;
  readonly method: string;
  /** Below `/api`, with `{id}`. */
  readonly path: string;
  readonly operation: Operation;
  readonly scopes: readonly string[];
}

const operations: readonly Documented[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path: path.slice("/api".length),
    operation,
    scopes: operation.security.flatMap(({ bearer }) => bearer),
  }))
);
const withBody = operations.filter(({ operation }) => operation.requestBody?.content["application/json"] !== undefined);
const bodyOf = ({ operation }: Documented) => operation.requestBody?.content["application/json"]?.schema ?? {};

function assertDocumented(one: Documented, told: { status: number; json: unknown; text: string }): void {
  const schema = one.operation.responses[told.status]?.content["application/json"].schema;
  assert.ok(schema !== undefined, `${one.name}: ${told.status} is not documented: ${told.text}`);
  assert.deepEqual(violations(schema, definitions, told.json), [], `${one.name} ${told.status}`);
}

Deno.test("openApi() has every endpoint once, with an id of its own", () => {
  assert.deepEqual(
    operations.map(({ name }) => name).sort(),
    Object.values(ENDPOINTS).map(({ method, path }) => `${method} /api${path.replace(/:(\w+)/g, "{$1}")}`).sort(),
  );
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  const used = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
  assert.deepEqual([...new Set(used)].filter((ref) => !(ref.slice(ref.lastIndexOf("/") + 1) in definitions)), []);
});

Deno.test("every route refuses each missing scope with the documented scopes, in their order", async () => {
  await using rest = await startRestApp();
  for (const one of operations) {
    const wrong = SCOPES.filter((scope) => one.scopes.length > 0 && !one.scopes.includes(scope));
    const lists = one.scopes.length === 0 ? [] : [...wrong, "", wrong.join(" "), one.scopes.join(",") + ",x"];
    for (const scope of lists) {
      const ask = {
        method: one.method,
        path: fillPath(one.path),
        token: { scope, sub: "agent1" },
        json: bodyless(one),
      };
      const told = await rest.ask(ask);
      assert.equal(told.status, 403, `${one.name} with "${scope}"`);
      assert.deepEqual(told.json, { message: `${one.scopes.join(", ")} scope required` });
      assertDocumented(one, told);
    }
  }
});

const bodyless = ({ operation }: Documented) => operation.requestBody === undefined ? undefined : {};

Deno.test("every documented answer is given, and is as documented", async (t) => {
  await using rest = await startRestApp();
  // Rejects when it is waited for: parts of a query are not.
  const away = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("the database is away")) };
  const deadDb = () => away;
  const brokenApp = createApp({
    ...rest.deps,
    db: Object.assign(deadDb, { begin: deadDb, json: (value: unknown) => value }) as unknown as RestApp["db"],
    view: new Proxy(rest.deps.view, { get: () => deadDb }),
  });
  for (const one of operations) {
    await t.step(one.name, async () => {
      for (const status of Object.keys(one.operation.responses).map(Number)) {
        await rest.reset();
        const valid = { ...exampleOf(one.name, 200), token: tokenFor(one.scopes) };
        const told = await reach(rest, one, status, { method: one.method, ...valid }, brokenApp);
        if (told === undefined) continue;
        assert.equal(told.status, status, told.text);
        assertDocumented(one, told);
      }
    });
  }
});

/** @returns undefined for what this route cannot be made to answer */
async function reach(rest: RestApp, one: Documented, status: number, valid: Ask, broken: ReturnType<typeof createApp>) {
  if (one.path === "/v1/recordings-upload" && [408, 413, 415, 507].includes(status)) {
    return await reachUpload(rest, { ...valid, ...exampleOf(one.name, status) });
  }
  const large = `{"x":"${"x".repeat(16 * 1024 * 1024)}"}`;
  switch (status) {
    case 200:
    case 202:
      return await rest.ask(valid);
    case 401:
      return await rest.ask({ ...valid, token: undefined });
    case 403:
      return await rest.ask({ ...valid, token: { sub: "agent1" } });
    case 413:
      return await rest.ask({ ...valid, json: undefined, text: large });
    case 501:
      return await tell(createApp({ ...rest.deps, config: { ...rest.deps.config, recordings: null } }), valid);
    case 415:
      return await rest.ask({ ...valid, headers: { "content-type": "text/plain" }, json: undefined, text: "{}" });
    case 429: {
      const peer = `192.0.2.${operations.indexOf(one)}`;
      const wrong = { ...valid, token: { secret: "wrong" }, peer };
      for (let n = 0; n < 30; n++) await rest.ask(wrong);
      return await rest.ask(wrong);
    }
    case 500: {
      const told = await tell(broken, valid);
      // A status is also told of a database that is away, a heartbeat is written later, a callback's target needs none.
      return one.path === "/v1" || /\/(status|ctrl|callbacks-check)/.test(one.path) ? undefined : told;
    }
    default:
      return await rest.ask({ ...valid, ...exampleOf(one.name, status) });
  }
}

/** With a body that nobody sends, and a deadline that is over at once. */
async function reachUpload(rest: RestApp, ask: Ask) {
  const hasty = { ...rest.deps.clock, after: (_: number, run: () => void) => rest.deps.clock.after(0, run) };
  return await tell(createApp({ ...rest.deps, clock: hasty }), { ...ask, stream: new ReadableStream() });
}

/** In a body, `{bbb: {key: value}}` for the path bbb.key. */
const nested = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, name) => ({ [name]: inner }), value);

const WRONG: Readonly<Record<string, unknown>> = {
  string: 5,
  number: "x",
  integer: 1.5,
  boolean: "true",
  array: {},
  object: "x",
};

Deno.test("a wrong type or a too long text in any member of any body is 400 and names the member", async () => {
  await using rest = await startRestApp();
  let checked = 0;
  for (const one of withBody) {
    const before = await rest.snapshot();
    for (const { path, schema } of leavesOf(bodyOf(one), definitions)) {
      const wrong = WRONG[String(schema["type"])];
      const values = wrong === undefined ? [] : [wrong];
      if (typeof schema["maxLength"] === "number") values.push("x".repeat(schema["maxLength"] + 1));
      for (const value of values) {
        const ask = { method: one.method, path: fillPath(one.path), token: tokenFor(one.scopes) };
        const told = await rest.ask({ ...ask, json: nested(path, value) });
        const what = `${one.name} ${path.join(".")} = ${JSON.stringify(value).slice(0, 20)}: ${told.text}`;
        assert.equal(told.status, 400, what);
        assert.ok(told.text.includes(path.join(".")), what);
        assertDocumented(one, told);
        checked++;
      }
    }
    assert.equal(await rest.snapshot(), before, `${one.name} changed something`);
  }
  assert.ok(checked >= 80, `only ${checked} values were tried`);
});

Deno.test("unknown and read-only members of a body are ignored", async () => {
  await using rest = await startRestApp();
  for (const one of withBody) {
    await rest.reset();
    const example = exampleOf(one.name, 200);
    const ask = { ...example, method: one.method, token: tokenFor(one.scopes) };
    const told = await rest.ask({ ...ask, json: { ...(example.json as object), ...READ_ONLY } });
    assert.ok(told.status < 300, `${one.name}: ${told.text}`);
    for (const [name, value] of Object.entries(READ_ONLY)) {
      const member = (told.json as Record<string, unknown>)[name];
      assert.notDeepEqual(member, value, `${one.name} took "${name}"`);
    }
  }
});

Deno.test("an id that is none is 404 on every route", async () => {
  await using rest = await startRestApp();
  const before = await rest.snapshot();
  const ids = [
    "%00",
    "%",
    "%E0%A4%A",
    "%ED%A0%80",
    "..%2Fstatus",
    "x".repeat(5000),
    "internal:",
    "internal:%00",
    "%27",
  ];
  for (const one of operations.filter(({ path }) => path.endsWith("/{id}"))) {
    for (const id of ids) {
      const path = one.path.replace("{id}", id);
      const told = await rest.ask({ method: one.method, path, token: tokenFor(one.scopes), json: bodyless(one) });
      assert.deepEqual([told.status, told.json], [404, { message: "Not Found" }], `${one.name} ${id}: ${told.text}`);
    }
  }
  assert.equal(await rest.snapshot(), before);
});

/** Around the schema and around a request that is valid; a target always has a URL, since the server's own is in DNS. */
function randomBody(one: Documented): fc.Arbitrary<unknown> {
  const around = valueAround(bodyOf(one), definitions);
  if (one.path === "/v1/agent/rpc") return fc.oneof(around, randomCall);
  if (one.path === "/v1/callbacks-check") return fc.record({ url: fc.jsonValue().filter(Boolean) });
  const { json } = exampleOf(one.name, 200);
  return fc.oneof(around, around.map((random) => typeof random === "object" ? { ...json as object, ...random } : json));
}

/** Of an agent, about a meeting that is there: another one is waited for. */
const randomCall = fc.record({
  action: fc.constantFrom(...Object.keys(rpcParams)),
  payload: fc.record({
    internal_meeting_id: fc.constant("int-m1"),
    running: valueAround({ type: "boolean" }, definitions),
    internal_user_id: valueAround({ type: "string" }, definitions),
    attendee: valueAround({ $ref: "#/components/schemas/AttendeeInput" }, definitions),
  }, { requiredKeys: ["internal_meeting_id"] }),
});

for (const one of withBody) {
  Deno.test(`2,000 random bodies: ${one.name} never fails, and changes nothing that it refuses`, async () => {
    await using rest = await startRestApp();
    let before = await rest.snapshot();
    const seen = new Map<number, number>();
    const ask = { method: one.method, path: fillPath(one.path), token: tokenFor(one.scopes) };
    await fc.assert(
      fc.asyncProperty(randomBody(one), async (json) => {
        const told = await rest.ask({ ...ask, json });
        seen.set(told.status, (seen.get(told.status) ?? 0) + 1);
        assertDocumented(one, told);
        assert.ok(told.status < 500, told.text);
        const after = await rest.snapshot();
        const { id, status } = told.json as { id?: string; status?: string };
        if (told.status >= 400 || status === "error") return assert.equal(after, before);
        before = after;
        if (one.method !== "POST" || id === undefined) return;
        for (const table of ["frontends", "backends", "commands"]) {
          await rest.db`delete from ${rest.db(table)} where id = ${id}`;
        }
        before = await rest.snapshot();
      }),
      { seed: 20261121, numRuns: 2000 },
    );
    assert.ok([...seen.keys()].some((status) => status >= 400), "nothing was refused");
  });
}
