// A test with a migrated database of its own.
import type { Pool } from "../../src/deps.ts";
import { testDatabase } from "./test_db.ts";

/** @param run gets the pool of an empty database; `url` is for what opens a connection itself */
export function dbTest(name: string, run: (db: Pool, url: string) => Promise<void>): void {
  Deno.test(name, async () => {
    await using test = await testDatabase();
    await run(test.pool, test.url);
  });
}
