// Which addresses the guard of callbacks takes for public, and what an operator may list as an exception.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ALLOW_ALL, isAllowed, readAddress, readAllowList, specialKind } from "../../../src/lib/address_ranges.ts";

const addressOf = (text: string) => readAddress(text) ?? assert.fail(`"${text}" is no address`);
const kindOf = (text: string) => specialKind(addressOf(text));

/** The first and the last of each network, and its neighbours on either side. */
const ranges: readonly (readonly [kind: string, first: string, last: string, before?: string, after?: string])[] = [
  ["unspecified", "0.0.0.0", "0.255.255.255", undefined, "1.0.0.0"],
  ["private", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["shared (carrier NAT)", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["loopback", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["link-local", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["private", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["reserved", "192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
  ["documentation", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"],
  ["reserved", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"],
  ["private", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["benchmark", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["documentation", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"],
  ["documentation", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"],
  ["multicast", "224.0.0.0", "239.255.255.255", "223.255.255.255", undefined],
  ["reserved", "240.0.0.0", "255.255.255.255", undefined, undefined],
  ["unspecified", "::", "::", undefined, undefined],
  ["loopback", "::1", "0:0:0:0:0:0:0:1", undefined, undefined],
  ["reserved", "::2", "::fffe:ffff:ffff", undefined, undefined],
  ["reserved", "::ffff:0:808:808", "64:ff9b:1:ffff::", undefined, undefined],
  ["reserved", "2001::", "2001:1ff:ffff::", undefined, "2001:200::"],
  ["documentation", "2001:db8::", "2001:db8:ffff:ffff::", "2001:db7:ffff::", "2001:db9::"],
  ["documentation", "3fff::", "3fff:fff::", "3ffe:ffff::", "3fff:1000::"],
  ["reserved", "4000::", "fbff:ffff::", undefined, undefined],
  ["private", "fc00::", "fdff:ffff::", undefined, undefined],
  ["reserved", "fe00::", "fe7f:ffff::", undefined, undefined],
  ["link-local", "fe80::", "febf:ffff::", undefined, undefined],
  ["reserved", "fec0::", "feff:ffff::", undefined, undefined],
  ["multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", undefined, undefined],
];
for (const [kind, first, last, ...neighbours] of ranges) {
  Deno.test(`specialKind() calls ${first} to ${last} ${kind}`, () => {
    assert.deepEqual([kindOf(first), kindOf(last)], [kind, kind]);
    for (const one of neighbours) if (one !== undefined) assert.equal(kindOf(one), undefined, one);
  });
}

Deno.test("specialKind() takes each IPv6 form of an IPv4 address for that address", () => {
  const inner = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
  fc.assert(fc.property(inner, (bytes) => {
    const dotted = bytes.join(".");
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/(....)$/, ":$1");
    for (
      const form of [`::ffff:${dotted}`, `::ffff:${hex}`, `64:ff9b::${dotted}`, `64:ff9b::${hex}`, `2002:${hex}::1`]
    ) {
      assert.equal(kindOf(form), kindOf(dotted), form);
    }
  }));
  assert.equal(kindOf("::ffff:169.254.169.254"), "link-local");
  assert.equal(kindOf("64:ff9b::8.8.8.8"), undefined);
});

Deno.test("readAddress() reads every spelling of an IPv6 address, and nothing that is none", () => {
  const same = ["2a00:1:0:0:0:0:0:7f", "2a00:1::7f", "2A00:0001:0000::7F", "2a00:1::0.0.0.127", "2a00:1:0:0:0:0:0:7f"];
  for (const text of same) {
    assert.deepEqual(readAddress(text), [0x2a, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127], text);
  }
  assert.deepEqual(readAddress("1::")?.slice(0, 3), [0, 1, 0]);
  for (
    const text of ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[::1]", "fe80::1%eth0", "::1::"]
  ) {
    assert.equal(readAddress(text), undefined, text);
  }
});

Deno.test("readAllowList() takes networks, addresses and names, by commas or spaces", () => {
  assert.deepEqual(readAllowList(" 10.0.0.0/8,192.168.1.7\nfd00::/8  [::1], LMS.Example. lms_1,,Über.example"), {
    list: {
      networks: [
        { bytes: [10, 0, 0, 0], prefix: 8 },
        { bytes: [192, 168, 1, 7], prefix: 32 },
        { bytes: [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], prefix: 8 },
        { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], prefix: 128 },
      ],
      hosts: ["lms.example", "lms_1", "xn--ber-goa.example"],
    },
    wrong: [],
  });
});

const wrong = [
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/",
  "10.0.0.0/08",
  "10.0.0.0/8/8",
  "10.0.0.1/8",
  "fd00::1/8",
  "::/129",
  "lms.example/8",
  "10.1",
  "0x7f.1",
  "2130706433",
  "300.1.1.1",
  "*.example",
  "lms.example:8080",
  "https://lms.example",
  "user@lms.example",
  "fe80::1%eth0",
  ".",
];
for (const entry of wrong) {
  Deno.test(`readAllowList() refuses "${entry}"`, () => {
    assert.deepEqual(readAllowList(`10.0.0.0/8 ${entry}`).wrong, [entry]);
  });
}

Deno.test("isAllowed() goes by network, address or name, whatever the address is written as", () => {
  const { list } = readAllowList("10.0.0.0/9, 192.168.1.7, lms.example, fd00::/8");
  const allowed = (host: string, address: string) => isAllowed(list, host, addressOf(address));
  for (
    const [host, address] of [
      ["a.example", "10.127.255.255"],
      ["a.example", "192.168.1.7"],
      ["a.example", "::ffff:10.0.0.1"],
      ["a.example", "64:ff9b::a00:1"],
      ["a.example", "fd12::1"],
      ["lms.example", "127.0.0.1"],
      ["LMS.example.", "127.0.0.1"],
    ] as const
  ) assert.equal(allowed(host, address), true, `${host} ${address}`);
  for (
    const [host, address] of [
      ["a.example", "10.128.0.0"],
      ["a.example", "192.168.1.6"],
      ["a.lms.example", "127.0.0.1"],
      ["lms.example.evil", "127.0.0.1"],
      ["a.example", "::ffff:10.128.0.1"],
      ["a.example", "fe12::1"],
    ] as const
  ) assert.equal(allowed(host, address), false, `${host} ${address}`);
  assert.equal(isAllowed(ALLOW_ALL, "a", addressOf("127.0.0.1")), true);
  assert.equal(isAllowed(ALLOW_ALL, "a", addressOf("fe80::1")), true);
});
