// What a run left in the folder where tokens are kept.
import { matches } from "./compare.ts";
import type { Expectation } from "./case.ts";

/** @returns what differs, one line each */
export async function compareFiles(folder: string, expected: Expectation["config_dir_after"]): Promise<string[]> {
  if (expected === undefined) return [];
  const names = (await listFiles(folder)).sort();
  const wanted = Object.keys(expected).sort();
  if (names.join() !== wanted.join()) {
    return [`files: expected ${wanted.join() || "none"}, got ${names.join() || "none"}`];
  }
  const problems = await Promise.all(wanted.map(async (name) => {
    const { mode, claims } = expected[name] as { mode: string; claims: Record<string, unknown> };
    const found = ((await Deno.stat(`${folder}/${name}`)).mode ?? 0) & 0o777;
    const token = await Deno.readTextFile(`${folder}/${name}`);
    const stored = JSON.parse(atob(token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? ""));
    return [
      ...`0o${found.toString(8)}` === mode ? [] : [`${name}: mode 0o${found.toString(8)}, not ${mode}`],
      ...Object.entries(claims).filter(([claim, value]) => !matches(String(stored[claim]), String(value)))
        .map(([claim]) => `${name}: ${claim} is "${stored[claim]}"`),
    ];
  }));
  return problems.flat();
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
