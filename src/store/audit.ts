// placeholder
import type { Db } from "../deps.ts";
export const insertAudit = (_db: Db, _entry: unknown): Promise<void> => Promise.resolve();
