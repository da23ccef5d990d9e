// b3scaled as a process of its own, as an operator starts it, on a free port.
import { freePort } from "../demo/postgres.ts";

export interface ServerProcess {
  readonly base: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** @param probe path whose answer is 302 as soon as the cluster is known */
export async function startServerProcess(dbUrl: string, quiet: boolean, probe: string): Promise<ServerProcess> {
  const listen = `127.0.0.1:${freePort()}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "src/main.ts"],
    env: {
      B3SCALE_DB_URL: dbUrl,
      B3SCALE_API_URL: "http://bench.test",
      B3SCALE_DRAIN_SECONDS: "0",
      B3SCALE_API_JWT_SECRET: "bench-secret-bench-secret-bench-secret",
      B3SCALE_LISTEN_HTTP: listen,
      B3SCALE_LOG_LEVEL: quiet ? "warn" : "info",
    },
    stdout: "null",
    stderr: quiet ? "inherit" : "null",
  }).spawn();
  const base = `http://${listen}`;
  while (await statusOf(base + probe) !== 302) await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    base,
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function statusOf(url: string): Promise<number> {
  try {
    const response = await fetch(url, { redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  } catch {
    return 0; // not listening yet
  }
}
