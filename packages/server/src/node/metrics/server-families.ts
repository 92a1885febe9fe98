/** `etcd_server_*`: consensus, versions, requests. */
import { formatHexId } from "@quorate/proto";
import { RANGE_SECONDS, REQUEST_SECONDS, MethodTiming } from "../../metrics/call-timings.js";
import type { MethodCounters } from "@quorate/rpc";
import { exponentialBounds } from "../../metrics/histogram.js";
import { formatLabels, type Exposition, type HistogramRow } from "./exposition.js";
import type { MetricsSources } from "./sources.js";

export function writeServerFamilies(out: Exposition, sources: MetricsSources): void {
  writeRole(out, sources);
  writeProposals(out, sources);
  writeVersions(out, sources);
  writeRequests(out, sources);
  writeHealth(out, sources);
}

function writeRole(out: Exposition, { member, driver, meters }: MetricsSources): void {
  out.gauge(
    "etcd_server_has_leader",
    "1 if this member knows a leader, else 0.",
    Number(member.leaderId !== 0n),
  );
  out.gauge("etcd_server_is_leader", "1 if this member leads, else 0.", Number(driver.isLeader));
  out.gauge("etcd_server_is_learner", "1 if this member is a learner, else 0.", Number(member.isLearner));
  out.counter(
    "etcd_server_leader_changes_seen_total",
    "Times that a leader has come up.",
    meters.leaderChanges,
  );
  out.counter(
    "etcd_server_heartbeat_send_failures_total",
    "Heartbeats that this member, as leader, has sent too late.",
    meters.heartbeatSendFailures,
  );
  out.counter(
    "etcd_server_learner_promote_successes",
    "Learners promoted by this member as leader.",
    meters.learnerPromotions,
  );
  const failures = [...meters.learnerPromotionFailures].map(
    ([reason, count]) => [formatLabels({ Reason: reason }), count] as const,
  );
  const family = {
    name: "etcd_server_learner_promote_failures",
    help: "Promotions of learners that this member, as leader, has refused, by reason.",
  };
  out.rows("counter", family, failures);
}

function writeProposals(out: Exposition, { member, driver, meters }: MetricsSources): void {
  const { slow, failed } = driver.readRounds;
  out.gauge(
    "etcd_server_proposals_committed_total",
    "Index of the last committed entry.",
    member.committedIndex,
  );
  out.gauge("etcd_server_proposals_applied_total", "Index of the last applied entry.", member.appliedIndex);
  out.gauge(
    "etcd_server_proposals_pending",
    "Proposals that wait for their outcome.",
    driver.pendingProposals,
  );
  out.counter("etcd_server_proposals_failed_total", "Proposals given up.", driver.failedProposals);
  out.counter("etcd_server_slow_apply_total", "Entries whose application took too long.", meters.slowApplies);
  out.counter(
    "etcd_server_slow_read_indexes_total",
    "Read index requests asked again for want of an answer.",
    slow,
  );
  out.counter("etcd_server_read_indexes_failed_total", "Rounds of reads that failed.", failed);
  out.gauge(
    "etcd_server_snapshot_apply_in_progress_total",
    "1 while a received database is being installed, else 0.",
    meters.snapshotAppliesInProgress,
  );
  for (const meter of meters.applies.values()) meter.settle();
  const rows = [...meters.applies.values()]
    .filter(({ seconds }) => seconds.count > 0)
    .map(({ operation, isSuccess, seconds }): HistogramRow => ({
      labels: { op: operation, success: String(isSuccess), version: "v3" },
      histogram: seconds,
    }));
  const family = {
    name: "etcd_server_apply_duration_seconds",
    help: "Time to apply an entry, by operation.",
    bounds: exponentialBounds(0.0001, 2, 20),
  };
  out.histograms(family, rows);
}

function writeVersions(out: Exposition, sources: MetricsSources): void {
  const { member, clusterVersion, features } = sources;
  const one = (name: string, help: string, label: string, value: string): void =>
    out.rows("gauge", { name, help }, [[formatLabels({ [label]: value }), 1]]);
  out.gauge(
    "etcd_server_quota_backend_bytes",
    "Bytes that the database may take.",
    Number.isFinite(member.quotaBytes) ? member.quotaBytes : 0,
  );
  one("etcd_server_version", "1, with the server's version.", "server_version", member.serverVersion);
  one(
    "etcd_server_go_version",
    "1, with the runtime's version.",
    "server_go_version",
    `node ${process.version}`,
  );
  one("etcd_server_id", "1, with the member's id.", "server_id", formatHexId(member.memberId));
  const version = clusterVersion()?.split(".").slice(0, 2).join(".");
  if (version !== undefined)
    one("etcd_cluster_version", "1, with the cluster's version.", "cluster_version", version);
  out.rows(
    "gauge",
    {
      name: "etcd_server_feature_enabled",
      help: "1 for feature gates that are on, 0 for those that are off.",
    },
    features.map(({ name, stage, enabled }) => [formatLabels({ name, stage }), Number(enabled)] as const),
  );
}

/** Methods whose calls are requests of etcd's request metric, and the names they have there. */
const REQUEST_TYPES: ReadonlyMap<string, string> = new Map([
  ["KV.Range", "Range"],
  ["KV.Put", "Put"],
  ["KV.DeleteRange", "DeleteRange"],
  ["KV.Txn", "Txn"],
  ["KV.Compact", "Compaction"],
  ["Lease.LeaseGrant", "LeaseGrant"],
  ["Lease.LeaseRevoke", "LeaseRevoke"],
  ["Maintenance.Alarm", "Alarm"],
  ["Auth.Authenticate", "Authenticate"],
  ["Auth.AuthEnable", "AuthEnable"],
  ["Auth.AuthDisable", "AuthDisable"],
  ["Auth.AuthStatus", "AuthStatus"],
  ["Auth.UserAdd", "AuthUserAdd"],
  ["Auth.UserGet", "AuthUserGet"],
  ["Auth.UserList", "AuthUserList"],
  ["Auth.UserDelete", "AuthUserDelete"],
  ["Auth.UserChangePassword", "AuthUserChangePassword"],
  ["Auth.UserGrantRole", "AuthUserGrantRole"],
  ["Auth.UserRevokeRole", "AuthUserRevokeRole"],
  ["Auth.RoleAdd", "AuthRoleAdd"],
  ["Auth.RoleGet", "AuthRoleGet"],
  ["Auth.RoleList", "AuthRoleList"],
  ["Auth.RoleDelete", "AuthRoleDelete"],
  ["Auth.RoleGrantPermission", "AuthRoleGrantPermission"],
  ["Auth.RoleRevokePermission", "AuthRoleRevokePermission"],
]);

function writeRequests(out: Exposition, { methods, clientRequests }: MetricsSources): void {
  const requests: HistogramRow[] = [];
  const ranges: HistogramRow[] = [];
  for (const counters of methods()) {
    const type = REQUEST_TYPES.get(`${counters.service.replace("etcdserverpb.", "")}.${counters.method}`);
    if (type === undefined) continue;
    requests.push(...timedRows(counters, { type }));
    if (type === "Range") ranges.push(...timedRows(counters, {}));
  }
  out.histograms(
    {
      name: "etcd_server_request_duration_seconds",
      help: "Time from a request to its answer, by type.",
      bounds: REQUEST_SECONDS,
    },
    requests,
  );
  out.histograms(
    {
      name: "etcd_server_range_duration_seconds",
      help: "Time from a range request to its answer.",
      bounds: RANGE_SECONDS,
    },
    ranges,
  );
  out.rows(
    "counter",
    { name: "etcd_server_client_requests_total", help: "Requests by the version of the client's API." },
    clientRequests
      .filter(({ count }) => count > 0)
      .map(
        ({ version, type, count }) => [formatLabels({ client_api_version: version, type }), count] as const,
      ),
  );
}

function timedRows(counters: MethodCounters, labels: Readonly<Record<string, string>>): HistogramRow[] {
  const { timing } = counters;
  if (!(timing instanceof MethodTiming)) return [];
  timing.settle(counters);
  const row = (success: boolean): HistogramRow => ({
    labels: { ...labels, success: String(success) },
    histogram: (success ? timing.succeeded : timing.failed).seconds,
  });
  return [row(false), row(true)].filter(({ histogram }) => histogram.count > 0);
}

function writeHealth(out: Exposition, { meters }: MetricsSources): void {
  out.counter("etcd_server_health_success", "Answers of /health that said true.", meters.healthSuccess);
  out.counter("etcd_server_health_failures", "Answers of /health that said false.", meters.healthFailures);
  out.rows(
    "gauge",
    { name: "etcd_server_healthcheck", help: "Last result of a check of /livez or /readyz: 1 for well." },
    [...meters.healthCheckResults].map(([key, isOk]) => {
      const [type = "", name = ""] = key.split(" ");
      return [formatLabels({ name, type }), Number(isOk)] as const;
    }),
  );
  out.rows(
    "counter",
    { name: "etcd_server_healthchecks_total", help: "Checks of /livez and /readyz by result." },
    [...meters.healthChecks].map(([key, count]) => {
      const [type = "", name = "", status = ""] = key.split(" ");
      return [formatLabels({ name, status, type }), count] as const;
    }),
  );
}
