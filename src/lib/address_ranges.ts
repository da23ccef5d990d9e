// Which addresses are public, and the exceptions an operator makes (B3SCALE_CALLBACK_ALLOW): what guarded_fetch.ts goes
// by, and config.ts reads. Pure.
import { isIP } from "node:net";

/** Four or sixteen bytes, the highest first. */
export type Address = readonly number[];

export interface Network {
  readonly bytes: Address;
  /** Leading bits that count. */
  readonly prefix: number;
}

export interface AllowList {
  readonly networks: readonly Network[];
  /** In lower case, without a dot at the end. */
  readonly hosts: readonly string[];
}

/** Undefined for whatever is no plain IPv4 or IPv6 address. */
export function readAddress(text: string): Address | undefined {
  if (text.includes("%")) return undefined; // a zone belongs to one machine's link
  switch (isIP(text)) {
    case 4:
      return text.split(".").map(Number);
    case 6: {
      const [head = "", tail = ""] = text.split("::");
      const [front, back] = [groupBytes(head), groupBytes(tail)];
      return [...front, ...Array<number>(16 - front.length - back.length).fill(0), ...back];
    }
    default:
      return undefined;
  }
}

function groupBytes(groups: string): number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** `10.0.0.0/8`, or one address. Bits beyond the prefix make it none: nobody knows which network was meant. */
function readNetwork(text: string): Network | undefined {
  const [address = "", length, ...rest] = text.split("/");
  const bytes = readAddress(address);
  if (bytes === undefined || rest.length > 0 || !/^(0|[1-9]\d*)$/.test(length ?? "0")) return undefined;
  const prefix = length === undefined ? bytes.length * 8 : Number(length);
  const network = { bytes, prefix };
  const isExact = bytes.every((byte, index) => (byte & ~maskOf(prefix, index)) === 0);
  return prefix <= bytes.length * 8 && isExact ? network : undefined;
}

/** Of the byte at that place. */
const maskOf = (prefix: number, index: number): number =>
  (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * index))) & 0xff;

const contains = ({ bytes, prefix }: Network, address: Address): boolean =>
  bytes.length === address.length &&
  bytes.every((byte, index) => ((byte ^ (address[index] ?? 0)) & maskOf(prefix, index)) === 0);

/** @throws Error, so that no line of the tables below can be lost */
function networkOf(text: string): Network {
  const read = readNetwork(text);
  if (read === undefined) throw new Error(`"${text}" is no network`);
  return read;
}

/** IANA's special-purpose registries, as far as they are not reachable from everywhere. */
const SPECIAL: readonly (readonly [kind: string, network: Network])[] = ([
  ["unspecified", "0.0.0.0/8"],
  ["private", "10.0.0.0/8"],
  ["shared (carrier NAT)", "100.64.0.0/10"],
  ["loopback", "127.0.0.0/8"],
  ["link-local", "169.254.0.0/16"],
  ["private", "172.16.0.0/12"],
  ["reserved", "192.0.0.0/24"],
  ["documentation", "192.0.2.0/24"],
  ["reserved", "192.88.99.0/24"],
  ["private", "192.168.0.0/16"],
  ["benchmark", "198.18.0.0/15"],
  ["documentation", "198.51.100.0/24"],
  ["documentation", "203.0.113.0/24"],
  ["multicast", "224.0.0.0/4"],
  ["reserved", "240.0.0.0/4"],
  ["unspecified", "::/128"],
  ["loopback", "::1/128"],
  ["reserved", "2001::/23"],
  ["documentation", "2001:db8::/32"],
  ["documentation", "3fff::/20"],
  ["private", "fc00::/7"],
  ["link-local", "fe80::/10"],
  ["multicast", "ff00::/8"],
] as const).map(([kind, text]) => [kind, networkOf(text)]);

/** Whatever else IPv6 has is not assigned, or means a host only here. */
const GLOBAL_IPV6 = networkOf("2000::/3");

/** IPv6 forms of an IPv4 address: mapped, NAT64, 6to4; and the byte where it begins. */
const EMBEDDED: readonly (readonly [network: Network, start: number])[] = [
  [networkOf("::ffff:0:0/96"), 12],
  [networkOf("64:ff9b::/96"), 12],
  [networkOf("2002::/16"), 2],
];

/** The IPv4 address that a packet to this one ends up at. */
function embeddedIn(address: Address): Address | undefined {
  const start = EMBEDDED.find(([form]) => contains(form, address))?.[1];
  return start === undefined ? undefined : address.slice(start, start + 4);
}

/** What kind of address it is; undefined when it is public. */
export function specialKind(address: Address): string | undefined {
  const embedded = embeddedIn(address);
  if (embedded !== undefined) return specialKind(embedded);
  const kind = SPECIAL.find(([, special]) => contains(special, address))?.[0];
  return kind ?? (address.length === 4 || contains(GLOBAL_IPV6, address) ? undefined : "reserved");
}

/** An IPv6 form of an IPv4 address is allowed where that one is. */
export function isAllowed({ networks, hosts }: AllowList, host: string, address: Address): boolean {
  const forms = [address, embeddedIn(address) ?? address];
  return hosts.includes(plainHost(host)) || networks.some((one) => forms.some((form) => contains(one, form)));
}

const plainHost = (host: string): string => host.toLowerCase().replace(/\.$/, "");

/** Networks, addresses and host names, separated by commas or spaces. @returns entries that are none of them, too */
export function readAllowList(text: string): { readonly list: AllowList; readonly wrong: readonly string[] } {
  const networks: Network[] = [];
  const hosts: string[] = [];
  const wrong: string[] = [];
  for (const entry of text.split(/[\s,]+/)) {
    if (entry === "") continue;
    const network = readNetwork(entry.replace(/^\[(.*)\]$/, "$1"));
    const host = network === undefined ? readHost(entry) : undefined;
    if (network !== undefined) networks.push(network);
    else if (host !== undefined) hosts.push(host);
    else wrong.push(entry);
  }
  return { list: { networks, hosts }, wrong };
}

/** As URLs spell it, since those are compared with it; `10.1` and `0x7f.1` are odd addresses, not names. */
function readHost(text: string): string | undefined {
  if (!/^[\p{L}\p{N}._-]+$/u.test(text)) return undefined;
  const host = plainHost(URL.parse(`http://${text}`)?.hostname ?? "");
  return host === "" || isIP(host) !== 0 ? undefined : host;
}

/** For what the operator has set: wherever it leads. */
export const ALLOW_ALL: AllowList = { networks: [networkOf("0.0.0.0/0"), networkOf("::/0")], hosts: [] };
