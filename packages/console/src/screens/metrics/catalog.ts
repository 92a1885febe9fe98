/** What the console measures: title, unit, how members are put together, and what to read from it. */

export type Unit = "per-second" | "ms" | "bytes" | "bytes-per-second" | "count";

export interface Metric {
  /** As in `MetricSeries.name`. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** How the members' figures become the cluster's: shares of a whole add up; of delays and of copies, the worst tells. */
  readonly combine: "sum" | "max";
  readonly note: string;
}

export interface MetricGroup {
  readonly id: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
}

export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    id: "traffic",
    title: "Traffic",
    metrics: [
      {
        name: "requests_per_second",
        title: "Requests",
        unit: "per-second",
        combine: "sum",
        note: "Calls that clients made, of all kinds.",
      },
      {
        name: "request_p50_ms",
        title: "Latency, median",
        unit: "ms",
        combine: "max",
        note: "Half of the calls were answered within this.",
      },
      {
        name: "request_p99_ms",
        title: "Latency, p99",
        unit: "ms",
        combine: "max",
        note: "All but one in a hundred calls were answered within this.",
      },
      {
        name: "client_bytes_in_per_second",
        title: "Received from clients",
        unit: "bytes-per-second",
        combine: "sum",
        note: "Payload of requests.",
      },
      {
        name: "client_bytes_out_per_second",
        title: "Sent to clients",
        unit: "bytes-per-second",
        combine: "sum",
        note: "Payload of answers and events.",
      },
    ],
  },
  {
    id: "consensus",
    title: "Consensus",
    metrics: [
      {
        name: "proposals_committed_per_second",
        title: "Commits",
        unit: "per-second",
        combine: "max",
        note: "Log entries a majority agreed on. Every member commits the same ones.",
      },
      {
        name: "proposals_pending",
        title: "Waiting proposals",
        unit: "count",
        combine: "sum",
        note: "Writes that are not decided yet. A line that grows means the majority is slow or gone.",
      },
      {
        name: "peer_rtt_p99_ms",
        title: "Round trip between members, p99",
        unit: "ms",
        combine: "max",
        note: "Every write waits for the quickest majority of these.",
      },
      {
        name: "leader_changes",
        title: "Leader changes",
        unit: "count",
        combine: "max",
        note: "Since the member started. Steps mean elections, and each one pauses writes.",
      },
    ],
  },
  {
    id: "disk",
    title: "Disk",
    metrics: [
      {
        name: "fsync_p99_ms",
        title: "Log sync, p99",
        unit: "ms",
        combine: "max",
        note: "What a write waits for on disk. Above 10 ms, expect elections under load.",
      },
      {
        name: "backend_commit_p99_ms",
        title: "Store commit, p99",
        unit: "ms",
        combine: "max",
        note: "Writing applied changes to the store.",
      },
      {
        name: "db_bytes",
        title: "Store on disk",
        unit: "bytes",
        combine: "max",
        note: "Each member keeps a whole copy. Writes are refused at the quota.",
      },
      {
        name: "db_in_use_bytes",
        title: "Store in use",
        unit: "bytes",
        combine: "max",
        note: "The rest of the file is free and is given back by defragmenting.",
      },
    ],
  },
  {
    id: "work",
    title: "Store and watches",
    metrics: [
      {
        name: "apply_p99_ms",
        title: "Apply, p99",
        unit: "ms",
        combine: "max",
        note: "From decided to visible.",
      },
      {
        name: "slow_applies_per_second",
        title: "Slow applies",
        unit: "per-second",
        combine: "sum",
        note: "Requests that took longer than 100 ms to apply.",
      },
      { name: "keys", title: "Keys", unit: "count", combine: "max", note: "Live keys in the store." },
      {
        name: "events_per_second",
        title: "Events sent",
        unit: "per-second",
        combine: "sum",
        note: "Changes that were delivered to watchers.",
      },
      {
        name: "watchers",
        title: "Watchers",
        unit: "count",
        combine: "sum",
        note: "Ranges that clients watch.",
      },
      {
        name: "watch_streams",
        title: "Watch streams",
        unit: "count",
        combine: "sum",
        note: "Connections that carry watchers.",
      },
      {
        name: "memory_bytes",
        title: "Memory",
        unit: "bytes",
        combine: "max",
        note: "Resident memory of the process.",
      },
    ],
  },
];

export const METRICS: readonly Metric[] = METRIC_GROUPS.flatMap((group) => group.metrics);

/** A metric that this version does not know is shown too, under its own name. */
export function metricOf(name: string): Metric {
  return (
    METRICS.find((known) => known.name === name) ?? {
      name,
      title: name.replaceAll("_", " "),
      unit: "count",
      combine: "max",
      note: "",
    }
  );
}
