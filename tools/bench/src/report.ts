/** Tables for people. Numbers are medians over the rounds; a ratio above 1 means that the second server does more. */
import type { FanOutFigures } from "./fan-out.js";
import type { LoadShape } from "./h2load.js";
import type { Measurement } from "./measure.js";
import { median } from "./percentiles.js";
import type { RestartFigures } from "./restart.js";

/** Where nothing was measured. */
const nothing = "-";

/** All rounds of one cell, for the yardstick and for the other. */
export interface Pair<T> {
  readonly yardstick: readonly T[];
  readonly other: readonly T[];
}

export interface Cell extends Pair<Measurement> {
  readonly title: string;
  readonly shape: LoadShape;
}

export type Row = readonly string[];

/** The table of requests: rates, latencies, processor time. */
export function throughputRows(names: readonly [string, string], cells: readonly Cell[]): readonly Row[] {
  const [a, b] = names;
  const header = [
    "workload",
    "conn x streams",
    `${a} /s`,
    `${b} /s`,
    "ratio",
    `${a} p50/p99/p99.9 ms`,
    `${b} p50/p99/p99.9 ms`,
    `${a} cpu us`,
    `${b} cpu us`,
  ];
  return [header, ...cells.map(throughputRow)];
}

function throughputRow({ title, shape, yardstick, other }: Cell): Row {
  const rate = (all: readonly Measurement[]): number => median(all.map(({ perSecond }) => perSecond));
  const cpu = (all: readonly Measurement[]): string =>
    significant(median(all.map(({ cpuMicroseconds }) => cpuMicroseconds)));
  const latencies = (all: readonly Measurement[]): string =>
    (["p50Ms", "p99Ms", "p999Ms"] as const)
      .map((key) => significant(median(all.map((each) => each.latencies[key]))))
      .join(" / ");
  return [
    title,
    `${shape.connections} x ${shape.streams}`,
    grouped(rate(yardstick)),
    grouped(rate(other)),
    ratio(rate(other), rate(yardstick)),
    latencies(yardstick),
    latencies(other),
    cpu(yardstick),
    cpu(other),
  ];
}

/** Figures where one number per server is enough. */
export function figureRows(
  names: readonly [string, string],
  figures: readonly (readonly [string, Pair<number>])[],
): readonly Row[] {
  const rows = figures.map(([title, { yardstick, other }]): Row => {
    const [a, b] = [median(yardstick), median(other)];
    return [title, grouped(a), grouped(b), ratio(b, a)];
  });
  return [["figure", ...names, "ratio"], ...rows];
}

export function restartFigures({
  yardstick,
  other,
}: Pair<RestartFigures>): readonly (readonly [string, Pair<number>])[] {
  const pick = (read: (figures: RestartFigures) => number): Pair<number> => ({
    yardstick: yardstick.map(read),
    other: other.map(read),
  });
  const keys = grouped(yardstick[0]?.keys ?? other[0]?.keys ?? 0);
  return [
    [`filling ${keys} keys, s`, pick(({ fillSeconds }) => fillSeconds)],
    [`memory with ${keys} keys, MiB`, pick(({ filledBytes }) => mebibytes(filledBytes))],
    ["  at its highest, MiB", pick(({ filledPeakBytes }) => mebibytes(filledPeakBytes))],
    ["restart until the first answer, ms", pick(({ restartMs }) => restartMs)],
    ["memory after the restart, MiB", pick(({ restartedBytes }) => mebibytes(restartedBytes))],
    ["  at its highest, MiB", pick(({ restartedPeakBytes }) => mebibytes(restartedPeakBytes))],
  ];
}

export function fanOutFigures({
  yardstick,
  other,
}: Pair<FanOutFigures>): readonly (readonly [string, Pair<number>])[] {
  const pick = (read: (figures: FanOutFigures) => number): Pair<number> => ({
    yardstick: yardstick.map(read),
    other: other.map(read),
  });
  const watchers = grouped(yardstick[0]?.watchers ?? other[0]?.watchers ?? 0);
  return [
    [`events per second to ${watchers} watchers`, pick(({ eventsPerSecond }) => eventsPerSecond)],
    ["  processor time per event, us", pick(({ cpuMicrosecondsPerEvent }) => cpuMicrosecondsPerEvent)],
  ];
}

/** Columns padded to their widest cell, the first to the left and numbers to the right; the first row is underlined. */
export function formatTable(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  "),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.join("\n");
}

export function mebibytes(bytes: number): number {
  return bytes / 2 ** 20;
}

/** Whole numbers in groups of three, small ones with two digits behind the point. */
export function grouped(value: number): string {
  if (Number.isNaN(value)) return nothing;
  if (Math.abs(value) < 100) return String(Number(value.toFixed(2)));
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");
}

function significant(value: number): string {
  if (Number.isNaN(value)) return nothing;
  return value >= 10 ? value.toFixed(0) : value.toPrecision(2);
}

function ratio(value: number, yardstick: number): string {
  if (Number.isNaN(value / yardstick)) return nothing;
  return `${(value / yardstick).toFixed(2)}x`;
}
