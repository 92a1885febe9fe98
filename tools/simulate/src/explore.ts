/**
 * Runs seeds in processes of their own, as many side by side as asked for: a run keeps one processor busy, and one that hangs or dies takes
 * no other with it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Options } from "./options.js";
import { Totals, type RunSummary } from "./totals.js";
import type { Job } from "./worker.js";

/** A seed that takes longer, with the search for a shorter plan, hangs. */
const SEED_MS_MAX: number = 15 * 60 * 1000;

/** @returns the code to exit with */
export async function explore(options: Options): Promise<number> {
  // 31 bits, so that a seed can be typed.
  const first = options.from ?? Date.now() % 2 ** 31;
  const countMax = options.count ?? Infinity;
  const startMs = performance.now();
  const untilMs = startMs + (options.count === undefined ? 1000 * options.seconds : Infinity);
  console.log(`seeds from ${first}, ${options.workers} at a time`);
  let begun = 0;
  const next = (): number | undefined =>
    begun < countMax && performance.now() < untilMs ? first + begun++ : undefined;
  const totals = new Totals();
  await Promise.all(Array.from({ length: options.workers }, () => work(options, next, totals)));
  console.log(totals.describe((performance.now() - startMs) / 1000));
  return totals.violations === 0 ? 0 : 1;
}

async function work(options: Options, next: () => number | undefined, totals: Totals): Promise<void> {
  let worker: ChildProcess | undefined;
  for (let seed = next(); seed !== undefined; seed = next()) {
    worker ??= fork(fileURLToPath(new URL("./worker.js", import.meta.url)));
    const summary = await ask(worker, { ...options, seed });
    if (summary.report !== undefined) console.log(summary.report);
    totals.add(summary);
    if (worker.exitCode !== null || worker.killed || !worker.connected) worker = undefined;
  }
  worker?.disconnect();
}

function ask(worker: ChildProcess, { seed, ploy, shrinks, lines }: Job): Promise<RunSummary> {
  return new Promise((resolve) => {
    const settle = (summary: RunSummary): void => {
      clearTimeout(timer);
      worker.removeAllListeners();
      resolve(summary);
    };
    const timer = setTimeout(() => worker.kill("SIGKILL"), SEED_MS_MAX);
    worker.once("message", (summary: RunSummary) => settle(summary));
    worker.once("exit", (code, signal) => settle(ended(seed, signal ?? `code ${String(code)}`)));
    worker.send({ seed, ploy, shrinks, lines } satisfies Job);
  });
}

function ended(seed: number, how: string): RunSummary {
  const nothing = {
    simulatedMs: 0,
    eventCount: 0,
    operationCount: 0,
    isJudgedInPart: false,
    faults: [],
    queues: [],
  };
  return { seed, ...nothing, isBroken: true, report: `seed ${seed}: its process ended with ${how}` };
}
