// KEY=VALUE files as 1.x reads them: no quoting rules, no interpolation (control-plane contract §1.2).

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
