/** Which series the console keeps, and from which of a member's metrics each is made. Names on the left are the console's contract. */

export type SeriesDefinition = {
  /** As in `MetricSeries.name`. */
  readonly name: string;
  /** Metrics to take it from, the first that the member has. */
  readonly from: readonly string[];
  /** Labels by which it is split, one for each of `from`; the sum of all is kept too. */
  readonly splitBy?: readonly string[];
  /** Only samples with these labels count, where they have such labels. */
  readonly only?: Readonly<Record<string, string>>;
} & (
  | { readonly kind: "value" | "rate" }
  | {
      readonly kind: "quantile";
      readonly quantile: number;
      /** What the metric's unit is multiplied with. */
      readonly scale: number;
    }
);

const MS_PER_SECOND = 1000;
const UNARY = { grpc_type: "unary" };

function value(name: string, ...from: string[]): SeriesDefinition {
  return { name, from, kind: "value" };
}

function rate(name: string, ...from: string[]): SeriesDefinition {
  return { name, from, kind: "rate" };
}

function quantileMs(name: string, quantile: number, ...from: string[]): SeriesDefinition {
  return { name, from, kind: "quantile", quantile, scale: MS_PER_SECOND };
}

/** The first is exact and only there with `--metrics=extensive`. */
const REQUEST_SECONDS = ["grpc_server_handling_seconds", "etcd_server_request_duration_seconds"];
const splitRequests = { splitBy: ["grpc_method", "type"], only: UNARY };

export const SERIES_DEFINITIONS: readonly SeriesDefinition[] = [
  { ...rate("requests_per_second", "grpc_server_handled_total"), splitBy: ["grpc_method"], only: UNARY },
  { ...quantileMs("request_p50_ms", 0.5, ...REQUEST_SECONDS), ...splitRequests },
  { ...quantileMs("request_p99_ms", 0.99, ...REQUEST_SECONDS), ...splitRequests },
  quantileMs("fsync_p99_ms", 0.99, "etcd_disk_wal_fsync_duration_seconds"),
  quantileMs("backend_commit_p99_ms", 0.99, "etcd_disk_backend_commit_duration_seconds"),
  quantileMs("apply_p99_ms", 0.99, "etcd_server_apply_duration_seconds"),
  value("watchers", "etcd_debugging_mvcc_watcher_total"),
  value("watch_streams", "etcd_debugging_mvcc_watch_stream_total"),
  value("db_bytes", "etcd_mvcc_db_total_size_in_bytes"),
  value("db_in_use_bytes", "etcd_mvcc_db_total_size_in_use_in_bytes"),
  value("memory_bytes", "process_resident_memory_bytes"),
  value("proposals_pending", "etcd_server_proposals_pending"),
  rate("proposals_committed_per_second", "etcd_server_proposals_committed_total"),
  rate("slow_applies_per_second", "etcd_server_slow_apply_total"),
  {
    ...quantileMs("peer_rtt_p99_ms", 0.99, "etcd_network_peer_round_trip_time_seconds"),
    splitBy: ["To"],
  },
  value("leader_changes", "etcd_server_leader_changes_seen_total"),
  rate("events_per_second", "etcd_debugging_mvcc_events_total"),
  rate("client_bytes_in_per_second", "etcd_network_client_grpc_received_bytes_total"),
  rate("client_bytes_out_per_second", "etcd_network_client_grpc_sent_bytes_total"),
  value("keys", "etcd_debugging_mvcc_keys_total"),
];

/** Seconds since the epoch; tells the uptime. */
export const START_TIME = "process_start_time_seconds";

/** Names as they stand on a member's page. */
export const WANTED_SAMPLES: ReadonlySet<string> = new Set([
  START_TIME,
  ...SERIES_DEFINITIONS.flatMap(({ kind, from }) =>
    kind === "quantile" ? from.map((name) => `${name}_bucket`) : from,
  ),
]);
