/** `etcd_disk_*`, `etcd_mvcc_*`, `etcd_debugging_*`: the log, the database, keys, watchers, leases. */
import { formatHexId } from "@quorate/proto";
import { exponentialBounds, Histogram } from "../../metrics/histogram.js";
import type { MemberMeters } from "../../metrics/member-meters.js";
import { formatLabels, type Exposition } from "./exposition.js";
import type { MetricsSources } from "./sources.js";

/** Of phases and steps that this server does not have: they stay empty. */
const EMPTY_MILLISECONDS_UP = new Histogram(exponentialBounds(0.001, 2, 14));

export function writeStorageFamilies(out: Exposition, sources: MetricsSources): void {
  writeLog(out, sources.meters);
  writeDatabase(out, sources);
  writeKeys(out, sources);
  writeCompactions(out, sources);
  writeWatches(out, sources);
  writeLeases(out, sources);
  writeAlarms(out, sources);
}

/** A write of the log is durable when it is done: what etcd counts as write and as fsync is one here. */
function writeLog(out: Exposition, meters: MemberMeters): void {
  const { walWriteSeconds, walWriteBytes } = meters;
  out.histogram(
    "etcd_disk_wal_fsync_duration_seconds",
    "Time of a durable write to the log.",
    walWriteSeconds,
  );
  out.histogram(
    "etcd_disk_wal_write_duration_seconds",
    "Time of a durable write to the log.",
    walWriteSeconds,
  );
  out.gauge("etcd_disk_wal_write_bytes_total", "Bytes written to the log.", walWriteBytes);
  out.histogram(
    "etcd_snap_fsync_duration_seconds",
    "Always empty: the log is trimmed without a snapshot file.",
    EMPTY_MILLISECONDS_UP,
  );
  out.histogram(
    "etcd_snap_db_fsync_duration_seconds",
    "Time to make a received database durable.",
    meters.receivedDatabaseSyncSeconds,
  );
  out.histogram(
    "etcd_snap_db_save_total_duration_seconds",
    "Time to receive a database from the leader.",
    meters.receivedDatabaseSeconds,
  );
  for (const name of ["marshalling", "total"]) {
    out.histogram(
      `etcd_debugging_snap_save_${name}_duration_seconds`,
      "Always empty: the log is trimmed without a snapshot file.",
      EMPTY_MILLISECONDS_UP,
    );
  }
}

function writeDatabase(out: Exposition, { meters, member, machine }: MetricsSources): void {
  const { storage } = member;
  out.histogram(
    "etcd_disk_backend_commit_duration_seconds",
    "Time of a batch written to the database.",
    meters.backendCommitSeconds,
  );
  out.histogram(
    "etcd_disk_backend_defrag_duration_seconds",
    "Time of a defragmentation.",
    meters.defragSeconds,
  );
  out.histogram(
    "etcd_disk_backend_snapshot_duration_seconds",
    "Time to hand a database out.",
    meters.backendSnapshotSeconds,
  );
  out.gauge("etcd_disk_defrag_inflight", "1 while a defragmentation runs, else 0.", meters.defragsInProgress);
  for (const phase of ["rebalance", "spill"]) {
    out.histogram(
      `etcd_debugging_disk_backend_commit_${phase}_duration_seconds`,
      "Always empty: a phase of B+tree databases.",
      EMPTY_MILLISECONDS_UP,
    );
  }
  out.histogram(
    "etcd_debugging_disk_backend_commit_write_duration_seconds",
    "Time of a batch written to the database.",
    meters.backendCommitSeconds,
  );
  out.gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes of the database on disk.", storage.sizeBytes);
  out.gauge(
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "Bytes of the database that are in use.",
    storage.sizeInUseBytes,
  );
  out.gauge(
    "etcd_mvcc_db_open_read_transactions",
    "1 while a read is under way that spans turns of the event loop, else 0.",
    Number(machine.store.hasOpenViews),
  );
  out.histogram("etcd_mvcc_hash_duration_seconds", "Time of a Hash.", meters.hashSeconds);
  out.histogram("etcd_mvcc_hash_rev_duration_seconds", "Time of a HashKV.", meters.hashRevisionSeconds);
}

function writeKeys(out: Exposition, { machine, methods, authRevision }: MetricsSources): void {
  const { puts, putBytes, deletes, ranges, txns } = machine.operationCounts;
  const range = methods().find(({ service, method }) => service === "etcdserverpb.KV" && method === "Range");
  const { store } = machine;
  out.counter("etcd_mvcc_put_total", "Puts applied.", puts);
  out.counter("etcd_mvcc_delete_total", "Delete requests applied.", deletes);
  out.counter(
    "etcd_mvcc_range_total",
    "Range requests carried out.",
    ranges + (range?.handledByStatus[0] ?? 0),
  );
  out.counter("etcd_mvcc_txn_total", "Transactions of several operations applied.", txns);
  out.gauge("etcd_debugging_mvcc_total_put_size_in_bytes", "Bytes of keys and values put.", putBytes);
  out.gauge(
    "etcd_debugging_mvcc_keys_total",
    "Keys, deleted ones included until compacted.",
    store.statistics.keyCount,
  );
  out.gauge("etcd_debugging_mvcc_current_revision", "Newest revision.", store.revision);
  out.gauge(
    "etcd_debugging_mvcc_compact_revision",
    "Revision of the last compaction.",
    store.compactRevision,
  );
  out.gauge("etcd_debugging_auth_revision", "Revision of users and roles.", authRevision());
  out.counter("etcd_debugging_store_expires_total", "Always 0: there is no v2 store.", 0);
  out.counter("etcd_debugging_store_watch_requests_total", "Always 0: there is no v2 store.", 0);
  out.gauge("etcd_debugging_store_watchers", "Always 0: there is no v2 store.", 0);
}

function writeCompactions(out: Exposition, { meters }: MetricsSources): void {
  out.counter("etcd_debugging_mvcc_db_compaction_keys_total", "Revisions freed.", meters.compactedKeys);
  out.gauge(
    "etcd_debugging_mvcc_db_compaction_last",
    "Unix time of the end of the last compaction; 0 before the first.",
    meters.lastCompactionUnixSeconds,
  );
  out.histogram(
    "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
    "Time that a step of a compaction keeps the event loop.",
    meters.compactionPauseMs,
  );
  out.histogram(
    "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
    "Time of a compaction, its pauses included.",
    meters.compactionTotalMs,
  );
  out.histogram(
    "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
    "Time that a step of a compaction keeps the index.",
    meters.indexCompactionPauseMs,
  );
}

function writeWatches(out: Exposition, { watches, meters }: MetricsSources): void {
  meters.watches.settle();
  const { events, eventSeconds, perEventSeconds, controlSeconds, progressSeconds } = meters.watches;
  const { streamCount, watcherCount, behindCount, recentBytes } = watches.statistics;
  out.gauge("etcd_debugging_mvcc_watch_stream_total", "Watch streams.", streamCount);
  out.gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", watcherCount);
  out.gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that are behind.", behindCount);
  out.gauge(
    "etcd_debugging_mvcc_pending_events_total",
    "Always 0: what is not sent yet is not held per watcher.",
    0,
  );
  out.counter("etcd_debugging_mvcc_events_total", "Events sent to watchers.", events);
  for (const [name, help, histogram] of [
    ["watch_stream_duration_seconds", "Time to send a response with events.", eventSeconds],
    ["watch_stream_duration_per_event_seconds", "The same, by the number of events in it.", perEventSeconds],
    ["control_stream_duration_seconds", "Time to send an answer to a request of the stream.", controlSeconds],
    ["progress_duration_seconds", "Time to send a progress notification.", progressSeconds],
  ] as const)
    out.histogram(`etcd_debugging_server_watch_send_loop_${name}`, help, histogram);
  out.gauge("quorate_watch_recent_bytes", "Bytes of recent events that are kept for watchers.", recentBytes);
}

function writeLeases(out: Exposition, { meters, machine }: MetricsSources): void {
  const { renewedCount, expiredCount } = machine.lessor;
  out.counter("etcd_debugging_lease_granted_total", "Leases granted.", meters.leasesGranted);
  out.counter("etcd_debugging_lease_revoked_total", "Leases revoked.", meters.leasesRevoked);
  out.counter("etcd_debugging_lease_renewed_total", "Renewals made by this member as leader.", renewedCount);
  out.counter(
    "etcd_debugging_server_lease_expired_total",
    "Leases found expired by this member.",
    expiredCount,
  );
  out.histogram(
    "etcd_debugging_lease_ttl_total",
    "Seconds for which leases were granted.",
    meters.leaseTtlSeconds,
  );
}

const ALARM_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "NOSPACE"],
  [2, "CORRUPT"],
]);

/** An alarm that was seen stays in the list, with 0 once it is gone. */
function writeAlarms(out: Exposition, { member, meters }: MetricsSources): void {
  const active = new Set(
    member.alarms.list().map(({ memberId, type }) => {
      const labels = { alarm_type: ALARM_NAMES.get(type) ?? "NONE", server_id: formatHexId(memberId) };
      return formatLabels(labels);
    }),
  );
  for (const labels of active) meters.alarmsSeen.add(labels);
  out.rows(
    "gauge",
    { name: "etcd_debugging_server_alarms", help: "1 for alarms that are active, 0 for those that were." },
    [...meters.alarmsSeen].map((labels) => [labels, Number(active.has(labels))] as const),
  );
}
