// Changes made through REST, for admins.
import { jsonTime } from "../contract/endpoint.ts";
import { type AuditJson, statusEndpoints } from "../contract/status.ts";
import { type AuditRow, listAudit } from "../store/audit.ts";
import { invalid } from "./problem.ts";
import { type Route, route } from "./route.ts";

const DEFAULT_LIMIT = 100;
const MOST = 1000;

const auditJson = (row: AuditRow): AuditJson => ({
  ...row,
  time: jsonTime(row.time),
  changed_keys: [...row.changed_keys],
});

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** @throws validation_failed naming each wrong parameter */
function readPage(query: { since?: string; limit?: string }): { since?: Date; limit: number } {
  const fields: Record<string, string[]> = {};
  // An unescaped "+" of the offset has become a space.
  const text = query.since?.replace(/ (?=\d\d:\d\d$)/, "+");
  const since = text === undefined ? undefined : new Date(RFC_3339.test(text) ? text.toUpperCase() : NaN);
  if (since !== undefined && Number.isNaN(since.getTime())) fields["since"] = ["should be a time as in RFC 3339"];
  const limit = Number(query.limit ?? DEFAULT_LIMIT);
  if (!/^\d{1,4}$/.test(query.limit ?? "100") || limit < 1 || limit > MOST) {
    fields["limit"] = [`should be a whole number from 1 to ${MOST}`];
  }
  if (Object.keys(fields).length > 0) invalid(fields);
  return { since, limit };
}

export const auditRoutes: readonly Route[] = [
  route(statusEndpoints.audit, async ({ deps, query }) => (await listAudit(deps.db, readPage(query))).map(auditJson)),
];
