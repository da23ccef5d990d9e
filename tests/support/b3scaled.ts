// b3scaled from nothing but the environment it is given: for what happens before it listens, and how it ends.
import { type ProgramOptions, type ProgramProcess, runProcess } from "./program_process.ts";
import { eventually } from "./wait.ts";

export interface B3scaled extends ProgramProcess {
  /** `http://127.0.0.1:PORT` once it listens. */
  origin(): Promise<string>;
}

/** What every server of a test needs but for the database; the port is a free one. */
export const BASE_ENV = {
  B3SCALE_LISTEN_HTTP: "127.0.0.1:0",
  B3SCALE_API_URL: "http://b3scale.test",
  B3SCALE_DRAIN_SECONDS: "0",
  B3SCALE_API_JWT_SECRET: "a secret of tests that has at least 32 bytes",
};

export function runB3scaled(options: ProgramOptions): B3scaled {
  const process = runProcess("src/main.ts", options);
  return {
    ...process,
    origin: async () => {
      const address = await eventually("b3scaled listens", () => {
        if (process.hasEnded()) return "nowhere";
        return /"listen":"([^"]+)"/.exec(process.stderr())?.[1];
      }, { withinMs: 60_000 });
      if (address === "nowhere") throw new Error(`b3scaled ended: ${process.stderr()}`);
      return `http://${address}`;
    },
  };
}
