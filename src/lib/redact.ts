// What no line of a log may hold: secrets, tokens, names of people, what tenants write. By the name of a field, of a URL
// parameter, of a member of JSON, and by shape. Used by log.ts; by cli and agent for what they print. Pure.

export type Fields = Readonly<Record<string, unknown>>;

const HIDDEN = "[redacted]";
/** Deeper is nothing that somebody reads. */
const MOST_DEPTH = 8;

const SECRET_NAME =
  /secret|passw(?:or)?d|token|checksum(?!_?(?:type|alg))|authorization|cookie|jwt|private_?key|api_?key|pw$|^(?:full|first|last|guest|user)_?name$|^user_?id$|^avatar_?url$|^signed_parameters$/i;
/** In URLs as well: what a tenant or a person wrote, and URLs, since those of callbacks hold tokens. */
const SECRET_PARAMETER =
  /^(?:userdata-|meta_)|ur[li]$|^(?:name|welcome|message|moderatorOnlyMessage|bannerText|copyright|logo|e?mail)$/i;

/** The names of fields and parameters are few, and each request has twenty of them; a client may make up more. */
function remembering(judge: (name: string) => boolean): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return (name) => {
    const held = known.get(name);
    if (held !== undefined) return held;
    if (known.size >= MOST_NAMES) known.clear();
    const judged = judge(name);
    if (name.length <= MOST_NAME) known.set(name, judged);
    return judged;
  };
}
const MOST_NAMES = 1000;
const MOST_NAME = 64;

const isSecretName = remembering((name) => SECRET_NAME.test(name));
/** A name that hides behind escapes is not worth the risk. */
const isSecretParameter = remembering((name) =>
  name.includes("%") || SECRET_NAME.test(name) || SECRET_PARAMETER.test(name)
);

export function redactFields(fields: Fields, depth = 0): Record<string, unknown> {
  const redacted: Record<string, unknown> = {};
  for (const key in fields) {
    if (fields[key] !== undefined) redacted[depth === 0 ? key : redactText(key)] = redactField(key, fields[key], depth);
  }
  return redacted;
}

/** Fields that hold a URL or a part of one. */
const isTarget = (key: string): boolean => key === "uri" || key === "path" || key === "referer";

function redactField(key: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value;
  if (isSecretName(key)) return HIDDEN;
  switch (typeof value) {
    case "number":
    case "boolean":
      return value;
    case "string":
      return isTarget(key) ? redactTarget(value) : redactText(value);
    case "object":
      return redactObject(value, depth + 1);
    default:
      return redactText(String(value));
  }
}

/** Of an error its text alone: those of the database carry the row's values besides. */
function redactObject(value: object, depth: number): unknown {
  if (value instanceof Error) return redactText(value.message || value.name);
  if (value instanceof Date) return value.toJSON();
  if (value instanceof URL) return redactTarget(value.href);
  if (depth > MOST_DEPTH) return "[…]";
  if (Array.isArray(value)) return value.map((item) => redactField("", item, depth));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return Object.prototype.toString.call(value);
  return redactFields(value as Fields, depth);
}

/** JSON in base64: a JWT, or the address of the retry page, which holds a signed join. */
const ENCODED_JSON = /eyJ[\w-]{8,}(?:\.[\w-]*)*|\be[wy][\w-]{8,}\.[\w-]{16,}(?:\.[\w-]*)*/g;
const PEM = /-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|$)/g;
/** A password of PostgreSQL may hold anything up to the last @. */
const DATABASE_PASSWORD = /(postgres(?:ql)?:\/\/[^\s/@:]*:)\S{0,1000}@/gi;
const PASSWORD_IN_URL = /(:\/\/[^\s/@:]*:)[^\s/@]*@/g;
const USER_IN_URL = /(:\/\/)[^\s/@:?#[\]]+@/g;

const SHAPED = /@|e[wy][\w-]{8}|-----/;

const hideShapes = (text: string): string =>
  !SHAPED.test(text)
    ? text
    : text.replace(PEM, HIDDEN).replace(DATABASE_PASSWORD, `$1${HIDDEN}@`).replace(PASSWORD_IN_URL, `$1${HIDDEN}@`)
      .replace(USER_IN_URL, `$1${HIDDEN}@`).replace(ENCODED_JSON, HIDDEN);

/** Whoever has what follows is let in. */
const TOKEN_IN_PATH = /(\/(?:callbacks\/proxy|protected\/recordings|retry-join)\/)(?!auth$)[^/?#\s"']+/g;

/** A URL, or path and query. Escaped as it is, it is read as a server would read it. */
function redactTarget(target: string): string {
  const start = target.indexOf("?") + 1;
  const path = redactPath(start === 0 ? target : target.slice(0, start - 1));
  if (start === 0) return path;
  const pairs = target.slice(start).split("&").map((pair) => {
    const end = pair.indexOf("=");
    if (end >= 0 && isSecretParameter(pair.slice(0, end))) return `${pair.slice(0, end)}=${HIDDEN}`;
    return hasShape(pair) ? pair.slice(0, end + 1) + HIDDEN : pair;
  });
  return `${path}?${pairs.join("&")}`;
}

function redactPath(path: string): string {
  const plain = path.includes("%") ? unescape(path) : path;
  const redacted = hideShapes(plain.replace(TOKEN_IN_PATH, `$1${HIDDEN}`));
  return redacted === plain ? path : redacted;
}

function hasShape(text: string): boolean {
  if (!text.includes("%")) return SHAPED.test(text) && hideShapes(text) !== text;
  const plain = unescape(text);
  return hideShapes(plain) !== plain || /:\/\/\S*[?&]/.test(plain);
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
}

/** What a text must contain to be looked at more closely: most do not. */
const SUSPECT =
  /[=@]|e[wy][\w-]{8}|"\s*:|-----BEGIN|Bearer|cookie:|authorization:|invalid input|\/(?:proxy|recordings|retry-join)\//i;
const PAIR = /([?&]?)(?<![\w%.+~[\]-])([\w%.+~[\]-]+)=("(?:[^"\\]|\\.)*"?|'[^']*'?|[^&\s"'<>]*)/g;
const MEMBER = /(\\?"([\w.-]+)\\?"\s*:\s*)("(?:[^"\\]|\\.)*"?|\\".*?(?:\\"|$)|[^\s,}\]"\\]+)/g;
const HEADER = /\b((?:authorization|(?:set-)?cookie)\s*:\s*)[^\r\n"]+/gi;
const BEARER = /\b(Bearer\s+)[\w.~+/=-]{8,}/g;
/** PostgreSQL quotes the value. */
const REFUSED_VALUE = /(invalid input (?:syntax|value)[^"]{0,100})"(?:[^"\\]|\\.)*"/g;
const ROW_VALUE = /(\([^()]*\)=)\([^()]*\)/g;

/** The same in any text, such as the message of an error. */
export function redactText(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return hideShapes(text)
    .replace(TOKEN_IN_PATH, `$1${HIDDEN}`)
    .replace(ROW_VALUE, `$1(${HIDDEN})`)
    .replace(
      PAIR,
      (pair, mark: string, name: string, value: string) =>
        (mark === "" ? isSecretName(name) : isSecretParameter(name)) && value !== HIDDEN
          ? `${mark}${name}=${HIDDEN}`
          : pair,
    )
    .replace(MEMBER, (member, start: string, name: string) => isSecretName(name) ? `${start}"${HIDDEN}"` : member)
    .replace(HEADER, `$1${HIDDEN}`)
    .replace(BEARER, `$1${HIDDEN}`)
    .replace(REFUSED_VALUE, `$1"${HIDDEN}"`);
}
