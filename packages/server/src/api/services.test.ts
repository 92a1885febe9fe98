/** Status, member list, checksums, health, failures of the member, and callers that leave. */
import {
  GrpcStatus,
  create,
  etcdserverpb as pb,
  fromBinary,
  health,
  toBinary,
  type ErrorName,
} from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { APPLY_GAP_MAX } from "./member-port.js";
import { failureCode, failureText } from "./to-status.js";
import type { FakeCall } from "./testing/fake-calls.js";
import { KvClient, bytes, failureOf, op } from "./testing/kv-client.js";

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

const status = (): Promise<pb.StatusResponse> =>
  kv.unary("etcdserverpb.Maintenance/Status", [pb.StatusRequestSchema, pb.StatusResponseSchema], {});

test("the table of methods", () => {
  expect(kv.transport.paths).toEqual([
    "etcdserverpb.Auth/AuthDisable",
    "etcdserverpb.Auth/AuthEnable",
    "etcdserverpb.Auth/AuthStatus",
    "etcdserverpb.Auth/Authenticate",
    "etcdserverpb.Auth/RoleAdd",
    "etcdserverpb.Auth/RoleDelete",
    "etcdserverpb.Auth/RoleGet",
    "etcdserverpb.Auth/RoleGrantPermission",
    "etcdserverpb.Auth/RoleList",
    "etcdserverpb.Auth/RoleRevokePermission",
    "etcdserverpb.Auth/UserAdd",
    "etcdserverpb.Auth/UserChangePassword",
    "etcdserverpb.Auth/UserDelete",
    "etcdserverpb.Auth/UserGet",
    "etcdserverpb.Auth/UserGrantRole",
    "etcdserverpb.Auth/UserList",
    "etcdserverpb.Auth/UserRevokeRole",
    "etcdserverpb.Cluster/MemberAdd",
    "etcdserverpb.Cluster/MemberList",
    "etcdserverpb.Cluster/MemberPromote",
    "etcdserverpb.Cluster/MemberRemove",
    "etcdserverpb.Cluster/MemberUpdate",
    "etcdserverpb.KV/Compact",
    "etcdserverpb.KV/DeleteRange",
    "etcdserverpb.KV/Put",
    "etcdserverpb.KV/Range",
    "etcdserverpb.KV/RangeStream",
    "etcdserverpb.KV/Txn",
    "etcdserverpb.Lease/LeaseGrant",
    "etcdserverpb.Lease/LeaseKeepAlive",
    "etcdserverpb.Lease/LeaseLeases",
    "etcdserverpb.Lease/LeaseRevoke",
    "etcdserverpb.Lease/LeaseTimeToLive",
    "etcdserverpb.Maintenance/Alarm",
    "etcdserverpb.Maintenance/Defragment",
    "etcdserverpb.Maintenance/Downgrade",
    "etcdserverpb.Maintenance/Hash",
    "etcdserverpb.Maintenance/HashKV",
    "etcdserverpb.Maintenance/MoveLeader",
    "etcdserverpb.Maintenance/Snapshot",
    "etcdserverpb.Maintenance/Status",
    "etcdserverpb.Watch/Watch",
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/List",
    "grpc.health.v1.Health/Watch",
    "v3electionpb.Election/Campaign",
    "v3electionpb.Election/Leader",
    "v3electionpb.Election/Observe",
    "v3electionpb.Election/Proclaim",
    "v3electionpb.Election/Resign",
    "v3lockpb.Lock/Lock",
    "v3lockpb.Lock/Unlock",
  ]);
});

describe("Status", () => {
  test("tells all there is to know", async () => {
    await kv.put({ key: bytes("a") });
    kv.member.statusQuotaBytes = 2 ** 31;
    expect(await status()).toMatchObject({
      header: { clusterId: kv.member.clusterId, memberId: kv.member.memberId, revision: 2n, raftTerm: 3n },
      version: "3.7.0",
      dbSize: 4096n,
      dbSizeInUse: 2048n,
      dbSizeQuota: 2147483648n,
      leader: kv.member.memberId,
      raftIndex: 1n,
      raftAppliedIndex: 1n,
      raftTerm: 3n,
      errors: [],
      isLearner: false,
      storageVersion: "3.7.0",
      downgradeInfo: { enabled: false, targetVersion: "" },
    });
  });

  test("shows a quota that is switched off as the negative number that did so", async () => {
    kv.member.statusQuotaBytes = -5;
    expect(await status()).toMatchObject({ dbSizeQuota: -5n });
    expect(kv.member.quotaBytes).toBe(Infinity);
    expect(await failureOf(kv.put({ key: bytes("a") }))).toBe("ok");
  });

  test("lists a missing leader and alarms as errors", async () => {
    const { ACTIVATE } = pb.AlarmRequest_AlarmAction;
    await kv.alarm({ action: ACTIVATE, memberID: 13803658152347727308n, alarm: pb.AlarmType.NOSPACE });
    await kv.alarm({ action: ACTIVATE, alarm: pb.AlarmType.CORRUPT });
    kv.member.leaderId = 0n;
    expect((await status()).errors).toEqual([
      "etcdserver: no leader",
      "memberID:13803658152347727308 alarm:NOSPACE",
      "alarm:CORRUPT",
    ]);
  });
});

test("HashKV, Hash and Defragment", async () => {
  const hashKv = (revision: bigint): Promise<pb.HashKVResponse> =>
    kv.unary("etcdserverpb.Maintenance/HashKV", [pb.HashKVRequestSchema, pb.HashKVResponseSchema], {
      revision,
    });
  // The published checksum of a store that was never written.
  expect(await hashKv(0n)).toMatchObject({ hash: 1084519789, compactRevision: -1n, hashRevision: 1n });
  await kv.put({ key: bytes("a") });
  await kv.compact(2, true);
  expect(await hashKv(2n)).toMatchObject({ compactRevision: 2n, hashRevision: 2n, header: { revision: 2n } });
  expect(await failureOf(hashKv(1n))).toBe("compacted");
  expect(await failureOf(hashKv(3n))).toBe("future-revision");
  const hash = kv.unary("etcdserverpb.Maintenance/Hash", [pb.HashRequestSchema, pb.HashResponseSchema], {});
  expect((await hash).hash).toBeGreaterThan(0);
  const schemas = [pb.DefragmentRequestSchema, pb.DefragmentResponseSchema] as const;
  expect((await kv.unary("etcdserverpb.Maintenance/Defragment", schemas, {})).header).toBeUndefined();
});

test("MemberList has no revision, and asks the quorum when it is to be linearizable", async () => {
  const list = (linearizable: boolean): Promise<pb.MemberListResponse> =>
    kv.unary("etcdserverpb.Cluster/MemberList", [pb.MemberListRequestSchema, pb.MemberListResponseSchema], {
      linearizable,
    });
  expect(await list(false)).toMatchObject({
    header: { revision: 0n, raftTerm: 3n, memberId: kv.member.memberId },
    members: [
      { ID: kv.member.memberId, name: "default", peerURLs: ["http://localhost:2380"], isLearner: false },
    ],
  });
  expect(kv.member.readCount).toBe(0);
  await list(true);
  expect(kv.member.readCount).toBe(1);
  kv.member.failure = "leader-changed";
  expect(await failureOf(list(true))).toBe("leader-changed");
});

describe("health", () => {
  const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;
  const request = (service: string): Uint8Array =>
    toBinary(health.HealthCheckRequestSchema, create(health.HealthCheckRequestSchema, { service }));
  const decode = (message: Uint8Array | undefined): number =>
    fromBinary(health.HealthCheckResponseSchema, message ?? new Uint8Array(0)).status;

  test("Check and List know the server as a whole only", async () => {
    const check = await kv.transport.call("grpc.health.v1.Health/Check", request(""));
    expect(decode(check.messages[0])).toBe(SERVING);
    const unknown = await kv.transport.call("grpc.health.v1.Health/Check", request("etcdserverpb.KV"));
    expect(unknown.error).toEqual({ code: GrpcStatus.NotFound, message: "unknown service" });
    const list = await kv.transport.call("grpc.health.v1.Health/List", new Uint8Array(0));
    const { statuses } = fromBinary(health.HealthListResponseSchema, list.messages[0] ?? new Uint8Array(0));
    expect(Object.keys(statuses)).toEqual([""]);
  });

  test("Watch tells the status now and when it changes", () => {
    const watch = kv.transport.start("grpc.health.v1.Health/Watch", request(""));
    const other = kv.transport.start("grpc.health.v1.Health/Watch", request("other"));
    const gone = kv.transport.start("grpc.health.v1.Health/Watch", request(""));
    gone.cancel();
    kv.services.health.stop();
    kv.services.health.stop();
    expect(watch.messages.map(decode)).toEqual([SERVING, NOT_SERVING]);
    expect(other.messages.map(decode)).toEqual([SERVICE_UNKNOWN]);
    expect(gone.messages.length).toBe(1);
    expect(watch.ended).toBe(false);
  });

  test("Watch has a limit, which streams about unknown names use up too until they end", async () => {
    const start = (service: string): FakeCall =>
      kv.transport.start("grpc.health.v1.Health/Watch", request(service));
    const calls = Array.from({ length: 1000 }, (_, i) => start(i % 2 === 0 ? "" : "other"));
    expect(calls.filter((call) => call.ended)).toEqual([]);
    for (const service of ["", "other"]) {
      expect((await start(service).answer).error?.code).toBe(GrpcStatus.ResourceExhausted);
    }
    calls[1]?.cancel();
    expect(start("another").ended).toBe(false);
    expect(start("").ended).toBe(true);
  });
});

describe("failures of the member", () => {
  test.each<[ErrorName, number]>([
    ["timeout", GrpcStatus.Unavailable],
    ["stopped", GrpcStatus.Unavailable],
    ["too-many-requests", GrpcStatus.Unknown],
    ["context-deadline-exceeded", GrpcStatus.DeadlineExceeded],
    ["proposal-dropped", GrpcStatus.Unknown],
  ])("%s is status %i with its own text", async (name, code) => {
    kv.member.failure = name;
    const message = toBinary(pb.PutRequestSchema, create(pb.PutRequestSchema, { key: bytes("a") }));
    const { error } = await kv.transport.call("etcdserverpb.KV/Put", message);
    expect(error).toEqual({ code, message: failureText(name) });
    for (const read of [kv.range({ key: bytes("a") }), kv.txn({ success: [op.range("a")] })]) {
      expect(await failureOf(read)).toBe(name);
    }
  });

  test("a text of no name is Unknown", () => {
    expect(failureCode({ unknown: "something else" })).toBe(GrpcStatus.Unknown);
    expect(failureText({ unknown: "something else" })).toBe("something else");
  });
});

test("a member that lags behind says so before it says that a request is too large", async () => {
  const value = new Uint8Array(1.5 * 1024 * 1024);
  const large = (): Promise<unknown> => kv.put({ key: bytes("a"), value });
  kv.member.committedIndex = APPLY_GAP_MAX;
  expect(await failureOf(large())).toBe("request-too-large");
  kv.member.committedIndex += 1;
  expect(await failureOf(large())).toBe("too-many-requests");
  expect(kv.member.entries).toEqual([]);
});

describe("callers that leave", () => {
  test("before the write is applied: nobody waits for it any more", async () => {
    const message = toBinary(
      pb.PutRequestSchema,
      create(pb.PutRequestSchema, { key: bytes("a"), prevKv: true }),
    );
    const call = kv.transport.start("etcdserverpb.KV/Put", message);
    expect(kv.member.waitingCount).toBe(1);
    call.cancel();
    expect(kv.member.waitingCount).toBe(0);
    expect((await kv.range({ key: bytes("a") })).count).toBe(1n);
    expect(call.messages).toEqual([]);
  });

  test("while they wait for the read barrier: nothing is read", async () => {
    const message = toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, { key: bytes("a") }));
    const calls = ["KV/Range", "KV/RangeStream"].map((path) =>
      kv.transport.start(`etcdserverpb.${path}`, message),
    );
    const txn = toBinary(pb.TxnRequestSchema, create(pb.TxnRequestSchema, { success: [op.range("a")] }));
    calls.push(kv.transport.start("etcdserverpb.KV/Txn", txn));
    for (const call of calls) call.cancel();
    await kv.member.yieldTurn();
    for (const call of calls) expect(call.messages).toEqual([]);
  });

  test("while a long answer is being read: the reading stops and its view is released", async () => {
    for (let i = 0; i < 300; i++) await kv.put({ key: bytes(`k${String(i)}`) });
    const all = { key: bytes("\0"), rangeEnd: bytes("\0"), serializable: true };
    const message = toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, all));
    const call = kv.transport.start("etcdserverpb.KV/Range", message);
    call.cancel();
    await kv.member.yieldTurn();
    await kv.put({ key: bytes("k0") });
    await kv.compact(302, true);
    // The compaction could not have finished below an open view.
    expect(kv.member.store.finishedCompactRevision).toBe(302);
    expect(call.messages).toEqual([]);
  });
});
