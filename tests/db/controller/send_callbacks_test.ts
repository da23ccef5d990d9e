import assert from "node:assert/strict";
import { sendCallbacks } from "../../../src/controller/send_callbacks.ts";
import { type Pool, realClock } from "../../../src/deps.ts";
import type { GuardedFailure, GuardedFetch, GuardedResult } from "../../../src/lib/guarded_fetch.ts";
import { insertCallback, listCallbacks } from "../../../src/store/callbacks.ts";
import { commandDeps } from "../../support/command_deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { eventually } from "../../support/wait.ts";

const failure = (reason: GuardedFailure["reason"], message: string): GuardedFailure => ({
  status: null,
  reason,
  message,
});

async function insert(db: Pool, ...hosts: string[]): Promise<void> {
  await db`
    insert into frontends (key, secret, settings) values ('fe1', 's', '{}'), ('fe2', 's', '{}') on conflict do nothing`;
  const frontends = await db<{ id: string }[]>`select id from frontends order by key`;
  for (const [index, host] of hosts.entries()) {
    await insertCallback(db, {
      frontend_id: frontends[index % 2]?.id ?? "",
      kind: "meeting_ended",
      url: `https://${host}/s3cret/path?token=s3cret`,
      origin: `https://${host}`,
      claims: null,
      body: null,
      request_id: "r1",
    });
  }
}

/** A sender whose requests end as the test says. */
function startSender(db: Pool, send: GuardedFetch) {
  const deps = commandDeps(db);
  const stopped = new AbortController();
  const ended = sendCallbacks({ ...deps, clock: realClock }, stopped.signal, send);
  return {
    lines: deps.lines,
    stop: async () => {
      stopped.abort();
      await ended;
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await ended;
      deps[Symbol.dispose]();
    },
  };
}

const states = async (db: Pool) => (await listCallbacks(db, { limit: 100 })).map(({ reason }) => reason ?? "waiting");

const ENDS: readonly (readonly [result: GuardedResult, state: string, error: string | null])[] = [
  [{ status: 200 }, "delivered", null],
  [{ status: 204 }, "delivered", null],
  [{ status: 302 }, "waiting", "the receiver answered 302"],
  [{ status: 401 }, "waiting", "the receiver answered 401"],
  [{ status: 404 }, "gone", "the receiver answered 404"],
  [{ status: 410 }, "gone", "the receiver answered 410"],
  [{ status: 500 }, "waiting", "the receiver answered 500"],
  [failure("timeout", "no answer in time"), "waiting", "no answer in time"],
  [failure("dns", "the host name cannot be resolved"), "waiting", "the host name cannot be resolved"],
  [failure("invalid", "no URL"), "invalid", "no URL"],
  [
    failure("refused target", "lms has the private address 10.0.0.1"),
    "refused",
    "lms has the private address 10.0.0.1",
  ],
];
for (const [result, state, error] of ENDS) {
  const what = result.status ?? result.reason;
  dbTest(`sendCallbacks() makes a callback ${state} on ${what}, and logs nothing of its URL`, async (db) => {
    let tries = 0;
    await using sender = startSender(db, () => {
      tries++;
      return Promise.resolve(result);
    });
    await insert(db, "lms.example:8443");
    await eventually("it was tried", () => tries === 1);
    await sender.stop();
    const [row] = await listCallbacks(db, { limit: 1 });
    assert.equal(row === undefined ? "delivered" : row.reason ?? "waiting", state);
    assert.equal(row?.last_error ?? null, error);
    const log = JSON.stringify(sender.lines);
    assert.ok(log.includes('"lms.example:8443"') && log.includes('"r1"'), log);
    assert.ok(!log.includes("s3cret") && !log.includes("/path"), log);
  });
}

dbTest("sendCallbacks() begins as soon as there is a callback", async (db) => {
  const sent: number[] = [];
  await using _sender = startSender(db, () => {
    sent.push(performance.now());
    return Promise.resolve({ status: 200 });
  });
  await insert(db, "first.example");
  await eventually("the sender is at work", () => sent.length === 1);
  const delays: number[] = [];
  for (let n = 2; n < 6; n++) {
    const from = performance.now();
    await insert(db, "lms.example");
    await eventually("it is sent", () => sent.length === n);
    delays.push((sent.at(-1) ?? 0) - from);
  }
  assert.ok(Math.min(...delays) < 500, `after ${delays} ms: it waits for its turn`);
});

dbTest("sendCallbacks() keeps others from waiting for a receiver that hangs", async (db) => {
  const { promise: hang, resolve: release } = Promise.withResolvers<GuardedResult>();
  const sent: string[] = [];
  await using sender = startSender(db, ({ url }) => {
    sent.push(new URL(url).host);
    return url.includes("hangs") ? hang : Promise.resolve({ status: 200 });
  });
  await insert(db, ...Array<string>(20).fill("hangs.example"), "quick1.example", "quick2.example");
  await eventually("the others were sent", () => sent.filter((host) => host.startsWith("quick")).length === 2);
  await insert(db, "quick3.example");
  await eventually("later ones as well", () => sent.includes("quick3.example"));
  assert.equal(sent.filter((host) => host === "hangs.example").length, 4);
  release({ status: 200 });
  await eventually("all are delivered", async () => (await states(db)).length === 0);
  assert.equal(sent.length, 23);
  await sender.stop();
});

dbTest("sendCallbacks() has no more than 16 under way, nor 8 of a frontend", async (db) => {
  const { promise: hang, resolve: release } = Promise.withResolvers<GuardedResult>();
  let [underWay, most] = [0, 0];
  await using sender = startSender(db, async () => {
    most = Math.max(most, ++underWay);
    await hang;
    underWay--;
    return { status: 200 };
  });
  await insert(db, ...Array.from({ length: 60 }, (_, n) => `lms${n}.example`));
  await eventually("many are under way", () => underWay === 16);
  const [row] = await db<{ counts: number[] }[]>`
    select array_agg(n) as counts from (select count(*)::int as n from b3scale_callbacks
      where claimed_until is not null group by frontend_id) as claimed`;
  assert.deepEqual(row?.counts, [8, 8]);
  release({ status: 200 });
  await eventually("all are delivered", async () => (await states(db)).length === 0);
  assert.equal(most, 16);
  await sender.stop();
});

dbTest("sendCallbacks() warns once of each host that is refused", async (db) => {
  const refused = failure("refused target", "it is private");
  await using sender = startSender(db, () => Promise.resolve(refused));
  await insert(db, "a.example", "a.example", "a.example", "b.example");
  await eventually("all are refused", async () => (await states(db)).join() === "refused,refused,refused,refused");
  await sender.stop();
  const warnings = sender.lines.filter(({ level }) => level === "warn");
  assert.deepEqual(warnings.map(({ fields }) => fields["host"]).sort(), ["a.example", "b.example"]);
});

dbTest("sendCallbacks() finishes what is under way when it is stopped", async (db) => {
  const { promise: answer, resolve } = Promise.withResolvers<GuardedResult>();
  let tries = 0;
  await using sender = startSender(db, () => {
    tries++;
    return answer;
  });
  await insert(db, "lms.example");
  await eventually("it is under way", () => tries === 1);
  const stopped = sender.stop();
  resolve({ status: 200 });
  await stopped;
  assert.deepEqual(await states(db), []);
});
