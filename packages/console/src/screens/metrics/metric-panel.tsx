import { Maximize2 } from "lucide-react";
import { lazy } from "react";
import type { ReactElement } from "react";
import { CopyButton, IconButton, Panel } from "../../ui/index.js";
import type { Metric } from "./catalog.js";
import { silentLines, summarize } from "./chart-data.js";
import type { ChartData } from "./chart-data.js";
import { toCsv } from "./csv.js";
import { formatFigure } from "./format.js";
import { seriesColor } from "./series-color.js";
import { SummaryTable } from "./summary-table.js";

/** The library that draws is only loaded where something is drawn. */
const Plot = lazy(async () => ({ default: (await import("./plot.js")).Plot }));

export interface MetricPanelProps {
  readonly metric: Metric;
  readonly data: ChartData;
  readonly asTable: boolean;
  /** Alone on the page: taller, and with the table beneath. */
  readonly tall: boolean;
  readonly onSingle: (() => void) | undefined;
}

export function MetricPanel({ metric, data, asTable, tall, onSingle }: MetricPanelProps): ReactElement {
  const silent = silentLines(data);
  const drawn = {
    ...data,
    lines: data.lines
      .map((line, at) => ({ ...line, color: at }))
      .filter(({ label }) => !silent.includes(label)),
  };
  const table = <SummaryTable metric={metric} lines={data.lines} />;
  return (
    <Panel
      className="metrics-panel"
      title={metric.title}
      flush
      actions={
        <>
          <CopyButton label={`Copy ${metric.title} as CSV`} text={() => toCsv(data)} />
          {onSingle !== undefined && (
            <IconButton
              label={`Only ${metric.title}`}
              icon={<Maximize2 />}
              size="s"
              onClick={onSingle}
              tooltip={false}
            />
          )}
        </>
      }
    >
      {asTable ? (
        table
      ) : drawn.lines.length === 0 ? (
        <p className="metrics-nothing">No member tells this in the chosen time.</p>
      ) : (
        <>
          <Plot metric={metric} data={drawn} heightPx={tall ? 360 : 168} />
          {!tall && (
            <ul className="metrics-legend" aria-label={`${metric.title} now`}>
              {drawn.lines.map((line) => (
                <li key={line.label}>
                  <i style={{ background: seriesColor(line.color) }} />
                  <span className="metrics-legend-name">{line.label}</span>
                  <span>{formatFigure(metric.unit, summarize(line).newest)}</span>
                </li>
              ))}
              {silent.map((label) => (
                <li key={label} className="metrics-silent">
                  <span className="metrics-legend-name">{label}</span>
                  <span>no figures</span>
                </li>
              ))}
            </ul>
          )}
          {tall && <div className="metrics-below">{table}</div>}
        </>
      )}
    </Panel>
  );
}
