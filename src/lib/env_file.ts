// KEY=VALUE files as 1.x reads them: no quoting rules, no interpolation (control-plane contract §1.2).
import { ConfigError } from "../config.ts";
import { errorText } from "../errors.ts";
import type { Env } from "./read_setting.ts";

const ENV_FILES = [".env", "/etc/default/b3scale", "/etc/sysconfig/b3scale"];

/**
 * The environment with the files that exist laid over it, the later ones on top; they are read only while `trigger` is
 * not set. @throws ConfigError for a file that may not be read
 */
export function withEnvFiles(
  env: Env,
  trigger: string,
  { readText, announce, skipsForbidden = false }: {
    readText: (path: string) => string;
    announce: (line: string) => void;
    /** For a program that others use than those the files are for: the server's are not for everybody's eyes. */
    skipsForbidden?: boolean;
  },
): Env {
  if (env[trigger]?.trim()) return env;
  let merged = env;
  for (const path of ENV_FILES) {
    let text: string;
    try {
      text = readText(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      if (skipsForbidden && error instanceof Deno.errors.PermissionDenied) continue;
      throw new ConfigError([`cannot read environment file "${path}": ${errorText(error)}`]);
    }
    announce(`using environment from: ${path}`);
    merged = { ...merged, ...readEnvFile(text) };
  }
  return merged;
}

/** Quotes and white space around names and values are dropped; lines without `=` and comments are skipped. */
export function readEnvFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const split = line.indexOf("=");
    if (line.startsWith("#") || split < 0) continue;
    values[clean(line.slice(0, split))] = clean(line.slice(split + 1));
  }
  return values;
}

const clean = (text: string): string => text.trim().replace(/^["']+|["']+$/g, "");
