// Frontends: admins see and change all of them, an account its own.
import { jsonTime } from "../contract/endpoint.ts";
import { frontendEndpoints, type FrontendInput, type FrontendJson } from "../contract/frontend.ts";
import { AppError } from "../errors.ts";
import { NO_FRONTEND_SETTINGS } from "../store/frontend_settings.ts";
import {
  deleteFrontend,
  type Frontend,
  insertFrontend,
  listFrontendsMatching,
  lockFrontend,
  updateFrontend,
} from "../store/frontends.ts";
import { isUniqueViolation } from "../store/pool.ts";
import { wishFrontendToTrash } from "../store/recording_moves.ts";
import type { Principal } from "./auth.ts";
import { mergeFrontendSettings } from "./frontend_settings.ts";
import { isUuid } from "./input.ts";
import { conflict, invalid } from "./problem.ts";
import { route } from "./route.ts";

/** The only place where row and JSON differ. */
const frontendJson = (row: Frontend): FrontendJson => ({
  id: row.id,
  active: row.active,
  bbb: { key: row.key, secret: row.secret },
  settings: row.settings as FrontendJson["settings"],
  account_ref: row.account_ref,
  created_at: jsonTime(row.created_at),
  updated_at: jsonTime(row.updated_at),
});

/** Part of every query: an account never even finds what is another's. */
const ownedBy = (principal: Principal): { account_ref?: string } =>
  principal.isAdmin ? {} : { account_ref: principal.sub };

const REQUIRED = "this field is required";

/** Only what is given is checked: older rows may hold anything. */
function merge(
  stored: Pick<Frontend, "key" | "secret"> | undefined,
  { bbb }: FrontendInput,
): { key: string; secret: string } {
  const given = (name: "key" | "secret") => bbb?.[name]?.trim() ?? stored?.[name];
  const fields: Record<string, string[]> = {};
  for (const name of ["key", "secret"] as const) {
    if ((stored === undefined || bbb?.[name] !== undefined) && !given(name)) fields[`bbb.${name}`] = [REQUIRED];
  }
  if (Object.keys(fields).length > 0) invalid(fields);
  return { key: given("key") ?? "", secret: given("secret") ?? "" };
}

const notFound = (id: string) => new AppError("not_found", `Frontend "${id}" is unknown`);

/** @throws conflict when another frontend has the key */
async function uniqueKey<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, "frontends_key_key")) conflict("bbb.key", error);
    throw error;
  }
}

export const frontendRoutes = [
  route(frontendEndpoints.list, async ({ deps, principal, query }) => {
    // An account that asks for another one's gets none: both conditions count.
    const rows = await listFrontendsMatching(deps.db, { ...query, owner: ownedBy(principal).account_ref });
    return rows.map(frontendJson);
  }),

  route(frontendEndpoints.create, async ({ deps, body }) => {
    const row = await uniqueKey(() =>
      insertFrontend(deps.db, {
        ...merge(undefined, body),
        active: body.active ?? true,
        account_ref: body.account_ref ?? null,
        settings: mergeFrontendSettings(NO_FRONTEND_SETTINGS, body.settings),
      })
    );
    return frontendJson(row);
  }),

  route(frontendEndpoints.show, async ({ deps, principal, params: { id = "" } }) => {
    const [row] = isUuid(id) ? await listFrontendsMatching(deps.db, { id, owner: ownedBy(principal).account_ref }) : [];
    if (row === undefined) throw notFound(id);
    return frontendJson(row);
  }),

  route(frontendEndpoints.update, async ({ deps, principal, params: { id = "" }, body }) => {
    if (body.bbb === null) invalid({ bbb: [REQUIRED] });
    const row = await uniqueKey(() =>
      deps.db.begin(async (tx) => {
        const stored = isUuid(id) ? await lockFrontend(tx, { id, owner: ownedBy(principal).account_ref }) : undefined;
        if (stored === undefined) throw notFound(id);
        return await updateFrontend(tx, {
          id,
          ...merge(stored, body),
          active: body.active ?? stored.active,
          account_ref: !principal.isAdmin || body.account_ref === undefined ? stored.account_ref : body.account_ref,
          settings: mergeFrontendSettings(stored.settings, body.settings),
        });
      })
    );
    return frontendJson(row);
  }),

  route(frontendEndpoints.delete, async ({ deps, params: { id = "" } }) => {
    const row = await deps.db.begin(async (tx) => {
      const stored = isUuid(id) ? await lockFrontend(tx, { id }) : undefined; // no recording is added from here on
      if (stored === undefined) throw notFound(id);
      await wishFrontendToTrash(tx, id);
      return await deleteFrontend(tx, id) ?? stored;
    });
    return frontendJson({ ...row, active: false });
  }),
];
