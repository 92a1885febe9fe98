/** The simulator's workloads, run against real members. */
import { createWorkload, type Workload, type WorkloadName } from "@quorate/sim";
import { sleep } from "../harness/member.js";
import { ProcessWorld } from "./process-world.js";

const WORKERS = 3;
const PAUSE_MS = 50;
/** Clocks of one machine go alike; what is promised in seconds is cut to whole ticks. */
const CLOCK_ERROR_MAX = 0.05;
/** Whatever is under way has a deadline. */
const QUIET_MS_MAX = 60_000;
const LOOK_MS = 50;

export class ProcessWorkloads {
  readonly #world: ProcessWorld;
  readonly #workloads: readonly Workload[];

  constructor(
    endpoints: readonly string[],
    { seed, names }: { seed: number; names: readonly WorkloadName[] },
  ) {
    this.#world = new ProcessWorld(endpoints);
    const options = { workerCount: WORKERS, pauseMs: PAUSE_MS, clockErrorMax: CLOCK_ERROR_MAX };
    this.#workloads = names.map((name, i) =>
      createWorkload(name, this.#world, { ...options, seed: seed + i }),
    );
  }

  start(): void {
    for (const workload of this.#workloads) workload.start();
  }

  /** Resolves when nothing is under way any more. @throws when that takes too long. */
  async end(): Promise<void> {
    for (const workload of this.#workloads) workload.end();
    const untilMs = performance.now() + QUIET_MS_MAX;
    while (!this.#workloads.every(({ isQuiet }) => isQuiet)) {
      if (performance.now() > untilMs) throw new Error(`something is under way for ${QUIET_MS_MAX} ms`);
      await sleep(LOOK_MS);
    }
  }

  /** Of a cluster that is well again. @returns what was broken; prints what was done. */
  async judge(): Promise<string[]> {
    const violations: string[] = [];
    for (const workload of this.#workloads) {
      const verdict = await workload.judge();
      for (const each of [...verdict.violations, ...verdict.limits])
        violations.push(`${workload.name}: ${each}`);
      console.log(
        `${workload.name}: ${workload.operationCount} operations, ${verdict.violations.length} violations`,
      );
    }
    return violations;
  }

  close(): void {
    this.#world.close();
  }
}
