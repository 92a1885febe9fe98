/** One chart, drawn by uPlot. This file and the library are a chunk of their own; see metric-panel.tsx. */
import { useEffect, useMemo, useRef } from "react";
import type { ReactElement } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Metric } from "./catalog.js";
import type { Line } from "./chart-data.js";
import { axisSteps, formatFigure, formatMarks } from "./format.js";
import { seriesColor } from "./series-color.js";
import { useSchemeChanges, useWidth } from "./surroundings.js";
import { createCursorNote } from "./cursor-note.js";

export interface PlotProps {
  readonly metric: Metric;
  readonly data: {
    readonly timesSeconds: readonly number[];
    readonly lines: readonly (Line & { /** Place in the palette. */ readonly color: number })[];
  };
  readonly heightPx: number;
}

/** From one mark of the time axis to the next at least: room for a time with seconds, or with its day. */
const markSpacePx = 80;

/** All charts of the page move their crosshairs together. */
const sharedCursor = "quorate-metrics";

export function Plot({ metric, data, heightPx }: PlotProps): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const width = useWidth(frame);
  const scheme = useSchemeChanges();
  const shape = data.lines.map((line) => `${line.color} ${line.label}`).join("\n");
  const aligned = useMemo(
    () => [[...data.timesSeconds], ...data.lines.map((line) => [...line.values])] as UPlot.AlignedData,
    [data],
  );
  const newest = useRef(aligned);
  useEffect(() => {
    newest.current = aligned;
    plot.current?.setData(aligned);
  }, [aligned]);
  // A new chart only when its lines or its colours are other ones; new figures go into the one there is.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const created = new UPlot(optionsOf(metric, data.lines, { element, heightPx }), newest.current, element);
    plot.current = created;
    return () => {
      plot.current = null;
      created.destroy();
    };
    // `shape` stands for the lines: their values are set above.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [metric, shape, heightPx, scheme]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height: heightPx });
  }, [width, heightPx, shape, metric, scheme]);
  return (
    <div
      ref={frame}
      className="metrics-plot"
      style={{ height: heightPx }}
      role="img"
      aria-label={`Chart of ${metric.title}. Choose "Tables" above for its figures.`}
    />
  );
}

function optionsOf(
  metric: Metric,
  lines: PlotProps["data"]["lines"],
  { element, heightPx }: { readonly element: HTMLElement; readonly heightPx: number },
): UPlot.Options {
  // A canvas knows no custom properties, so the tokens are looked up for the scheme of the moment.
  const styles = getComputedStyle(element);
  const token = (text: string): string => resolveColor(element, text) || styles.color;
  const font = `11px ${styles.fontFamily}`;
  const axis: UPlot.Axis = {
    stroke: token("var(--ink-3)"),
    font,
    grid: { stroke: token("var(--line)"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth || 400,
    height: heightPx,
    padding: [6, 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: sharedCursor, setSeries: false },
      drag: { x: false, y: false },
      points: { size: 6 },
      y: false,
    },
    scales: { x: { time: true }, y: { range: (_, low, high) => yRange(low, high) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        // Below the lowest figure of the other axis, which the first mark would else run into.
        gap: 10,
        size: 32,
        space: markSpacePx,
        values: (_, splits) => formatMarks(splits),
      },
      {
        ...axis,
        size: 64,
        incrs: [...axisSteps(metric.unit)],
        values: (_, splits) => splits.map((value) => formatFigure(metric.unit, value)),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: token(seriesColor(line.color)),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        value: (_: UPlot, value: number | null) => formatFigure(metric.unit, value),
      })),
    ],
    plugins: [createCursorNote(metric.unit)],
  };
}

/** From zero, so that a small wiggle does not look like a mountain; a flat line at zero still has room above it. */
function yRange(low: number | null, high: number | null): UPlot.Range.MinMax {
  const top = high === null || high <= 0 ? 1 : high * 1.08;
  return [Math.min(0, low ?? 0), top];
}

function resolveColor(element: HTMLElement, text: string): string {
  const probe = document.createElement("span");
  probe.style.color = text;
  probe.style.display = "none";
  element.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
