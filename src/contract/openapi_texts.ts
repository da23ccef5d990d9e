// The words of the OpenAPI document that no endpoint value holds.
import * as v from "valibot";
import type { Scope } from "./endpoint.ts";

export const Problem = v.pipe(
  v.object({
    message: v.string(),
    error: v.optional(v.pipe(v.picklist(["validation_error", "conflict"]), v.description("only where fields are"))),
    fields: v.optional(v.pipe(
      v.record(v.string(), v.array(v.string())),
      v.description("what is wrong with which field, by its dotted name"),
    )),
  }),
  v.description("Why a request was refused"),
);

export const INTRODUCTION = `Control plane of a b3scale cluster: frontends (tenants), backends (BigBlueButton nodes), \
meetings and the command queue.

- Every request carries a token. What is wrong with the token is found out before anything else, so an unknown path without \
one is answered 401. Below \`/api/v1\` an unknown path and a wrong method are 404.
- Not listed, because no bearer token is asked for: \`/api/v1/protected/recordings/{token}\` (links to protected recordings), \
\`/api/v1/protected/recordings/auth\` (whoever serves their files asks there), and \`/api/v1/callbacks/proxy/{token}\` \
(callbacks of nodes).
- Bodies are JSON (\`Content-Type: application/json\`) of at most 16 MiB. Members not listed here, and those that only the \
server writes, are ignored.
- PATCH merges: objects and maps by key, arrays and scalars replace. \`null\` clears a setting that may be null, empties a \
map, removes one entry of a map, and changes nothing elsewhere.
- Times are RFC 3339 in UTC; \`latency\` is in nanoseconds.
- Query filters not listed are ignored, empty ones count as absent. \`__like\` finds a part of the value, \`__ilike\` in \
either case.
- Each answer carries \`X-Request-Id\`: the request's own, or a new one.`;

export const SCOPES: Readonly<Record<Exclude<Scope, "b3scale:recordings" | "b3scale:callback">, string>> = {
  "b3scale:admin": "everything but the agent's resources; wins over the others",
  b3scale: "an account: the frontends whose `account_ref` is the token's `sub`",
  "b3scale:node": "the agent of a backend: the backend whose `agent_ref` is the token's `sub`, and its meetings",
};

export const TAGS: Readonly<Record<string, string>> = {
  status: "Server, database, and what was changed",
  frontends: "Tenants: who may create meetings",
  backends: "BigBlueButton nodes",
  meetings: "What is known of running meetings",
  recordings: "What has been recorded, and who may see it",
  imports: "Recordings that nodes hand over, and what became of them",
  commands: "The queue of the background controller",
  callbacks: "What nodes and recordings report back to frontends",
  agent: "For the agents on the nodes",
};

/** What each status means, wherever it occurs. */
export const ANSWERS: Readonly<Record<number, string>> = {
  400: "A parameter or member of the body is missing or wrong: `message` or `fields` name it",
  401: "No token, or one that is wrong or has expired",
  403: "The token's scopes do not suffice, or it is an agent's without a backend",
  404: "There is none, or none that the token may see",
  408: "Nothing was sent for too long",
  409: "Another one has that value already: `fields` names it",
  413: "The body exceeds 16 MiB",
  415: "The body is not JSON",
  429: "Too many failed tokens from this address within a minute",
  500: "A defect, or the database cannot be reached; the log knows more under the request's id",
  501: "Switched off on this server",
  507: "No space left",
};
