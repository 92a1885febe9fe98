import { expect, test } from "vitest";
import { figureRows, formatTable, grouped, throughputRows } from "./report.js";

const measurement = (perSecond: number) => ({
  requests: 100,
  perSecond,
  latencies: { p50Ms: 0.123, p99Ms: 4.56, p999Ms: 789 },
  cpuMicroseconds: 12.34,
});

test("a cell shows medians, and how much more the second server does", () => {
  const cell = {
    title: "Put",
    shape: { connections: 10, streams: 10 },
    yardstick: [1000, 3000, 2000].map(measurement),
    other: [9000, 7000, 8000].map(measurement),
  };
  const [, row] = throughputRows(["etcd", "quorate"], [cell]);
  expect(row).toEqual([
    "Put",
    "10 x 10",
    "2 000",
    "8 000",
    "4.00x",
    "0.12 / 4.6 / 789",
    "0.12 / 4.6 / 789",
    "12",
    "12",
  ]);
});

test("a cell that was not measured stays empty", () => {
  const shape = { connections: 1, streams: 1 };
  const cell = { title: "Put", shape, yardstick: [measurement(1000)], other: [] };
  const [, row] = throughputRows(["etcd", "quorate"], [cell]);
  expect(row).toEqual(["Put", "1 x 1", "1 000", "-", "-", "0.12 / 4.6 / 789", "- / - / -", "12", "-"]);
});

test("a table lines its columns up", () => {
  expect(
    formatTable([
      ["figure", "a"],
      ["restart", "1 000"],
    ]),
  ).toBe("figure       a\n-------  -----\nrestart  1 000");
});

test("a figure is compared by its medians", () => {
  const rows = figureRows(["a", "b"], [["restart", { yardstick: [10, 30, 20], other: [5] }]]);
  expect(rows[1]).toEqual(["restart", "20", "5", "0.25x"]);
});

test("large numbers are grouped, small ones keep two digits", () => {
  expect([1_234_567.8, 1000, 999, 12.345, 0].map(grouped)).toEqual([
    "1 234 568",
    "1 000",
    "999",
    "12.35",
    "0",
  ]);
});
