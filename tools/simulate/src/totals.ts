/** What many runs add up to. */
import type { RunResult } from "@quorate/sim/cluster";

/** One run in short, as a worker process tells it. */
export interface RunSummary {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly eventCount: number;
  readonly operationCount: number;
  readonly isJudgedInPart: boolean;
  readonly faults: readonly (readonly [string, number])[];
  /** Share of its limit that the fullest queue of each name held. */
  readonly queues: readonly (readonly [string, number])[];
  readonly isBroken: boolean;
  /** What to tell of a broken run. */
  readonly report: string | undefined;
}

export function summarize(result: RunResult, report: string | undefined): RunSummary {
  const { plan, simulatedMs, eventCount, operationCount, limits, faults, fullestQueues, violations } = result;
  return {
    seed: plan.seed,
    simulatedMs,
    eventCount,
    operationCount,
    isJudgedInPart: limits.length > 0,
    faults: [...faults],
    queues: [...fullestQueues],
    isBroken: violations.length > 0,
    report,
  };
}

export class Totals {
  seeds = 0;
  violations = 0;
  #simulatedMs = 0;
  #events = 0;
  #operations = 0;
  #inPart = 0;
  readonly #faults = new Map<string, number>();
  readonly #queues = new Map<string, number>();

  add(summary: RunSummary): void {
    this.seeds += 1;
    this.#simulatedMs += summary.simulatedMs;
    this.#events += summary.eventCount;
    this.#operations += summary.operationCount;
    if (summary.isJudgedInPart) this.#inPart += 1;
    if (summary.isBroken) this.violations += 1;
    for (const [kind, count] of summary.faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    for (const [name, share] of summary.queues)
      this.#queues.set(name, Math.max(this.#queues.get(name) ?? 0, share));
  }

  describe(seconds: number): string {
    const faults = [...this.#faults].sort().map(([kind, count]) => `${kind} ${count}`);
    const faultCount = [...this.#faults.values()].reduce((sum, count) => sum + count, 0);
    const queues = [...this.#queues].sort().map(([name, share]) => `${name} ${Math.floor(100 * share)} %`);
    return [
      `${this.seeds} seeds, ${(this.#simulatedMs / 3_600_000).toFixed(2)} simulated hours in ${seconds.toFixed(0)} s, ` +
        `${this.#operations} checked operations, ${this.#events} events`,
      `${faultCount} faults: ${faults.join(", ")}`,
      `fullest queues: ${queues.join(", ")}`,
      `${this.#inPart} seeds judged in part, ${this.violations} violations`,
    ].join("\n");
  }
}
