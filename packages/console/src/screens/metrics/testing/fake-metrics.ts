import { consolepb, create } from "@quorate/proto";
import { METRICS } from "../catalog.js";

export interface FakeMetricsOptions {
  readonly members: readonly string[];
  readonly points: number;
  /** Unix milliseconds of the newest point; points are five seconds apart. */
  readonly nowMs: number;
  /** Member without any figures. */
  readonly silent?: string;
}

/** Waves of every metric, the same for the same options; the second member has a gap in the middle. */
export function fakeMetrics({
  members,
  points,
  nowMs,
  silent,
}: FakeMetricsOptions): consolepb.GetMetricsResponse {
  const times = Array.from({ length: points }, (_, at) => BigInt(nowMs - (points - 1 - at) * 5000));
  const telling = members.filter((member) => member !== silent);
  return create(consolepb.GetMetricsResponseSchema, {
    timesMs: times,
    errors: silent === undefined ? {} : { [silent]: "connection refused" },
    series: METRICS.flatMap((metric, order) =>
      telling.map((member, place) => ({
        name: metric.name,
        member,
        values: times.map((_, at) => {
          if (place === 1 && at > points * 0.45 && at < points * 0.52) return NaN;
          const wave = Math.sin(at / (9 + order)) + Math.sin(at / (3.1 + place)) / 3 + 1.8 + place / 4;
          return wave * sizes[metric.unit] * (1 + (order % 3) / 3);
        }),
      })),
    ),
  });
}

const sizes = {
  "per-second": 900,
  ms: 2.2,
  bytes: 48_000_000,
  "bytes-per-second": 700_000,
  count: 120,
} as const;
