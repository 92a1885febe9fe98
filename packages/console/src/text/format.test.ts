import { expect, test } from "vitest";
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatMilliseconds,
  formatShort,
  plural,
} from "./format.js";

test("sizes keep three digits", () => {
  expect([0, 1023, 1024, 1_268_000, 15e9, 2n ** 60n].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.00 KiB",
    "1.21 MiB",
    "14.0 GiB",
    "1048576 TiB",
  ]);
});

test("durations name their two largest units", () => {
  expect([0.00004, 0.35, 4.25, 125, 3600, 90_000, Number.NaN].map(formatDuration)).toEqual([
    "40 µs",
    "350 ms",
    "4.3 s",
    "2 min 5 s",
    "1 h",
    "1 d 1 h",
    "unknown",
  ]);
});

test("moments are as coarse as they are old", () => {
  const now = 1_000_000_000;
  expect(
    [now, now - 30_000, now - 150_000, now - 7_300_000, now - 200_000_000].map((ms) => formatAgo(ms, now)),
  ).toEqual(["just now", "30 s ago", "2 min ago", "2 h ago", "2 d ago"]);
});

test("counts, short counts, latencies and nouns", () => {
  expect(formatCount(1_234_567n)).toBe("1,234,567");
  expect([999, 1200, 340_000, 1_000_000].map(formatShort)).toEqual(["999", "1.2k", "340k", "1M"]);
  expect([0, 0.02, 4.44, 120.4].map(formatMilliseconds)).toEqual(["0 ms", "20 µs", "4.4 ms", "120 ms"]);
  expect([plural(1, "key"), plural(2000, "key")]).toEqual(["1 key", "2,000 keys"]);
});
