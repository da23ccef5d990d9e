import assert from "node:assert/strict";
import { progress } from "../../../cli/progress.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

Deno.test("progress() writes over its line on a terminal and takes it away at the end", () => {
  const updates: string[] = [];
  const line = progress({ note: () => assert.fail(), update: (text) => updates.push(text) }, createFakeClock());
  line.show("1 left");
  line.show("0 left");
  line.end();
  assert.deepEqual(updates, ["1 left", "0 left", ""]);
});

Deno.test("progress() says something new now and then where there is no terminal", async () => {
  const clock = createFakeClock();
  const said: string[] = [];
  const line = progress({ note: (text) => void said.push(text) }, clock);
  for (const text of ["9 left", "8 left", "7 left"]) line.show(text);
  await clock.advance(15_000);
  line.show("6 left");
  await clock.advance(15_000);
  line.show("6 left");
  line.end();
  assert.deepEqual(said, ["9 left", "6 left"]);
});
