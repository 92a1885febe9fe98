/** Order statistics of one measurement. */

export interface Latencies {
  /** Milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** @param microseconds one value per request; sorted in place. */
export function latenciesOf(microseconds: Float64Array): Latencies {
  microseconds.sort();
  return {
    p50Ms: percentile(microseconds, 0.5) / 1000,
    p99Ms: percentile(microseconds, 0.99) / 1000,
    p999Ms: percentile(microseconds, 0.999) / 1000,
  };
}

/** The smallest value that at least `fraction` of all values do not exceed; NaN of nothing. */
export function percentile(sorted: Float64Array, fraction: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (upper + lower) / 2;
}
