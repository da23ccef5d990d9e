// The command line of b3scaleagent, read as Go's flag package did in 1.x. Used by main.ts.

export type Args =
  | { readonly action: "run" | "check"; readonly register: boolean }
  | { readonly action: "version" }
  | { readonly action: "help" }
  | { readonly action: "refuse"; readonly message: string };

export const USAGE = `Usage of b3scaleagent:
  -a\tautomatically register backend node in cluster (shorthand)
  -register
    \tautomatically register backend node in cluster
  -version
    \tprint the version
  check
    \tsay whether this node is set up, without changing anything`;

/** With one dash or two, alone or as `-a=false`. */
export function readArgs(args: readonly string[]): Args {
  let action: "run" | "check" = "run";
  let register = false;
  let version = false;
  for (const [index, arg] of args.entries()) {
    if (arg === "check") {
      action = "check";
      continue;
    }
    if (arg === "--") break;
    if (arg === "-" || !arg.startsWith("-")) {
      // 1.x ignored words. After a flag that stays (`-register true`), but a misspelt command must not start an agent.
      if (index === 0) return refuse(`unknown command "${arg}"`);
      break;
    }
    const [, name, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) return refuse(`bad flag syntax: ${arg}`);
    if (name === "h" || name === "help") return { action: "help" };
    if (!["a", "register", "version"].includes(name)) return refuse(`flag provided but not defined: -${name}`);
    const isOn = readTruth(value ?? "true");
    if (isOn === undefined) return refuse(`invalid boolean value "${value}" for -${name}: parse error`);
    if (name === "version") version = isOn;
    else register = isOn;
  }
  return version ? { action: "version" } : { action, register };
}

const refuse = (message: string): Args => ({ action: "refuse", message });

function readTruth(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return undefined;
}
