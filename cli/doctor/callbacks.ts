// Whether callbacks arrive: from nodes at the server's public URL, and from the server at the frontends' own addresses.
import type { BackendJson } from "../../src/contract/backend.ts";
import { CALLBACK_PARAMETERS, type CallbackCheckJson, callbackEndpoints } from "../../src/contract/callback.ts";
import { type Answer, type ApiClient, ApiError } from "../../src/contract/client.ts";
import type { FrontendJson } from "../../src/contract/frontend.ts";
import { type Check, type Finding, ok, problem, shellWord, warning, type World } from "./check.ts";

type Frontend = Answer<FrontendJson>;

const AT_ONCE = 8;

/** @throws ApiError */
export async function* callbackChecks(
  { progress }: Pick<World, "progress">,
  api: ApiClient,
  { frontends, backends }: { frontends: readonly Frontend[]; backends: readonly Answer<BackendJson>[] },
): AsyncGenerator<Check> {
  const check = "callback";
  progress("callbacks: the server's public URL");
  const own = await askPublicUrl(api);
  if (own === undefined) return yield { check, ...warning("callbacks: not checked by a 1.x server", "") };
  yield { check, ...publicFinding(own, backends) };

  const { targets, invalid } = targetsOf(frontends);
  for (const finding of invalid) yield { check, ...finding };
  for (let first = 0; first < targets.length; first += AT_ONCE) {
    progress(`callbacks: ${first} of ${targets.length} targets`);
    const some = targets.slice(first, first + AT_ONCE);
    const findings = await Promise.all(some.map(async ({ origin, keys }) => {
      return targetFinding(`callbacks of ${keys} to ${origin}`, await askTarget(api, origin));
    }));
    for (const finding of findings) yield { check, ...finding };
  }
}

async function askPublicUrl(api: ApiClient): Promise<CallbackCheckJson | undefined> {
  try {
    return await api.call(callbackEndpoints.check, { body: {} });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** What follows the host may be a token: it stays here. */
const askTarget = (api: ApiClient, origin: string): Promise<CallbackCheckJson> =>
  api.call(callbackEndpoints.check, { body: { url: `${origin}/` } });

const isLoopback = (url: string): boolean => /^(localhost|127\..*|\[::1\])$/.test(URL.parse(url)?.hostname ?? "");

function publicFinding(own: CallbackCheckJson, backends: readonly Answer<BackendJson>[]): Finding {
  const { target, reachable, status, reason } = own;
  const name = `the server's public URL ${target}`;
  if (!reachable) {
    return problem(`${name} does not answer: ${reason}`, "correct B3SCALE_API_URL of b3scaled, or what leads there");
  }
  if (isLoopback(target) && backends.some(({ bbb }) => !isLoopback(bbb.host))) {
    const hint = "set B3SCALE_API_URL of b3scaled to an address that nodes reach, and restart it";
    return problem(`${name} leads each node to itself: its callbacks are lost`, hint);
  }
  if (status !== 401) { // what b3scaled says to those without a token
    const hint = "correct B3SCALE_API_URL of b3scaled, or have the reverse proxy pass /api on to it";
    return warning(`${name} answers ${status}, as b3scaled does not`, hint);
  }
  return ok(`${name} is reachable`);
}

function targetFinding(name: string, { target, allowed, reachable, reason }: CallbackCheckJson): Finding {
  if (!allowed) {
    const host = URL.parse(target)?.hostname ?? target;
    const hint = `add ${host} or its network to B3SCALE_CALLBACK_ALLOW of b3scaled, and restart it`;
    return problem(`${name} are refused: ${reason}`, hint);
  }
  if (!reachable) return warning(`${name}: ${reason}`, `try curl -I ${shellWord(target)} on the machine of b3scaled`);
  return ok(`${name} are let through and answered`);
}

interface Target {
  readonly origin: string;
  /** Of the frontends, for people. */
  readonly keys: string;
}

/** Each host once, whoever sends callbacks there. */
function targetsOf(frontends: readonly Frontend[]): { targets: Target[]; invalid: Finding[] } {
  const keys = new Map<string, Set<string>>();
  const invalid: Finding[] = [];
  for (const { bbb: { key }, settings } of frontends) {
    for (const setting of ["create_default_params", "create_override_params"] as const) {
      for (const [name, value] of Object.entries(settings[setting])) {
        if (value === "" || !CALLBACK_PARAMETERS.has(name.toLowerCase())) continue;
        const url = URL.parse(value);
        if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
          const what = `frontend "${key}": ${name} in ${setting} is no callback's URL`;
          const opts = shellWord(JSON.stringify({ [setting]: { [name]: "https://…" } }));
          const hint = `set one with http(s):// and no user: b3scalectl set frontend --opts ${opts} ${shellWord(key)}`;
          invalid.push(problem(what, hint));
        } else keys.set(url.origin, (keys.get(url.origin) ?? new Set()).add(`"${key}"`));
      }
    }
  }
  return { targets: [...keys].map(([origin, names]) => ({ origin, keys: listText([...names]) })), invalid };
}

const MOST_NAMED = 3;

const listText = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).join(", ") + (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "");
