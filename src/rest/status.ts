// Status of the server and its database, and the migration that an operator asks for.
import { jsonTime } from "../contract/endpoint.ts";
import { type DatabaseJson, statusEndpoints, type StatusJson } from "../contract/status.ts";
import type { Deps } from "../deps.ts";
import { AppError, errorText } from "../errors.ts";
import { within } from "../lib/within.ts";
import { databaseName } from "../store/database_url.ts";
import { migrate, type MigrationStatus, readMigrationStatus } from "../store/migrate.ts";
import { BUILD, VERSION } from "../version.ts";
import type { Principal } from "./auth.ts";
import { route } from "./route.ts";

/** What agents and the CLI may use here and not on a 1.x server. */
const FEATURES = ["meeting_update_attendee"];
/** A dead database is reported, not waited for. */
const DATABASE_TIMEOUT_MS = 3000;

const databaseJson = (name: string, status: MigrationStatus): DatabaseJson => ({
  available: true,
  database: name,
  migrated: status.pending === 0 && !status.newer,
  migration: status.migration === null
    ? null
    : { ...status.migration, applied_at: jsonTime(status.migration.applied_at) },
  pending_migrations: status.pending,
  error: status.newer ? "the database has been migrated by a newer version" : null,
});

async function databaseStatus({ config, db, clock }: Pick<Deps, "config" | "db" | "clock">): Promise<DatabaseJson> {
  const name = databaseName(config.dbUrl);
  const late = () => new Error("no answer in time");
  try {
    return databaseJson(name, await within(clock, DATABASE_TIMEOUT_MS, readMigrationStatus(db), late));
  } catch (error) {
    const away = { available: false, migrated: false, migration: null, pending_migrations: 0 };
    return { ...away, database: name, error: errorText(error) };
  }
}

const status = async ({ deps, principal }: { deps: Deps; principal: Principal }): Promise<StatusJson> => ({
  version: VERSION,
  build: BUILD,
  api: "v1",
  account_ref: principal.sub,
  is_admin: principal.isAdmin,
  database: await databaseStatus(deps),
  features: FEATURES,
});

export const statusRoutes = [
  route(statusEndpoints.root, status),
  route(statusEndpoints.status, status),
  route(statusEndpoints.migrate, async ({ deps }) => {
    try {
      return databaseJson(databaseName(deps.config.dbUrl), await migrate(deps.db));
    } catch (error) {
      if (error instanceof AppError) throw error;
      deps.log.error("migration failed", { error: errorText(error) });
      return await databaseStatus(deps);
    }
  }),
];
