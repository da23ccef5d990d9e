// CPU time and memory of processes, read from /proc (Linux).
const TICK_MS = 10;

const statOf = (pid: number): string[] => {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return []; // it has ended
  }
};

/** User and system time, children that were waited for included. */
export const cpuMs = (pids: readonly number[]): number =>
  pids.reduce(
    (sum, pid) => sum + [11, 12, 13, 14].reduce((ticks, i) => ticks + Number(statOf(pid)[i] ?? 0), 0) * TICK_MS,
    0,
  );

/** The process and its children. */
export function treeOf(pid: number): number[] {
  const pids = Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name)).filter(Number.isInteger);
  return [pid, ...pids.filter((child) => Number(statOf(child)[1]) === pid)];
}

export function memoryMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}
