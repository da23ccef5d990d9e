// b3scaled as a process of its own, as an operator starts it, on a free port.
export interface ServerProcess {
  readonly base: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startServerProcess(dbUrl: string, quiet: boolean): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "src/main.ts"],
    env: {
      B3SCALE_DB_URL: dbUrl,
      B3SCALE_API_URL: "http://bench.test",
      B3SCALE_API_JWT_SECRET: "bench-secret-bench-secret-bench-secret",
      B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
      B3SCALE_LOG_LEVEL: quiet ? "warn" : "info",
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let found: (base: string) => void = () => {};
  let trust: () => void = () => {};
  const listening = new Promise<string>((resolve) => found = resolve);
  const trusted = new Promise<void>((resolve) => trust = resolve);
  const lines = child.stderr.pipeThrough(new TextDecoderStream());
  const reading = (async () => {
    let text = "";
    for await (const chunk of lines) {
      if (text.length > 100_000) continue; // both are said at the start
      text += chunk;
      const listen = /"listen":"([^"]+)"/.exec(text)?.[1];
      if (listen !== undefined) found(`http://${listen}`);
      if (text.includes("cluster view is trusted")) trust();
    }
  })();
  const base = await listening;
  await trusted;
  return {
    base,
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await Promise.all([child.status, reading]);
    },
  };
}
