// Requests that go on while something breaks. Every answer is judged: right, an honest internalError, or wrong.
import type { BbbAnswer } from "./bbb_client.ts";
import { pause } from "./wait.ts";

export interface Sample {
  readonly what: string;
  /** When it was sent, by performance.now(). */
  readonly at: number;
  readonly tookMs: number;
  readonly verdict: "right" | "failed" | "wrong";
  readonly text: string;
}

export interface Traffic {
  readonly samples: readonly Sample[];
  /** Ends after the requests that are under way. */
  stop(): Promise<void>;
  /** What went wrong, one line each. */
  wrong(): string[];
  /** Right answers of one kind to requests sent after `at`. */
  rightAfter(at: number, what: string): number;
}

export interface Stream {
  readonly what: string;
  /** @param turn counts from 0 */
  readonly ask: (turn: number) => Promise<BbbAnswer>;
  readonly isRight: (answer: BbbAnswer, turn: number) => boolean;
}

const isHonest = ({ status, returncode, messageKey }: BbbAnswer): boolean =>
  status === 200 && returncode === "FAILED" && messageKey === "internalError";

/** Each stream asks one thing after the other, so its pace follows the server's. */
export function startTraffic(streams: readonly Stream[], { everyMs = 20 }: { everyMs?: number } = {}): Traffic {
  const samples: Sample[] = [];
  let stopped = false;
  const run = async ({ what, ask, isRight }: Stream) => {
    for (let turn = 0; !stopped; turn++) {
      const at = performance.now();
      let sample: Pick<Sample, "verdict" | "text">;
      try {
        const answer = await ask(turn);
        const verdict = isRight(answer, turn) ? "right" : isHonest(answer) ? "failed" : "wrong";
        sample = { verdict, text: `${answer.status} ${answer.location} ${answer.xml.slice(0, 500)}` };
      } catch (error) {
        sample = { verdict: "wrong", text: `no answer: ${error}` };
      }
      samples.push({ what, at, tookMs: performance.now() - at, ...sample });
      await pause(everyMs);
    }
  };
  const running = Promise.all(streams.map(run));
  return {
    samples,
    stop: async () => {
      stopped = true;
      await running;
    },
    wrong: () => samples.filter(({ verdict }) => verdict === "wrong").map(({ what, text }) => `${what}: ${text}`),
    rightAfter: (at, what) =>
      samples.filter((sample) => sample.at > at && sample.what === what && sample.verdict === "right").length,
  };
}
