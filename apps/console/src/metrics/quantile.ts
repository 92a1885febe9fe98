/**
 * A quantile from cumulative buckets, linear within the bucket it falls into, as Prometheus' `histogram_quantile` reckons. In the last bucket,
 * which has no upper bound, it is the greatest bound known. NaN without observations.
 */
export function quantileOf(
  buckets: readonly (readonly [bound: number, count: number])[],
  quantile: number,
): number {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (!(total > 0)) return Number.NaN;
  const rank = quantile * total;
  let lowerBound = 0;
  let lowerCount = 0;
  for (const [bound, count] of buckets) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lowerBound;
      const inside = count - lowerCount;
      return inside <= 0 ? bound : lowerBound + ((bound - lowerBound) * (rank - lowerCount)) / inside;
    }
    lowerBound = bound;
    lowerCount = count;
  }
  return lowerBound;
}
