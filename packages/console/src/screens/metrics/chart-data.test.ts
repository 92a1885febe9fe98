import { consolepb, create } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { METRICS, metricOf } from "./catalog.js";
import { chartDataOf, silentLines, summarize } from "./chart-data.js";
import { axisSteps, formatFigure, formatMoment } from "./format.js";
import { RANGES, sinceOf } from "./range.js";

const answer = create(consolepb.GetMetricsResponseSchema, {
  timesMs: [1000n, 2000n, 3000n],
  series: [
    { name: "requests_per_second", member: "a", label: "Put", values: [1, 2, 3] },
    { name: "requests_per_second", member: "a", label: "Range", values: [10, NaN, 30] },
    { name: "requests_per_second", member: "b", label: "Put", values: [NaN, NaN, 5] },
    { name: "request_p99_ms", member: "a", values: [4, 5, 6] },
    { name: "request_p99_ms", member: "a", label: "Put", values: [9, 9, 9] },
    { name: "request_p99_ms", member: "b", values: [7, 1, NaN] },
  ],
});
const members = ["a", "b", "c"];

describe("chart data", () => {
  it("adds up a member's labels and leaves gaps open", () => {
    const data = chartDataOf(answer, metricOf("requests_per_second"), { grouping: "member", members });
    expect(data.timesSeconds).toEqual([1, 2, 3]);
    expect(data.lines).toEqual([
      { label: "a", values: [11, 2, 33] },
      { label: "b", values: [null, null, 5] },
      { label: "c", values: [null, null, null] },
    ]);
    expect(silentLines(data)).toEqual(["c"]);
  });

  it("sums the cluster over whoever answered", () => {
    const data = chartDataOf(answer, metricOf("requests_per_second"), { grouping: "cluster", members });
    expect(data.lines).toEqual([{ label: "Cluster", values: [11, 2, 38] }]);
  });

  it("takes the worst of delays and does not mix totals with their parts", () => {
    const data = chartDataOf(answer, metricOf("request_p99_ms"), { grouping: "cluster", members });
    expect(data.lines).toEqual([{ label: "Cluster", values: [7, 5, 6] }]);
  });

  it("splits by label over all members", () => {
    const data = chartDataOf(answer, metricOf("requests_per_second"), { grouping: "label", members });
    expect(data.lines.map((line) => line.label)).toEqual(["Put", "Range"]);
    expect(data.lines[0]?.values).toEqual([1, 2, 8]);
  });

  it("by label falls back to the cluster where there are none", () => {
    const plain = create(consolepb.GetMetricsResponseSchema, {
      timesMs: [1n],
      series: [{ name: "keys", member: "a", values: [3] }],
    });
    expect(chartDataOf(plain, metricOf("keys"), { grouping: "label", members }).lines).toEqual([
      { label: "Cluster", values: [3] },
    ]);
  });

  it("without any series of the name has only silent members, and no cluster", () => {
    expect(chartDataOf(answer, metricOf("keys"), { grouping: "cluster", members }).lines).toEqual([]);
    expect(silentLines(chartDataOf(answer, metricOf("keys"), { grouping: "member", members }))).toEqual(
      members,
    );
  });

  it("keeps the order of the member list, then strangers", () => {
    const data = chartDataOf(answer, metricOf("request_p99_ms"), { grouping: "member", members: ["b"] });
    expect(data.lines.map((line) => line.label)).toEqual(["b", "a"]);
  });

  it("is summarized for the table", () => {
    expect(summarize({ label: "x", values: [4, null, 1, 7, null] })).toEqual({
      label: "x",
      newest: 7,
      lowest: 1,
      highest: 7,
      average: 4,
    });
    expect(summarize({ label: "x", values: [null] })).toMatchObject({ newest: null, average: null });
  });
});

describe("figures", () => {
  it.each([
    ["per-second", 0, "0/s"],
    ["per-second", 1234, "1.23 k/s"],
    ["count", 999.6, "1 k"],
    ["count", 2_500_000, "2.5 M"],
    ["ms", 0.25, "250 µs"],
    ["ms", 3.456, "3.46 ms"],
    ["ms", 12.34, "12.3 ms"],
    ["ms", 1500, "1.5 s"],
    ["bytes", 1023, "1023 B"],
    ["bytes", 1024, "1 KiB"],
    ["bytes", 8 * 1024 ** 3, "8 GiB"],
    ["bytes-per-second", 1536, "1.5 KiB/s"],
    ["ms", null, "–"],
  ] as const)("of unit %s: %s is %s", (unit, value, text) => {
    expect(formatFigure(unit, value)).toBe(text);
  });

  it("step in whole numbers when counting and in powers of two for bytes", () => {
    expect(axisSteps("count").slice(0, 4)).toEqual([1, 2, 5, 10]);
    expect(axisSteps("bytes").slice(9, 11)).toEqual([512, 1024]);
    expect(axisSteps("ms").slice(0, 3)).toEqual([0.0001, 0.0002, 0.0005]);
  });
});

describe("moments", () => {
  const noon = new Date(2026, 0, 5, 12, 3, 7).getTime() / 1000;

  it.each([
    ["second", "12:03:07"],
    ["minute", "12:03"],
    ["day", "01-05 12:03"],
  ] as const)("to the %s", (precision, text) => {
    expect(formatMoment(noon, precision)).toBe(text);
  });
});

describe("catalog", () => {
  it("names each metric once and shows an unknown one under its name", () => {
    expect(new Set(METRICS.map((metric) => metric.name)).size).toBe(METRICS.length);
    expect(metricOf("new_thing")).toMatchObject({ title: "new thing" });
  });

  it.each(RANGES)("range %s begins before now", (range) => {
    expect(sinceOf(range, 10 ** 12)).toBeLessThan(10 ** 12);
  });
});
