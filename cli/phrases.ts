// Numbers, spans of time and addresses as operators read and write them: "3 meetings", "12 min", `1h30m`. Pure.
import { CliError } from "./types.ts";

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** What tells nodes apart. */
export const shortHost = (host: string): string =>
  host.replace(/^https?:\/\//, "").replace(/\/(bigbluebutton\/api\/?)?$/, "");

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** With as much of it as matters; never below zero, since clocks differ. */
export function durationText(seconds: number): string {
  if (seconds < 2 * MINUTE) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} min`;
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} h` : `${Math.round(seconds / DAY)} days`;
}

/** Of something that is over soon. */
export function millisText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : durationText(ms / 1000);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY };

/** @returns seconds @throws CliError */
export function readDuration(text: string): number {
  if (!/^(\d{1,9}|(\d{1,9}[smhd])+)$/.test(text)) {
    throw new CliError(`"${text}" is no span of time: write 90s, 30m, 2h, 1h30m or 1d`);
  }
  return [...text.matchAll(/(\d+)([smhd]?)/g)]
    .reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 1), 0);
}

/** URLs in a 1.x server's errors are signed ones. */
export const withoutUrls = (text: string): string => text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"']*/gi, "…");
