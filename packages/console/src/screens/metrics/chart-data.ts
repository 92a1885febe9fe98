/** From the console's series to lines of one chart: per member, per label, or the cluster as a whole. */
import type { consolepb } from "@quorate/proto";
import type { Metric } from "./catalog.js";

export const GROUPINGS = ["member", "cluster", "label"] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface Line {
  readonly label: string;
  /** Same length as the times; null where nothing is known, which the chart leaves open. */
  readonly values: readonly (number | null)[];
}

export interface ChartData {
  /** Unix seconds, ascending: what uPlot wants. */
  readonly timesSeconds: readonly number[];
  readonly lines: readonly Line[];
}

/** @param members names in the order of the member list, so that a member has the same colour in all charts. */
export function chartDataOf(
  answer: consolepb.GetMetricsResponse,
  metric: Metric,
  how: { readonly grouping: Grouping; readonly members: readonly string[] },
): ChartData {
  const timesSeconds = answer.timesMs.map((ms) => Number(ms) / 1000);
  const own = answer.series.filter((series) => series.name === metric.name);
  return { timesSeconds, lines: linesOf(own, metric, { ...how, count: timesSeconds.length }) };
}

function linesOf(
  own: readonly consolepb.MetricSeries[],
  metric: Metric,
  how: { readonly grouping: Grouping; readonly members: readonly string[]; readonly count: number },
): Line[] {
  const fold = (label: string, list: readonly consolepb.MetricSeries[]): Line => ({
    label,
    values: combine(list, metric.combine, how.count),
  });
  if (how.grouping === "label") {
    const labels = [...new Set(own.map((series) => series.label))].filter((label) => label !== "").toSorted();
    if (labels.length > 0) {
      return labels.map((label) =>
        fold(
          label,
          own.filter((series) => series.label === label),
        ),
      );
    }
  }
  const totals = withoutParts(own);
  if (how.grouping !== "member") return totals.length === 0 ? [] : [fold("Cluster", totals)];
  const names = [...how.members, ...totals.map((series) => series.member)];
  return [...new Set(names)]
    .map((name) => ({ name, list: totals.filter((series) => series.member === name) }))
    .map(({ name, list }) => fold(name, list));
}

/** Where a member tells a total besides its parts, the parts would count twice. */
function withoutParts(own: readonly consolepb.MetricSeries[]): readonly consolepb.MetricSeries[] {
  const total = new Set(own.filter((series) => series.label === "").map((series) => series.member));
  return own.filter((series) => series.label === "" || !total.has(series.member));
}

/** One value per time; null where no series knows one. A member that is silent is left out of a sum, which then shows the rest. */
function combine(
  list: readonly consolepb.MetricSeries[],
  how: "sum" | "max",
  count: number,
): (number | null)[] {
  const values: (number | null)[] = [];
  for (let at = 0; at < count; at++) {
    let folded: number | null = null;
    for (const series of list) {
      const value = series.values[at];
      if (value === undefined || Number.isNaN(value)) continue;
      folded = folded === null ? value : how === "sum" ? folded + value : Math.max(folded, value);
    }
    values.push(folded);
  }
  return values;
}

/** Lines without a single value; the chart names them instead of drawing nothing. */
export function silentLines(data: ChartData): string[] {
  return data.lines.filter((line) => line.values.every((value) => value === null)).map((line) => line.label);
}

export interface Summary {
  readonly label: string;
  readonly newest: number | null;
  readonly lowest: number | null;
  readonly average: number | null;
  readonly highest: number | null;
}

/** The figures of a line, for the table that stands in for the chart. */
export function summarize(line: Line): Summary {
  let lowest: number | null = null;
  let highest: number | null = null;
  let sum = 0;
  let known = 0;
  let newest: number | null = null;
  for (const value of line.values) {
    if (value === null) continue;
    lowest = lowest === null ? value : Math.min(lowest, value);
    highest = highest === null ? value : Math.max(highest, value);
    sum += value;
    known++;
    newest = value;
  }
  return { label: line.label, newest, lowest, highest, average: known === 0 ? null : sum / known };
}
