import { describe, expect, it } from "vitest";
import { deriveSeries } from "./derive-series.js";
import type { Point, Scrape } from "./derive-series.js";
import { parseExposition } from "./parse-exposition.js";
import { quantileOf } from "./quantile.js";
import { WANTED_SAMPLES } from "./series-definitions.js";

const look = (atMs: number, ...lines: string[]): Scrape => ({
  atMs,
  samples: parseExposition(lines.join("\n"), WANTED_SAMPLES),
});
const pick = (points: Point[], name: string): Record<string, number> =>
  Object.fromEntries(points.filter((point) => point.name === name).map(({ label, value }) => [label, value]));

const handled = (method: string, code: string, count: number, type = "unary"): string =>
  `grpc_server_handled_total{grpc_code="${code}",grpc_method="${method}",grpc_type="${type}"} ${count}`;

describe("series from metrics", () => {
  it("the first look tells values and no rates", () => {
    const points = deriveSeries(
      undefined,
      look(0, "etcd_debugging_mvcc_keys_total 4", handled("Put", "OK", 9)),
    );
    expect(points).toEqual([{ name: "keys", label: "", value: 4 }]);
  });

  it("requests are counted by method over all codes, streams and silent methods left out", () => {
    const lines = (put: number, failed: number): string[] => [
      handled("Put", "OK", put),
      handled("Put", "Unavailable", failed),
      handled("Compact", "OK", 0),
      handled("Watch", "OK", 1000 * put, "bidi_stream"),
    ];
    const points = deriveSeries(look(1000, ...lines(10, 0)), look(6000, ...lines(50, 10)));
    expect(pick(points, "requests_per_second")).toEqual({ "": 10, Put: 10 });
  });

  it("a counter that begins anew has grown by what it shows", () => {
    const points = deriveSeries(
      look(0, "etcd_server_proposals_committed_total 900"),
      look(1000, "etcd_server_proposals_committed_total 40"),
    );
    expect(pick(points, "proposals_committed_per_second")).toEqual({ "": 40 });
  });

  it("quantiles are of what came since the last look, by peer and of all", () => {
    const peer = (to: string, fast: number, slow: number): string[] =>
      [
        [0.001, fast],
        [0.002, fast],
        [0.004, fast + slow],
        ["+Inf", fast + slow],
      ].map(
        ([le, count]) => `etcd_network_peer_round_trip_time_seconds_bucket{To="${to}",le="${le}"} ${count}`,
      );
    const points = deriveSeries(
      look(0, ...peer("a", 500, 0), ...peer("b", 0, 7)),
      look(5000, ...peer("a", 500, 100), ...peer("b", 100, 7)),
    );
    expect(pick(points, "peer_rtt_p99_ms")).toEqual({ "": 3.96, a: 3.98, b: 0.99 });
  });

  it("quantiles of a quiet time are unknown", () => {
    const lines = ['etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} 3'];
    expect(pick(deriveSeries(look(0, ...lines), look(1000, ...lines)), "fsync_p99_ms")).toEqual({ "": NaN });
  });

  it("the exact histogram wins over the coarse one", () => {
    const exact = (count: number): string =>
      `grpc_server_handling_seconds_bucket{grpc_method="Put",grpc_type="unary",le="0.5"} ${count}`;
    const coarse = (count: number): string =>
      `etcd_server_request_duration_seconds_bucket{type="Put",le="8"} ${count}`;
    const points = deriveSeries(look(0, exact(0), coarse(0)), look(1000, exact(2), coarse(2)));
    expect(pick(points, "request_p50_ms")).toEqual({ "": 250, Put: 250 });
  });
});

describe("a quantile", () => {
  const buckets = [
    [1, 10],
    [2, 30],
    [Infinity, 40],
  ] as const;

  it("lies within its bucket in proportion", () => {
    expect(quantileOf(buckets, 0.5)).toBe(1.5);
    expect(quantileOf(buckets, 0.125)).toBe(0.5);
  });

  it("is the greatest bound known when it lies above all", () => {
    expect(quantileOf(buckets, 0.99)).toBe(2);
  });

  it("is unknown without observations", () => {
    expect(quantileOf([], 0.5)).toBeNaN();
    expect(quantileOf([[1, 0]], 0.5)).toBeNaN();
  });
});
