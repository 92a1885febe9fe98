import { expect, test } from "vitest";
import { latenciesOf, median, percentile } from "./percentiles.js";

test("a percentile is a value that was measured", () => {
  const values = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
  expect([0, 0.5, 0.99, 0.999, 1].map((fraction) => percentile(values, fraction))).toEqual([
    1, 500, 990, 999, 1000,
  ]);
  expect(percentile(Float64Array.of(7), 0.5)).toBe(7);
  expect(percentile(new Float64Array(), 0.5)).toBeNaN();
});

test("latencies come in any order and leave in milliseconds", () => {
  expect(latenciesOf(Float64Array.of(3000, 1000, 2000))).toEqual({ p50Ms: 2, p99Ms: 3, p999Ms: 3 });
});

test("the median of an even number of values lies between the middle two", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});
