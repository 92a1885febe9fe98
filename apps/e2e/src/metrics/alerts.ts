/**
 * The series, by the labels that they are asked for, that the alerts and the dashboard of etcd's mixin evaluate. An alert whose expression finds
 * nothing never fires. Source: etcd `contrib/mixin/alerts/alerts.libsonnet`, `contrib/mixin/dashboards`.
 */

export interface Alert {
  readonly alert: string;
  readonly needs: "one member" | "a cluster";
  readonly expects: readonly string[];
}

const FAILURE_CODES: readonly string[] = [
  "Unknown",
  "FailedPrecondition",
  "ResourceExhausted",
  "Internal",
  "Unavailable",
  "DataLoss",
  "DeadlineExceeded",
];
const METHODS: readonly (readonly [service: string, method: string])[] = [
  ["etcdserverpb.KV", "Put"],
  ["etcdserverpb.KV", "Range"],
  ["etcdserverpb.KV", "Txn"],
  ["etcdserverpb.Lease", "LeaseGrant"],
  ["etcdserverpb.Cluster", "MemberList"],
  ["etcdserverpb.Maintenance", "Status"],
];
const ofBidi = (service: string): string => `{grpc_service="${service}",grpc_type="bidi_stream"}`;

export const ALERTS: readonly Alert[] = [
  { alert: "etcdNoLeader", needs: "one member", expects: ["etcd_server_has_leader"] },
  {
    alert: "etcdHighNumberOfLeaderChanges",
    needs: "one member",
    expects: ["etcd_server_leader_changes_seen_total"],
  },
  {
    alert: "etcdHighNumberOfFailedGRPCRequests",
    needs: "one member",
    expects: METHODS.flatMap(([service, method]) =>
      FAILURE_CODES.map(
        (code) =>
          `grpc_server_handled_total{grpc_code="${code}",grpc_method="${method}",grpc_service="${service}"}`,
      ),
    ),
  },
  {
    alert: "etcdGRPCRequestsSlow",
    needs: "one member",
    expects: METHODS.slice(0, 2).flatMap(([service, method]) =>
      ["0.1", "0.25", "+Inf"].map(
        (le) =>
          `grpc_server_handling_seconds_bucket{grpc_method="${method}",grpc_service="${service}",grpc_type="unary",le="${le}"}`,
      ),
    ),
  },
  {
    alert: "etcdHighNumberOfFailedProposals",
    needs: "one member",
    expects: ["etcd_server_proposals_failed_total"],
  },
  {
    alert: "etcdHighFsyncDurations",
    needs: "one member",
    expects: ["0.001", "0.512", "1.024", "+Inf"].map(
      (le) => `etcd_disk_wal_fsync_duration_seconds_bucket{le="${le}"}`,
    ),
  },
  {
    alert: "etcdHighCommitDurations",
    needs: "one member",
    expects: ["0.256", "+Inf"].map((le) => `etcd_disk_backend_commit_duration_seconds_bucket{le="${le}"}`),
  },
  {
    alert: "etcdDatabaseQuotaLowSpace, etcdExcessiveDatabaseGrowth, etcdDatabaseHighFragmentationRatio",
    needs: "one member",
    expects: [
      "etcd_mvcc_db_total_size_in_bytes",
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "etcd_server_quota_backend_bytes",
    ],
  },
  {
    alert: "the dashboard",
    needs: "one member",
    expects: [
      'grpc_server_started_total{grpc_type="unary"}',
      ...["started", "handled"].flatMap((what) => [
        `grpc_server_${what}_total${ofBidi("etcdserverpb.Watch")}`,
        `grpc_server_${what}_total${ofBidi("etcdserverpb.Lease")}`,
      ]),
      "process_resident_memory_bytes",
      "etcd_network_client_grpc_received_bytes_total",
      "etcd_network_client_grpc_sent_bytes_total",
      "etcd_server_proposals_pending",
      "etcd_server_proposals_committed_total",
      "etcd_server_proposals_applied_total",
    ],
  },
  {
    alert: "etcdMembersDown, etcdMemberCommunicationSlow",
    needs: "a cluster",
    expects: [
      "etcd_network_peer_sent_failures_total",
      'etcd_network_peer_round_trip_time_seconds_bucket{le="0.2048"}',
    ],
  },
];
