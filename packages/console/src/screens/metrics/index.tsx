/** Time series that the console keeps itself, so that a cluster can be judged without setting anything up. */
import { ChartLine } from "lucide-react";
import { Suspense } from "react";
import type { ReactElement } from "react";
import type { consolepb } from "@quorate/proto";
import { oneOf, text, useUrlState } from "../../app/url-state.js";
import { useClusterQuery, useOverview } from "../../data/index.js";
import {
  Button,
  Callout,
  EmptyState,
  ErrorState,
  Page,
  PageHeader,
  Segmented,
  Skeleton,
} from "../../ui/index.js";
import { METRIC_GROUPS, METRICS, metricOf } from "./catalog.js";
import type { Metric } from "./catalog.js";
import { chartDataOf, GROUPINGS } from "./chart-data.js";
import type { Grouping } from "./chart-data.js";
import { MetricPanel } from "./metric-panel.js";
import { RANGE_LABELS, RANGES, refreshMsOf, sinceOf } from "./range.js";
import "./metrics.css";

const parameters = {
  range: oneOf(RANGES, "15m"),
  by: oneOf(GROUPINGS, "member"),
  view: oneOf(["charts", "tables"], "charts"),
  metric: text(),
};

export function Screen(): ReactElement {
  const [state, set] = useUrlState(parameters);
  const { overview } = useOverview();
  const members = (overview?.members ?? [])
    .map(({ member }) => member?.name ?? "")
    .filter((name) => name !== "");
  const names = state.metric === "" ? [] : [state.metric];
  const answer = useClusterQuery(
    ["metrics", state.range, ...names],
    ({ console }, signal) =>
      console.getMetrics({ names, sinceMs: BigInt(sinceOf(state.range, Date.now())) }, { signal }),
    { refetchMs: refreshMsOf(state.range) },
  );
  const single = state.metric === "" ? undefined : metricOf(state.metric);
  return (
    <Page wide>
      <PageHeader
        title={single?.title ?? "Metrics"}
        description={
          single === undefined
            ? "What this console has measured since it runs. It asks each member every few seconds and keeps the answers in its memory."
            : single.note
        }
        actions={
          single !== undefined && (
            <Button onClick={() => set({ metric: "" }, { push: true })}>All metrics</Button>
          )
        }
      />
      <div className="metrics-tools">
        <Segmented
          label="Time range"
          value={state.range}
          onChange={(range) => set({ range }, { push: true })}
          options={RANGES.map((range) => ({ value: range, label: RANGE_LABELS[range] }))}
        />
        <Segmented
          label="Lines"
          value={state.by}
          onChange={(by) => set({ by }, { push: true })}
          options={[
            { value: "member", label: "Each member" },
            { value: "cluster", label: "Cluster" },
            { value: "label", label: "By kind" },
          ]}
        />
        <Segmented
          label="Shown as"
          value={state.view}
          onChange={(view) => set({ view }, { push: true })}
          options={[
            { value: "charts", label: "Charts" },
            { value: "tables", label: "Tables" },
          ]}
        />
      </div>
      {answer.isPending && <Skeleton lines={10} />}
      {answer.isError && answer.data === undefined && (
        <ErrorState error={answer.error} onRetry={() => void answer.refetch()} />
      )}
      {answer.data !== undefined && (
        <Measured
          answer={answer.data}
          members={members}
          grouping={state.by}
          asTables={state.view === "tables"}
          single={single}
          onSingle={(metric) => set({ metric: metric.name }, { push: true })}
        />
      )}
    </Page>
  );
}

interface MeasuredProps {
  readonly answer: consolepb.GetMetricsResponse;
  readonly members: readonly string[];
  readonly grouping: Grouping;
  readonly asTables: boolean;
  readonly single: Metric | undefined;
  readonly onSingle: (metric: Metric) => void;
}

function Measured({ answer, members, grouping, asTables, single, onSingle }: MeasuredProps): ReactElement {
  const errors = Object.entries(answer.errors);
  const known = new Set(answer.series.map((series) => series.name));
  const panel = (metric: Metric): ReactElement => (
    <MetricPanel
      key={metric.name}
      metric={metric}
      data={chartDataOf(answer, metric, { grouping, members })}
      asTable={asTables}
      tall={single !== undefined}
      onSingle={single === undefined ? () => onSingle(metric) : undefined}
    />
  );
  const strangers = [...known]
    .filter((name) => METRICS.every((metric) => metric.name !== name))
    .map(metricOf);
  const groups = [...METRIC_GROUPS, { id: "more", title: "More", metrics: strangers }];
  return (
    <>
      {errors.length > 0 && (
        <Callout
          tone="warn"
          title={`No figures from ${errors.map(([member]) => member).join(", ")}.`}
          role="status"
        >
          <ul>
            {errors.map(([member, why]) => (
              <li key={member}>
                {member}: {why}
              </li>
            ))}
          </ul>
        </Callout>
      )}
      {answer.timesMs.length < 2 ? (
        <EmptyState icon={<ChartLine />} title="Nothing measured yet">
          The console began to measure when it was started. The first lines appear after a few seconds.
        </EmptyState>
      ) : (
        <Suspense fallback={<Skeleton lines={10} />}>
          {single !== undefined ? (
            <div className="metrics-single">{panel(single)}</div>
          ) : (
            groups.map(({ id, title, metrics }) => {
              const shown = metrics.filter((metric) => known.has(metric.name));
              if (shown.length === 0) return null;
              return (
                <section key={id} className="metrics-group" aria-labelledby={`metrics-${id}`}>
                  <h2 id={`metrics-${id}`}>{title}</h2>
                  <div className="metrics-grid">{shown.map(panel)}</div>
                </section>
              );
            })
          )}
        </Suspense>
      )}
    </>
  );
}
