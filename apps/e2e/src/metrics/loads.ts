/** What moves which series of one member: each row is something that clients do, and what has to have moved afterwards. */
import { etcdserverpb, toBinary, create } from "@quorate/proto";
import type { Member } from "../harness/member.js";
import { sleep } from "../harness/member.js";
import { pathOf } from "../harness/wire-client.js";
import type { WireClient } from "../harness/wire-client.js";

export interface Load {
  readonly what: string;
  readonly run: (client: WireClient, member: Member) => Promise<void>;
  /** Sums that are larger afterwards. */
  readonly moves: readonly string[];
  /** Sums that are larger by exactly so much. */
  readonly movesBy?: Readonly<Record<string, number>>;
}

const { put, range, deleteRange, txn, compact } = etcdserverpb.KV.method;
const { leaseGrant, leaseRevoke } = etcdserverpb.Lease.method;
const { defragment, hash, hashKV, alarm } = etcdserverpb.Maintenance.method;
const { userAdd } = etcdserverpb.Auth.method;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const ofMethod = (method: string): string => `{grpc_method="${method}"}`;
/** A lease of a second is found expired within that and a few turns of the lessor. */
const EXPIRY_MS = 4000;
const PROGRESS_ROUNDS_MS = 1500;

export const LOADS: readonly Load[] = [
  {
    what: "puts",
    run: async (client) => {
      for (let i = 0; i < 40; i++)
        await client.demand(put, { key: bytes(`key${String(i)}`), value: bytes("value") });
    },
    moves: [
      "etcd_server_proposals_committed_total",
      "etcd_server_proposals_applied_total",
      "etcd_disk_wal_fsync_duration_seconds_count",
      "etcd_disk_wal_fsync_duration_seconds_sum",
      "etcd_disk_wal_fsync_duration_seconds_bucket",
      "etcd_disk_wal_write_duration_seconds_count",
      "etcd_disk_wal_write_bytes_total",
      "etcd_network_client_grpc_sent_bytes_total",
      "etcd_network_client_grpc_received_bytes_total",
      "etcd_debugging_mvcc_total_put_size_in_bytes",
      'etcd_server_client_requests_total{type="unary"}',
      'etcd_server_apply_duration_seconds_bucket{op="Put",success="true",version="v3"}',
    ],
    movesBy: {
      etcd_mvcc_put_total: 40,
      etcd_debugging_mvcc_keys_total: 40,
      etcd_debugging_mvcc_current_revision: 40,
      [`grpc_server_started_total${ofMethod("Put")}`]: 40,
      [`grpc_server_handled_total${ofMethod("Put")}`]: 40,
      [`grpc_server_msg_received_total${ofMethod("Put")}`]: 40,
      [`grpc_server_msg_sent_total${ofMethod("Put")}`]: 40,
      [`grpc_server_handling_seconds_count${ofMethod("Put")}`]: 40,
      'etcd_server_apply_duration_seconds_count{op="Put",success="true"}': 40,
    },
  },
  {
    what: "ranges",
    run: async (client) => {
      for (let i = 0; i < 20; i++) await client.demand(range, { key: bytes("key1") });
    },
    moves: ['etcd_server_request_duration_seconds_count{type="Range",success="true"}'],
    movesBy: { etcd_mvcc_range_total: 20, 'etcd_server_range_duration_seconds_count{success="true"}': 20 },
  },
  {
    what: "requests that are refused",
    run: async (client) => {
      for (let i = 0; i < 3; i++) await client.call(put, {});
      await client.call(leaseRevoke, { ID: 404n });
    },
    moves: ['etcd_server_apply_duration_seconds_count{op="LeaseRevoke",success="false"}'],
    movesBy: {
      'grpc_server_handled_total{grpc_code="InvalidArgument",grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"}': 3,
      'grpc_server_handled_total{grpc_code="NotFound",grpc_method="LeaseRevoke"}': 1,
    },
  },
  {
    what: "deletions and transactions",
    run: async (client) => {
      await client.demand(deleteRange, { key: bytes("key2") });
      const requestPut = (key: string) =>
        ({ request: { case: "requestPut", value: { key: bytes(key), value: bytes("v") } } }) as const;
      await client.demand(txn, { success: [requestPut("t1"), requestPut("t2")] });
    },
    moves: ["etcd_mvcc_put_total"],
    movesBy: { etcd_mvcc_delete_total: 1, etcd_mvcc_txn_total: 1 },
  },
  {
    what: "leases",
    run: async (client) => {
      await client.demand(leaseGrant, { ID: 70n, TTL: 60n });
      await client.demand(leaseGrant, { ID: 71n, TTL: 1n });
      await renew(client, 70n);
      await client.demand(leaseRevoke, { ID: 70n });
      await sleep(EXPIRY_MS);
    },
    moves: ["etcd_debugging_lease_revoked_total", "etcd_debugging_server_lease_expired_total"],
    movesBy: {
      etcd_debugging_lease_granted_total: 2,
      etcd_debugging_lease_renewed_total: 1,
      etcd_debugging_lease_ttl_total_count: 2,
      // The shorter one is granted for the least time that a lease can have: two seconds with these election times.
      etcd_debugging_lease_ttl_total_sum: 62,
    },
  },
  {
    what: "compactions",
    run: async (client) => {
      for (let i = 0; i < 10; i++) await client.demand(put, { key: bytes("again"), value: bytes(String(i)) });
      const { header } = await client.demand(range, { key: bytes("again") });
      await client.demand(compact, { revision: header?.revision ?? 0n, physical: true });
    },
    moves: [
      "etcd_debugging_mvcc_compact_revision",
      "etcd_debugging_mvcc_db_compaction_keys_total",
      "etcd_debugging_mvcc_db_compaction_last",
      "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds_count",
      "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds_count",
      "etcd_disk_backend_commit_duration_seconds_count",
    ],
  },
  {
    what: "maintenance",
    run: async (client) => {
      await client.demand(hash, {});
      await client.demand(hashKV, {});
      await client.demand(defragment, {});
      await takeSnapshot(client);
    },
    moves: [
      "etcd_mvcc_hash_duration_seconds_count",
      "etcd_mvcc_hash_rev_duration_seconds_count",
      "etcd_disk_backend_defrag_duration_seconds_count",
      "etcd_disk_backend_snapshot_duration_seconds_count",
      'etcd_server_client_requests_total{type="stream"}',
    ],
  },
  {
    what: "users",
    run: async (client) => {
      await client.demand(userAdd, { name: "somebody", password: "secret" });
    },
    moves: ["etcd_debugging_auth_revision"],
  },
  {
    what: "an alarm",
    run: async (client) => {
      const request = {
        alarm: etcdserverpb.AlarmType.NOSPACE,
        action: etcdserverpb.AlarmRequest_AlarmAction.ACTIVATE,
      };
      await client.demand(alarm, request);
    },
    moves: ['etcd_debugging_server_alarms{alarm_type="NOSPACE"}'],
  },
  {
    what: "probes",
    run: async (client, { endpoint }) => {
      const { AlarmType, AlarmRequest_AlarmAction: action } = etcdserverpb;
      const get = async (path: string): Promise<void> =>
        void (await (await fetch(`http://${endpoint}${path}`)).text());
      // The alarm of the row before.
      await get("/health");
      await client.demand(alarm, { alarm: AlarmType.NOSPACE, action: action.DEACTIVATE });
      await get("/health");
      await get("/readyz");
      await get("/metrics");
    },
    moves: [
      "etcd_server_health_success",
      "etcd_server_health_failures",
      'etcd_server_healthchecks_total{type="readyz",status="success"}',
      'promhttp_metric_handler_requests_total{code="200"}',
    ],
  },
  {
    what: "watchers",
    run: async (client) => {
      const stream = client.openBidiStream(pathOf(etcdserverpb.Watch.method.watch));
      let events = 0;
      stream.on("error", () => undefined);
      stream.on("data", () => (events += 1));
      stream.write(watchRequest({ key: bytes("watched"), progressNotify: true }));
      await sleep(PROGRESS_ROUNDS_MS);
      for (let i = 0; i < 20; i++) await client.demand(put, { key: bytes("watched"), value: bytes("v") });
      await sleep(PROGRESS_ROUNDS_MS);
      if (events < 2) throw new Error("the watcher was told nothing");
      stream.cancel();
    },
    moves: [
      "etcd_debugging_mvcc_events_total",
      "etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds_count",
      "etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds_count",
      "etcd_debugging_server_watch_send_loop_control_stream_duration_seconds_count",
      "etcd_debugging_server_watch_send_loop_progress_duration_seconds_count",
      'grpc_server_started_total{grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"}',
    ],
    movesBy: { etcd_debugging_mvcc_events_total: 20 },
  },
];

export function watchRequest(value: {
  readonly key: Uint8Array;
  readonly progressNotify?: boolean;
  readonly startRevision?: bigint;
}): Buffer {
  const schema = etcdserverpb.WatchRequestSchema;
  return Buffer.from(toBinary(schema, create(schema, { requestUnion: { case: "createRequest", value } })));
}

async function renew(client: WireClient, id: bigint): Promise<void> {
  const stream = client.openBidiStream(pathOf(etcdserverpb.Lease.method.leaseKeepAlive));
  stream.on("error", () => undefined);
  const schema = etcdserverpb.LeaseKeepAliveRequestSchema;
  stream.write(Buffer.from(toBinary(schema, create(schema, { ID: id }))));
  await new Promise((resolve) => stream.once("data", resolve));
  stream.cancel();
}

async function takeSnapshot(client: WireClient): Promise<void> {
  const stream = client.openServerStream(pathOf(etcdserverpb.Maintenance.method.snapshot), new Uint8Array(0));
  for await (const chunk of stream)
    if ((chunk as Buffer).length === 0) throw new Error("an empty part of a snapshot");
}
