import assert from "node:assert/strict";
import { createClusterFeed } from "../../../src/cluster/feed.ts";
import { realClock } from "../../../src/deps.ts";
import { dbTest } from "../../support/db_test.ts";
import { openTestPool, silentLog } from "../../support/test_db.ts";
import { eventually } from "../../support/wait.ts";

dbTest(
  "ageSeconds() is not known at first, small while the feed follows, and grows when it does not",
  async (db, url) => {
    const feed = createClusterFeed({ db, openListener: () => openTestPool(url, 1), clock: realClock, log: silentLog });
    assert.equal(feed.ageSeconds(), undefined);
    const ending = new AbortController();
    const running = feed.run(ending.signal);
    await feed.ready;
    assert((feed.ageSeconds() ?? Infinity) < 5);
    const first = realClock.monotonic();
    await eventually("it is known anew", () => {
      const knownAt = realClock.monotonic() - (feed.ageSeconds() ?? Infinity) * 1000;
      return knownAt > first;
    });
    ending.abort();
    await running;
    const age = feed.ageSeconds() ?? 0;
    await eventually("it grows", () => (feed.ageSeconds() ?? 0) > age + 0.05);
  },
);
