// `deno task demo`: a whole cluster on this machine, a scripted lecture on it, then the cluster is yours until Ctrl-C.
import { type Cluster, startCluster } from "./cluster.ts";
import { printGuide } from "./guide.ts";
import { playLecture } from "./lecture.ts";
import { createReport, type Report, standardOutput } from "./report.ts";

const USAGE = `deno task demo [--once] [--log]

Starts PostgreSQL, three simulated BigBlueButton nodes and b3scaled on this machine (loopback only), plays a lecture on
them, and prints addresses to try until Ctrl-C.

  --once   stop after the lecture: exit code 0 when all went as expected, else 1
  --log    show the log of b3scaled (on standard error)`;

const INTERRUPTED = 130;

async function main(): Promise<number> {
  const unknown = Deno.args.filter((arg) => !["--once", "--log", "--help", "-h"].includes(arg));
  if (unknown.length > 0) console.error(`unknown option: ${unknown.join(" ")}\n`);
  if (unknown.length > 0 || Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.log(USAGE);
    return unknown.length > 0 ? 1 : 0;
  }
  const stopped = stopOnSignals();
  const report = createReport(standardOutput());
  let cluster: Cluster | undefined;
  let exitCode: number;
  try {
    report.heading("b3scale demo: one load balancer, three BigBlueButton nodes, two tenants\n");
    const onServerLine = Deno.args.includes("--log") ? (line: string) => console.error(line) : () => {};
    cluster = await startCluster(report, stopped, onServerLine);
    await playLecture(cluster, report, stopped);
    exitCode = report.failed.length === 0 ? 0 : 1;
    printVerdict(report, cluster.server.log());
    if (!Deno.args.includes("--once")) {
      await printGuide(cluster, report);
      await untilStopped(cluster, stopped);
    }
  } catch (error) {
    exitCode = stopped.aborted ? INTERRUPTED : 1;
    if (!stopped.aborted) {
      if (cluster !== undefined) console.log(`\nLast log lines of b3scaled:\n${cluster.server.log()}`);
      console.log(`\nDEMO FAILED: it could not go on: ${textOf(error)}`);
    }
  }
  if (stopped.aborted) console.log("\nstopping …");
  try {
    await cluster?.[Symbol.asyncDispose]();
  } catch (error) {
    console.log(`\nDEMO FAILED: it could not be stopped in order: ${textOf(error)}`);
    exitCode = 1;
  }
  return exitCode;
}

/** The first signal stops everything in order, one that comes later ends the demo at once. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  let stoppedAt = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      if (!stop.signal.aborted) {
        stoppedAt = performance.now();
        stop.abort(new Error(`stopped by ${signal}`));
      } else if (performance.now() - stoppedAt > 500) { // "deno task" repeats what the terminal has sent already
        Deno.exit(INTERRUPTED);
      }
    });
  }
  return stop.signal;
}

function printVerdict({ passed, failed }: Report, log: string): void {
  if (failed.length === 0) return console.log(`\nDEMO PASSED: all ${passed} expectations met`);
  console.log(`\nLast log lines of b3scaled:\n${log}`);
  console.log(`\nDEMO FAILED: ${failed.length} of ${passed + failed.length} expectations were not met:`);
  for (const what of failed) console.log(`  - ${what}`);
}

/** @throws Error when b3scaled ends first */
async function untilStopped({ server }: Cluster, stopped: AbortSignal): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    if (stopped.aborted) resolve();
    stopped.addEventListener("abort", () => resolve(), { once: true });
  });
  const ended = server.exited.then((code) => {
    throw new Error(`b3scaled ended with code ${code}`);
  });
  await Promise.race([signalled, ended]);
  ended.catch(() => {}); // it ends when it is stopped
}

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

if (import.meta.main) Deno.exit(await main());
