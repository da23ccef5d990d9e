// Families of the process itself, under the names that Prometheus' client libraries share. The runtime tells some of
// them; the others stand in /proc, which Deno lets a program read only when it may do everything (`-A`): without that, or
// on another system, they are absent. The `go_*` families of 1.x describe its runtime and have no counterpart here.
import process from "node:process";
import { type Collector, createCollector, type Family, type FamilyHead, single } from "./family.ts";

export interface ProcFiles {
  readText(path: string): string;
  countEntries(path: string): number;
}

const realFiles: ProcFiles = {
  readText: (path) => Deno.readTextFileSync(path),
  countEntries: (path) => Array.from(Deno.readDirSync(path)).length,
};

/** @param nowMs milliseconds since 1970 */
export function createProcessCollectors(
  { nowMs, files = realFiles }: { nowMs: number; files?: ProcFiles },
): Collector[] {
  const startedAt = nowMs / 1000 - process.uptime();
  return [
    createCollector(() => {}, [
      family("process_cpu_seconds_total", "counter", "User and system CPU time", () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      }),
      family("process_resident_memory_bytes", "gauge", "Memory in use", () => Deno.memoryUsage().rss),
      family("process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970", () => startedAt),
    ]),
    ...PROC_FAMILIES.filter(({ read }) => isReadable(() => read(files))).map(({ read, ...head }) =>
      createCollector(() => read(files), [{ ...head, samples: single }])
    ),
  ];
}

const family = (
  name: string,
  type: FamilyHead["type"],
  help: string,
  read: () => number,
): Family<void> => ({ name, type, help, samples: () => single(read()) });

function isReadable(read: () => number): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

const PROC_FAMILIES: readonly (FamilyHead & { readonly read: (files: ProcFiles) => number })[] = [
  {
    name: "process_open_fds",
    type: "gauge",
    help: "Open file descriptors",
    read: ({ countEntries }) => countEntries("/proc/self/fd"),
  },
  {
    name: "process_max_fds",
    type: "gauge",
    help: "File descriptors that may be open at most",
    read: ({ readText }) => limitOf(readText("/proc/self/limits"), "Max open files"),
  },
  {
    name: "process_virtual_memory_bytes",
    type: "gauge",
    help: "Address space; V8 reserves much more than it uses",
    read: ({ readText }) => numberAfter(readText("/proc/self/status"), /^VmSize:\s+(\d+) kB$/m) * 1024,
  },
  {
    name: "process_virtual_memory_max_bytes",
    type: "gauge",
    help: "Address space that the process may have at most",
    read: ({ readText }) => limitOf(readText("/proc/self/limits"), "Max address space"),
  },
  {
    name: "process_network_receive_bytes_total",
    type: "counter",
    help: "Bytes received in the process's network namespace",
    read: ({ readText }) => networkBytes(readText("/proc/self/net/netstat"), "InOctets"),
  },
  {
    name: "process_network_transmit_bytes_total",
    type: "counter",
    help: "Bytes sent in the process's network namespace",
    read: ({ readText }) => networkBytes(readText("/proc/self/net/netstat"), "OutOctets"),
  },
];

/** Unlimited is what an unsigned 64-bit number can hold, as in 1.x. */
function limitOf(limits: string, name: string): number {
  const line = limits.split("\n").find((line) => line.startsWith(name)) ?? "";
  return line.slice(name.length).trim().startsWith("unlimited") ? 2 ** 64 : numberAfter(line, /\s(\d+)\s/);
}

/** Names in one line, numbers in the next. */
function networkBytes(netstat: string, name: string): number {
  const [names = "", numbers = ""] = netstat.split("\n").filter((line) => line.startsWith("IpExt:"));
  const at = names.split(" ").indexOf(name);
  return numberAfter(numbers.split(" ")[at] ?? "", /^(\d+)$/);
}

function numberAfter(text: string, pattern: RegExp): number {
  const digits = pattern.exec(text)?.[1];
  if (digits === undefined) throw new Error("/proc is not as expected");
  return Number(digits);
}
