import assert from "node:assert/strict";
import type { ClusterView } from "../../../../src/cluster/view.ts";
import { AppError } from "../../../../src/errors.ts";
import { attendeesLimit } from "../../../../src/gateway/middleware/attendees_limit.ts";
import { makeFrontend, makeRequest, uuid } from "../../../support/make.ts";
import { passDown } from "../../../support/pass_down.ts";

const counting = (attendees: number) => {
  const asked: string[] = [];
  const view: Pick<ClusterView, "countAttendees"> = {
    countAttendees: (id) => {
      asked.push(id);
      return Promise.resolve(attendees);
    },
  };
  return { asked, middleware: attendeesLimit({ view: view as ClusterView }) };
};
const join = (limit?: number, resource = "join") =>
  makeRequest({
    resource,
    frontend: makeFrontend({ settings: limit === undefined ? {} : { attendees_limit: { limit } } }),
  });

Deno.test("attendeesLimit() lets a join pass below the limit", async () => {
  const { asked, middleware } = counting(9);
  assert.equal((await passDown(middleware, join(10))).resource, "join");
  assert.deepEqual(asked, [uuid(1)]);
});

for (const attendees of [10, 11]) {
  Deno.test(`attendeesLimit() of 10 refuses a join with ${attendees} there`, async () => {
    const refused = passDown(counting(attendees).middleware, join(10));
    await assert.rejects(refused, (error) => error instanceof AppError && error.code === "attendees_limit_reached");
  });
}

Deno.test("attendeesLimit() counts nobody for other calls and without a limit", async () => {
  const { asked, middleware } = counting(100);
  for (const request of [join(), join(0), join(10, "create"), join(10, "getMeetings")]) {
    await passDown(middleware, request);
  }
  assert.deepEqual(asked, []);
});
