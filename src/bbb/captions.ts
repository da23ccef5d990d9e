// Captions as frontends upload them (WebVTT, SubRip) → WebVTT, which is what players read (bbb-api §4.3).

/** @returns undefined for what is neither, or has no cue */
export function toWebVtt(bytes: Uint8Array): string | undefined {
  const text = readText(bytes)?.replace(/\r\n?/g, "\n");
  if (text === undefined || text.includes("\0")) return undefined;
  if (/^WEBVTT(?:[ \t\n]|$)/.test(text)) return /(?:^|\n)[^\n]*-->/.test(text) ? text : undefined;
  return fromSubRip(text);
}

/** A byte order mark says which of the two; anything else than UTF-8 and UTF-16 is not guessed at. */
function readText(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  const label = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const TIME = String.raw`(\d{1,3}):(\d\d):(\d\d)[,.](\d{1,3})`;
const TIMING = new RegExp(`^\\s*${TIME}\\s*-->\\s*${TIME}`);

/** Blocks of a number, a line with times, and text. */
function fromSubRip(text: string): string | undefined {
  const cues: string[] = [];
  for (const block of text.trim().split(/\n[ \t]*\n+/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMING.test(line));
    if (at < 0 || at > 1) return undefined;
    const [from, to] = readTimes(lines[at] ?? "");
    cues.push(`${from} --> ${to}\n${lines.slice(at + 1).map(cueText).join("\n")}`);
  }
  return cues.length === 0 ? undefined : `WEBVTT\n\n${cues.join("\n\n")}\n`;
}

function readTimes(line: string): string[] {
  const parts = TIMING.exec(line)?.slice(1) ?? [];
  return [parts.slice(0, 4), parts.slice(4)].map(([hours = "", minutes, seconds, fraction = ""]) =>
    `${hours.padStart(2, "0")}:${minutes}:${seconds}.${fraction.padEnd(3, "0")}`
  );
}

/** Both know `<b>`, `<i>` and `<u>`; everything else that means something in WebVTT was plain text, `<font>` aside. */
const cueText = (line: string): string =>
  line.replace(/<\/?font[^>]*>|\{\\[^}]*\}/gi, "")
    .replace(/&(?!\w+;|#)/g, "&amp;")
    .replace(/<(?!\/?[biu]>)/gi, "&lt;")
    .replaceAll("-->", "--&gt;");
