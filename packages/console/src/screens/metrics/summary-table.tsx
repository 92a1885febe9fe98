import type { ReactElement } from "react";
import { Table } from "../../ui/index.js";
import type { Column } from "../../ui/index.js";
import type { Metric } from "./catalog.js";
import { summarize } from "./chart-data.js";
import type { Line, Summary } from "./chart-data.js";
import { formatFigure } from "./format.js";

/** What the chart shows, for whoever does not see it: the same lines in figures. */
export function SummaryTable({
  metric,
  lines,
}: {
  readonly metric: Metric;
  readonly lines: readonly Line[];
}): ReactElement {
  const figure = (id: "newest" | "lowest" | "average" | "highest", header: string): Column<Summary> => ({
    id,
    header,
    align: "end",
    cell: (row) => formatFigure(metric.unit, row[id]),
  });
  return (
    <Table
      caption={`${metric.title} in the chosen time`}
      columns={[
        { id: "line", header: "Line", cell: (row) => row.label },
        figure("newest", "Now"),
        figure("lowest", "Lowest"),
        figure("average", "Average"),
        figure("highest", "Highest"),
      ]}
      rows={lines.map(summarize)}
      rowKey={(row) => row.label}
      empty={<p className="metrics-nothing">No member tells this in the chosen time.</p>}
    />
  );
}
