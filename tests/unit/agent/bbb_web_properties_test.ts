import assert from "node:assert/strict";
import fc from "fast-check";
import { readNode, readProperties, readRedis } from "../../../agent/bbb_web_properties.ts";

const trimmed = (text: string) => text === text.trim() && !/[\n\r]/.test(text);
const key = fc.string({ minLength: 1 }).filter((text) => trimmed(text) && !/^#|[=}]/.test(text));
const value = fc.string().filter((text) => trimmed(text) && !text.includes("${"));
const space = fc.constantFrom("", " ", "\t", "  ");
/** What stands between the lines that count. */
const noise = fc.constantFrom("", "# key=value", "  #x=y", "no sign of it", "\r");

Deno.test("readProperties() takes the last value of each key, whatever is around it", () => {
  fc.assert(fc.property(fc.array(fc.tuple(key, value, space, space, noise)), (lines) => {
    const text = lines.map(([key, value, a, b, noise]) => `${noise}\n${a}${key}${b}=${a}${value}${b}\r\n`).join("");
    assert.deepEqual(readProperties(text), new Map(lines.map(([key, value]) => [key, value])));
  }));
});

Deno.test("readProperties() puts the other's own text in place of one reference", () => {
  const text = fc.string().filter((text) => trimmed(text));
  fc.assert(fc.property(value, text, text, key, (before, other, after, name) => {
    fc.pre(trimmed(before + "x") && trimmed("x" + after) && name !== "user");
    const lines = `user=${before}\${${name}}${after}\n${name}=${other}\n`;
    assert.equal(readProperties(lines).get("user"), before + other + after);
  }));
});

Deno.test("readProperties() resolves one reference, not those of the other, and leaves unknown ones", () => {
  const properties = readProperties("a=1\nb=${a}${a}\nc=${b}\nd=${nobody}/${a}\ne=${e}\nf=${ a }$&\n");
  const expected = { a: "1", b: "1${a}", c: "${a}${a}", d: "${nobody}/${a}", e: "${e}", f: "1$&" };
  assert.deepEqual(Object.fromEntries(properties), expected);
});

Deno.test("readProperties() takes any text", () => {
  fc.assert(fc.property(fc.string(), (text) => void readProperties(text)));
  assert.equal(readProperties("constructor=x").get("toString"), undefined);
});

const node = (text: string) => readNode(readProperties(text));

Deno.test("readNode() makes the API's URL of the server's", () => {
  const expected = { host: "https://n1.example/bigbluebutton/api/", secret: "s=1" };
  assert.deepEqual(node("bigbluebutton.web.serverURL=https://n1.example\nsecuritySalt=s=1"), expected);
  assert.deepEqual(node("bigbluebutton.web.serverURL=https://n1.example/\nsecuritySalt = s=1 "), expected);
});

Deno.test("readNode() names what is missing or wrong", () => {
  const url = "bigbluebutton.web.serverURL";
  assert.throws(() => node("securitySalt=x"), { message: `${url} property not found in config` });
  assert.throws(() => node(`${url}=\nsecuritySalt=x`), { message: `${url} property not found in config` });
  assert.throws(() => node(`${url}=http://n1.example`), { message: "securitySalt property not found in config" });
  for (const wrong of ["n1.example", "${nobody}", "http:///x", "ftp://n1.example"]) {
    assert.throws(() => node(`${url}=${wrong}\nsecuritySalt=x`), {
      message: `${url}: "${wrong}" does not start with http:// or https://`,
    });
  }
});

Deno.test("readRedis() fills in BBB's defaults", () => {
  const redis = (text: string) => readRedis(readProperties(text));
  assert.deepEqual(redis(""), { host: "localhost", port: 6379, password: "" });
  assert.deepEqual(redis("redisHost=\nredisPort=\nredisPassword="), { host: "localhost", port: 6379, password: "" });
  assert.deepEqual(redis("redisHost=10.0.0.1\nredisPort=6380\nredisPassword=p@:/ß"), {
    host: "10.0.0.1",
    port: 6380,
    password: "p@:/ß",
  });
  for (const port of ["0", "65536", "-1", "6379x", "1.5"]) {
    assert.throws(() => redis(`redisPort=${port}`), { message: `redisPort: "${port}" is no port` });
  }
});
