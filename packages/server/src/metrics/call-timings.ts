/**
 * How long calls take, by method and result. One histogram serves three of etcd's metrics with buckets of their own: its bounds are those
 * of all of them. With basic metrics one call of `SAMPLED_EVERY` is timed and stands for those since the last one; with extensive metrics,
 * which promise each call, all are.
 */
import type { CallTiming, MethodCounters } from "@quorate/rpc";
import { exponentialBounds, Histogram } from "./histogram.js";

export const SAMPLED_EVERY = 16;

/** Of `grpc_server_handling_seconds`: Prometheus' defaults. */
export const HANDLING_SECONDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Of `etcd_server_request_duration_seconds`. */
export const REQUEST_SECONDS: readonly number[] = exponentialBounds(0.001, 2, 14);
/** Of `etcd_server_range_duration_seconds`. */
export const RANGE_SECONDS: readonly number[] = exponentialBounds(0.0001, 2, 20);

const ALL_SECONDS = [...new Set([...HANDLING_SECONDS, ...REQUEST_SECONDS, ...RANGE_SECONDS])].sort(
  (a, b) => a - b,
);

/** The calls of one method that ended well, or those that did not. */
export class TimedCalls {
  readonly seconds: Histogram = new Histogram(ALL_SECONDS);
  #counted = 0;
  #lastSeconds = -1;

  /** @param total calls ended so far with this result, those included that were not timed */
  observe(seconds: number, total: number): void {
    this.#lastSeconds = seconds;
    this.seconds.observe(seconds, total - this.#counted);
    this.#counted = total;
  }

  /** Brings the count up to `total`, as if the calls that nobody timed had been like the last one. */
  settle(total: number): void {
    if (this.#lastSeconds >= 0 && total > this.#counted) this.observe(this.#lastSeconds, total);
  }
}

export class MethodTiming implements CallTiming {
  readonly every: number;
  readonly succeeded: TimedCalls = new TimedCalls();
  readonly failed: TimedCalls = new TimedCalls();

  constructor(every: number) {
    this.every = every;
  }

  observe(status: number, ms: number, counters: MethodCounters): void {
    if (status === 0) this.succeeded.observe(ms / 1000, counters.handledByStatus[0] ?? 0);
    else this.failed.observe(ms / 1000, failedCount(counters));
  }

  settle(counters: MethodCounters): void {
    this.succeeded.settle(counters.handledByStatus[0] ?? 0);
    this.failed.settle(failedCount(counters));
  }
}

function failedCount({ handledByStatus }: MethodCounters): number {
  let count = 0;
  for (let code = 1; code < handledByStatus.length; code++) count += handledByStatus[code] as number;
  return count;
}
