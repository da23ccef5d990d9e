// `/healthz`: this process turns. `/readyz`: it may be sent requests. For load balancers, which ask each second from several
// places, without a token and at any time: before the schema is there, without a database, while the process stops.
import type { Deps } from "../deps.ts";
import { createSingleFlight } from "../lib/single_flight.ts";
import { sizedJson } from "../lib/sized_response.ts";
import { within } from "../lib/within.ts";
import { type MigrationStatus, readMigrationStatus } from "../store/migrate.ts";

/** @field detail for people, a fixed text: no host, no SQL, no error of the driver */
export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<"database" | "migrations" | "view" | "draining", Check>>;
}

export interface Health {
  /** Costs at most one question to the database per second, whoever asks; answers within a second. Never rejects. */
  check(): Promise<Readiness>;
  /** From now on this process is not ready, whatever it goes on serving. */
  drain(): void;
  isDraining(): boolean;
}

/** Kubernetes gives a probe one second. */
const ANSWER_MS = 800;
/** A database that hangs is not asked anew with each probe. */
const QUESTION_MS = 5000;
const SHARE_MS = 1000;

/** @param hasStarted whether the database has once had our schema: what a newer version adds later does not concern us */
export function createHealth(
  { db, view, clock, log }: Pick<Deps, "db" | "view" | "clock" | "log">,
  hasStarted: () => boolean,
): Health {
  const questions = createSingleFlight<MigrationStatus | undefined>({ clock, keepMs: SHARE_MS });
  let isDraining = false;
  let known: boolean | undefined;

  /** @returns undefined when the database does not answer: why is in the log of those who need it */
  async function unlessLate(ms: number, answer: Promise<MigrationStatus | undefined>) {
    try {
      return await within(clock, ms, answer, () => new Error("no answer in time"));
    } catch {
      return undefined;
    }
  }

  /** One line per change; the first is none: a process that starts is not ready yet. */
  function note({ ready, checks }: Readiness): void {
    if (ready === known) return;
    const reason = Object.values(checks).filter(({ ok }) => !ok).map(({ detail }) => detail).join("; ");
    if (ready) log.info("ready for requests");
    else if (known === undefined || isDraining) log.info("not ready for requests", { reason });
    else log.warn("not ready for requests", { reason });
    known = ready;
  }

  return {
    check: async () => {
      const question = questions.run("", () => unlessLate(QUESTION_MS, readMigrationStatus(db)));
      const migrations = await unlessLate(ANSWER_MS, question);
      const checks = {
        database: check(migrations !== undefined, "the database answers", "the database does not answer"),
        migrations: checkMigrations(migrations, hasStarted()),
        view: check(view.isTrusted(), "the view of the cluster is complete", "the view of the cluster is not complete"),
        draining: check(!isDraining, "the process goes on", "the process is about to stop"),
      };
      const readiness = { ready: Object.values(checks).every(({ ok }) => ok), checks };
      note(readiness);
      return readiness;
    },
    drain: () => isDraining = true,
    isDraining: () => isDraining,
  };
}

const check = (ok: boolean, good: string, bad: string): Check => ({ ok, detail: ok ? good : bad });

/** An upgrade of one instance after the other must not put the old ones out of service. */
function checkMigrations(status: MigrationStatus | undefined, hasStarted: boolean): Check {
  if (status === undefined) return { ok: false, detail: "the version of the database is not known" };
  if (status.newer) return { ok: hasStarted, detail: "the database has been migrated by a newer version" };
  return check(status.pending === 0, "the database is at our version", `${status.pending} migrations are pending`);
}

/** Never by a cache: the answer is true for a second. */
const HEADERS: [string, string][] = [["cache-control", "no-store"]];

export const answerLive = (): Response => sizedJson({ status: "ok" }, 200, HEADERS);

export async function answerReady(health: Health): Promise<Response> {
  const { ready, checks } = await health.check();
  const status = ready ? "ready" : "not ready";
  return sizedJson({ status, checks }, ready ? 200 : 503, HEADERS);
}

/** So often asked that a line each would bury all others. */
export const isProbe = ({ url }: Request): boolean => /^https?:\/\/[^/]*\/(?:healthz|readyz)(?:\?|$)/.test(url);
