import assert from "node:assert/strict";
import { callbackChecks } from "../../../../cli/doctor/callbacks.ts";
import type { Check } from "../../../../cli/doctor/check.ts";
import type { CallbackCheckJson } from "../../../../src/contract/callback.ts";
import { ApiError } from "../../../../src/contract/client.ts";
import { type Backend, fakeApi, type Frontend, makeNode, makeTenant } from "../../../support/doctor.ts";

const PUBLIC: CallbackCheckJson = {
  target: "https://b3s.example",
  public_url: true,
  allowed: true,
  reachable: true,
  status: 401,
  reason: null,
};

interface Scene {
  readonly own?: Partial<CallbackCheckJson> | ApiError;
  readonly targets?: Readonly<Record<string, Partial<CallbackCheckJson>>>;
  readonly frontends?: readonly Frontend[];
  readonly backends?: readonly Backend[];
}

/** @returns what was found, and which URLs the server was given */
async function examine({ own = {}, targets = {}, frontends = [], backends = [] }: Scene) {
  const [checks, asked]: [Check[], string[]] = [[], []];
  let [underWay, most] = [0, 0];
  const api = fakeApi(async (what, { body }) => {
    assert.equal(what, "POST /v1/callbacks-check");
    const { url } = body as { url?: string };
    if (url === undefined) {
      if (own instanceof ApiError) throw own;
      return { ...PUBLIC, ...own };
    }
    asked.push(url);
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay--;
    const target = new URL(url).origin;
    return { ...PUBLIC, public_url: false, status: 200, target, ...targets[target] };
  });
  for await (const check of callbackChecks({ progress: () => {} }, api, { frontends, backends })) checks.push(check);
  for (const { check } of checks) assert.equal(check, "callback");
  return { asked, most, told: checks.map(({ state, message }) => `${state} ${message}`), checks };
}

const calling = (key: string, params: Record<string, string>, override: Record<string, string> = {}): Frontend => {
  const plain = makeTenant(key);
  return {
    ...plain,
    settings: { ...plain.settings, create_default_params: params, create_override_params: override },
  };
};

Deno.test("callbackChecks() looks at the server's public URL first", async () => {
  const one = async (own: Partial<CallbackCheckJson>, backends: Backend[] = []) =>
    (await examine({ own, backends })).told;
  assert.deepEqual(await one({}), ["ok the server's public URL https://b3s.example is reachable"]);
  assert.deepEqual(await one({ reachable: false, status: null, reason: "no answer in time" }), [
    "problem the server's public URL https://b3s.example does not answer: no answer in time",
  ]);
  assert.deepEqual(await one({ status: 502 }), [
    "warning the server's public URL https://b3s.example answers 502, as b3scaled does not",
  ]);
});

Deno.test("callbackChecks() finds a public URL on loopback where nodes are elsewhere", async () => {
  const local: Backend = { ...makeNode("n1"), bbb: { host: "http://127.0.0.1:8080/bigbluebutton/api/", secret: "s" } };
  for (const target of ["http://127.0.0.1:42353", "http://localhost:42353", "http://[::1]:42353"]) {
    const states = async (...backends: Backend[]) =>
      (await examine({ own: { target }, backends })).checks.map(({ state }) => state);
    assert.deepEqual(await states(), ["ok"]);
    assert.deepEqual(await states(local), ["ok"]);
    assert.deepEqual(await states(local, makeNode("n2")), ["problem"]);
  }
});

Deno.test("callbackChecks() says that a 1.x server checks none, and asks no more", async () => {
  const own = new ApiError("the resource could not be found (404)", 404);
  const { told, asked } = await examine({
    own,
    frontends: [calling("fe1", { meetingEndedURL: "https://lms.example/" })],
  });
  assert.deepEqual([told, asked], [["warning callbacks: not checked by a 1.x server"], []]);
  await assert.rejects(examine({ own: new ApiError("the server answered 500", 500) }), { status: 500 });
});

Deno.test("callbackChecks() finds callbacks in default and override params, whatever the case, each host once", async () => {
  const { told, asked } = await examine({
    frontends: [
      calling("a", { "meta_endCallbackUrl": "https://lms.example/end?token=s3cret" }, {
        "META_BBB-RECORDING-READY-URL": "https://lms.example/ready/s3cret",
      }),
      calling("b", {
        meetingendedurl: "https://lms.example/b",
        "meta_analytics-callback-url": "http://stats.example:81/",
      }),
      calling("c", { logoutURL: "https://other.example/", meta_endCallbackUrl: "", welcome: "https://x.example/" }),
    ],
  });
  assert.deepEqual(asked, ["https://lms.example/", "http://stats.example:81/"]);
  assert.deepEqual(told.slice(1), [
    'ok callbacks of "a", "b" to https://lms.example are let through and answered',
    'ok callbacks of "b" to http://stats.example:81 are let through and answered',
  ]);
});

Deno.test("callbackChecks() says what to set where the guard refuses, and warns of a silent host", async () => {
  const { checks } = await examine({
    frontends: [
      calling("a", { meetingEndedURL: "https://lms.lan/x" }),
      calling("b", { meetingEndedURL: "https://off.example/" }),
    ],
    targets: {
      "https://lms.lan": {
        allowed: false,
        reachable: false,
        status: null,
        reason: "lms.lan has the private address 10.0.0.5",
      },
      "https://off.example": { reachable: false, status: null, reason: "no answer in time" },
    },
  });
  assert.deepEqual(checks.slice(1), [
    {
      check: "callback",
      state: "problem",
      message: 'callbacks of "a" to https://lms.lan are refused: lms.lan has the private address 10.0.0.5',
      hint: "add lms.lan or its network to B3SCALE_CALLBACK_ALLOW of b3scaled, and restart it",
    },
    {
      check: "callback",
      state: "warning",
      message: 'callbacks of "b" to https://off.example: no answer in time',
      hint: "try curl -I https://off.example on the machine of b3scaled",
    },
  ]);
});

Deno.test("callbackChecks() names a parameter that holds no callback's URL, but not its value", async () => {
  for (const value of ["s3cret", "ftp://lms.example/s3cret", "https://user:s3cret@lms.example/"]) {
    const { checks, asked } = await examine({ frontends: [calling("fe1", {}, { meta_endCallbackUrl: value })] });
    const { state, message, hint } = checks[1] ?? assert.fail("nothing was said");
    assert.equal(state, "problem");
    assert.equal(message, 'frontend "fe1": meta_endCallbackUrl in create_override_params is no callback\'s URL');
    assert.match(
      hint,
      /set frontend --opts '\{"create_override_params":\{"meta_endCallbackUrl":"https:\/\/…"\}\}' fe1$/,
    );
    assert.doesNotMatch(message + hint, /s3cret/);
    assert.deepEqual(asked, []);
  }
});

Deno.test("callbackChecks() asks for eight hosts at once, and names no more than three frontends of a host", async () => {
  const frontends = Array.from(
    { length: 30 },
    (_, n) => calling(`f${n}`, { meetingEndedURL: `https://h${n % 20}.example/` }),
  );
  const { asked, most } = await examine({ frontends });
  assert.deepEqual([asked.length, most], [20, 8]);
  const same = Array.from({ length: 5 }, (_, n) => calling(`f${n}`, { meetingEndedURL: "https://h.example/" }));
  assert.match((await examine({ frontends: same })).told[1] ?? "", /of "f0", "f1", "f2" and 2 more to/);
});
