/**
 * One request to each method, and several to those whose answer depends on keys. Each is harmless enough to be made by anybody, root
 * included, again and again: what it changes it changes alike on both servers.
 */
import { create, etcdserverpb as pb, v3electionpb, v3lockpb, type MessageInitShape } from "@quorate/proto";
import type { DescMessage, DescMethod } from "@quorate/proto";

export interface Probe {
  readonly name: string;
  readonly method: DescMethod;
  readonly request: MessageInitShape<DescMessage>;
  /**
   * Release of the reference from which on the answer is comparable, and why it was another one before. Answers to callers without
   * authentication (it is off) are compared with all releases.
   */
  readonly since?: { readonly release: string; readonly because: string };
  /** Tells sizes, times and ids that differ from server to server: only that there is an answer is compared. */
  readonly ownAnswer?: boolean;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

/** Security fixes of 2026, which Debian's release does not have. */
const LEASE_CHECKS = { release: "3.6.9", because: "lease calls and Compact were open to anybody" };
const NESTED_CHECKS = { release: "3.6.9", because: "nested transactions were not looked at" };
const TXN_PUT_CHECKS = {
  release: "3.6.11",
  because: "prev_kv and lease of puts in transactions were not looked at",
};
const MEMBER_LIST = { release: "3.6.10", because: "anybody could list members and alarms, then root only" };
const STATUS = { release: "3.6.12", because: "Status was open, then for root only" };

const MAINTENANCE = { release: "3.5.0", because: "refusals had another text and code, and MoveLeader none" };

type TxnInit = MessageInitShape<typeof pb.TxnRequestSchema>;
type OpInit = MessageInitShape<typeof pb.RequestOpSchema>;

const put = (key: string, more: MessageInitShape<typeof pb.PutRequestSchema> = {}): OpInit => ({
  request: {
    case: "requestPut",
    value: create(pb.PutRequestSchema, { key: bytes(key), value: bytes("v"), ...more }),
  },
});
const range = (key: string, rangeEnd = ""): OpInit => ({
  request: {
    case: "requestRange",
    value: create(pb.RangeRequestSchema, { key: bytes(key), rangeEnd: bytes(rangeEnd) }),
  },
});
const remove = (key: string, prevKv = false): OpInit => ({
  request: {
    case: "requestDeleteRange",
    value: create(pb.DeleteRangeRequestSchema, { key: bytes(key), prevKv }),
  },
});
const nested = (txn: TxnInit): OpInit => ({
  request: { case: "requestTxn", value: create(pb.TxnRequestSchema, txn) },
});
const exists = (key: string, rangeEnd = ""): MessageInitShape<typeof pb.CompareSchema> => ({
  key: bytes(key),
  rangeEnd: bytes(rangeEnd),
  result: pb.Compare_CompareResult.GREATER,
  target: pb.Compare_CompareTarget.VERSION,
  targetUnion: { case: "version", value: 0n },
});

const kv = pb.KV.method;
const RANGES: readonly [name: string, key: string, rangeEnd: string][] = [
  ["a key", "r/1", ""],
  ["a key that nobody may", "secret", ""],
  ["an interval", "r/", "r0"],
  ["a wider interval", "r", "r1"],
  ["two grants that touch", "t/a", "t/c"],
  ["everything", "\0", "\0"],
  ["from a key on", "z", "\0"],
];

const rangeProbes = RANGES.flatMap(([name, key, rangeEnd]): Probe[] => [
  { name: `Range ${name}`, method: kv.range, request: { key: bytes(key), rangeEnd: bytes(rangeEnd) } },
  {
    name: `serializable Range ${name}`,
    method: kv.range,
    request: { key: bytes(key), rangeEnd: bytes(rangeEnd), serializable: true },
  },
  {
    name: `RangeStream ${name}`,
    method: kv.rangeStream,
    request: { key: bytes(key), rangeEnd: bytes(rangeEnd) },
    since: { release: "3.7.0", because: "there was no RangeStream" },
  },
  {
    name: `Watch ${name}`,
    method: pb.Watch.method.watch,
    request: {
      requestUnion: { case: "createRequest", value: { key: bytes(key), rangeEnd: bytes(rangeEnd) } },
    },
    since: { release: "3.5.0", because: "refusals had no reason" },
  },
]);

const TXNS: readonly [name: string, txn: TxnInit, since?: Probe["since"]][] = [
  ["that reads", { success: [range("r/1")] }],
  ["that reads what nobody may in the other branch", { failure: [range("secret")] }],
  ["that compares", { compare: [exists("r/1")], success: [put("w/1")] }],
  ["that compares what nobody may", { compare: [exists("secret")], success: [put("w/1")] }],
  ["that compares an interval", { compare: [exists("r", "r1")], success: [put("w/1")] }],
  ["that only compares", { compare: [exists("r/1")] }],
  ["that puts", { success: [put("w/1")] }],
  ["that puts where it may not", { success: [put("w/1"), put("r/1")] }],
  ["that would put where it may not", { success: [put("w/1")], failure: [put("secret")] }],
  ["that puts and asks for the pair before", { success: [put("w/1", { prevKv: true })] }, TXN_PUT_CHECKS],
  ["that puts onto a lease of others", { success: [put("w/1", { lease: 100n })] }, TXN_PUT_CHECKS],
  ["that deletes", { success: [remove("w/2")] }],
  ["that deletes and asks for the pair before", { success: [remove("w/2", true)] }],
  ["nested, that reads", { success: [nested({ success: [range("r/1")] })] }, NESTED_CHECKS],
  [
    "nested, that reads what nobody may",
    { success: [nested({ success: [range("secret")] })] },
    NESTED_CHECKS,
  ],
  [
    "nested twice, that would put where it may not",
    { success: [nested({ failure: [nested({ failure: [put("secret")] })] })] },
    NESTED_CHECKS,
  ],
  [
    "nested, that compares what nobody may",
    { failure: [nested({ compare: [exists("secret")] })] },
    NESTED_CHECKS,
  ],
  ["nested, that puts", { success: [nested({ success: [put("w/3")] })] }, NESTED_CHECKS],
];

const txnProbes = TXNS.map(([name, request, since]): Probe => ({
  name: `Txn ${name}`,
  method: kv.txn,
  request,
  ...(since === undefined ? {} : { since }),
}));

const writeProbes: readonly Probe[] = [
  { name: "Put", method: kv.put, request: { key: bytes("w/1"), value: bytes("v") } },
  { name: "Put where it may only read", method: kv.put, request: { key: bytes("r/1") } },
  { name: "Put with the pair before", method: kv.put, request: { key: bytes("w/1"), prevKv: true } },
  { name: "Put on a lease of its own", method: kv.put, request: { key: bytes("w/l"), lease: 101n } },
  { name: "Put on a lease of others", method: kv.put, request: { key: bytes("w/l"), lease: 100n } },
  { name: "Put on no lease", method: kv.put, request: { key: bytes("w/l"), lease: 999n } },
  { name: "DeleteRange", method: kv.deleteRange, request: { key: bytes("w/1") } },
  {
    name: "DeleteRange of an interval",
    method: kv.deleteRange,
    request: { key: bytes("w/"), rangeEnd: bytes("w0") },
  },
  {
    name: "DeleteRange too wide",
    method: kv.deleteRange,
    request: { key: bytes("w/"), rangeEnd: bytes("\0") },
  },
  { name: "DeleteRange with pairs", method: kv.deleteRange, request: { key: bytes("w/1"), prevKv: true } },
  { name: "Compact", method: kv.compact, request: { revision: 1n }, since: LEASE_CHECKS },
];

const lease = pb.Lease.method;
const leaseProbes: readonly Probe[] = [
  {
    name: "LeaseGrant",
    method: lease.leaseGrant,
    request: { TTL: 600n },
    since: LEASE_CHECKS,
    ownAnswer: true,
  },
  {
    name: "LeaseGrant of a known id",
    method: lease.leaseGrant,
    request: { ID: 100n, TTL: 600n },
    since: LEASE_CHECKS,
  },
  { name: "LeaseRevoke of others", method: lease.leaseRevoke, request: { ID: 102n }, since: LEASE_CHECKS },
  { name: "LeaseRevoke of none", method: lease.leaseRevoke, request: { ID: 999n }, since: LEASE_CHECKS },
  {
    name: "LeaseTimeToLive",
    method: lease.leaseTimeToLive,
    request: { ID: 100n },
    since: LEASE_CHECKS,
    ownAnswer: true,
  },
  {
    name: "LeaseTimeToLive with keys of others",
    method: lease.leaseTimeToLive,
    request: { ID: 100n, keys: true },
    since: LEASE_CHECKS,
    ownAnswer: true,
  },
  {
    name: "LeaseTimeToLive with keys of none",
    method: lease.leaseTimeToLive,
    request: { ID: 999n, keys: true },
    since: LEASE_CHECKS,
  },
  { name: "LeaseLeases", method: lease.leaseLeases, request: {}, since: LEASE_CHECKS, ownAnswer: true },
  { name: "LeaseKeepAlive", method: lease.leaseKeepAlive, request: { ID: 101n }, since: LEASE_CHECKS },
  {
    name: "LeaseKeepAlive of others",
    method: lease.leaseKeepAlive,
    request: { ID: 100n },
    since: LEASE_CHECKS,
  },
  {
    name: "LeaseKeepAlive of none",
    method: lease.leaseKeepAlive,
    request: { ID: 999n },
    since: LEASE_CHECKS,
  },
];

const cluster = pb.Cluster.method;
const maintenance = pb.Maintenance.method;
const { GET, DEACTIVATE } = pb.AlarmRequest_AlarmAction;
const adminProbes: readonly Probe[] = [
  { name: "MemberList", method: cluster.memberList, request: {}, since: MEMBER_LIST, ownAnswer: true },
  {
    name: "MemberAdd",
    method: cluster.memberAdd,
    request: { peerURLs: ["nonsense"] },
    since: { release: "9", because: "etcd looks at URLs first" },
  },
  { name: "MemberRemove", method: cluster.memberRemove, request: { ID: 5n } },
  {
    name: "MemberUpdate",
    method: cluster.memberUpdate,
    request: { ID: 5n, peerURLs: ["http://127.0.0.1:1"] },
  },
  {
    name: "MemberPromote",
    method: cluster.memberPromote,
    request: { ID: 5n },
    since: { release: "3.5.0", because: "anybody could ask" },
  },
  { name: "Alarm GET", method: maintenance.alarm, request: { action: GET }, since: MEMBER_LIST },
  {
    name: "Alarm DEACTIVATE",
    method: maintenance.alarm,
    request: { action: DEACTIVATE, memberID: 5n },
    since: MEMBER_LIST,
  },
  { name: "Status", method: maintenance.status, request: {}, since: STATUS, ownAnswer: true },
  { name: "Defragment", method: maintenance.defragment, request: {}, since: MAINTENANCE },
  { name: "Hash", method: maintenance.hash, request: {}, ownAnswer: true, since: MAINTENANCE },
  { name: "HashKV", method: maintenance.hashKV, request: {}, ownAnswer: true, since: MAINTENANCE },
  { name: "Snapshot", method: maintenance.snapshot, request: {}, ownAnswer: true, since: MAINTENANCE },
  { name: "MoveLeader", method: maintenance.moveLeader, request: { targetID: 5n }, since: MAINTENANCE },
  {
    name: "Downgrade",
    method: maintenance.downgrade,
    request: { version: "1.0.0" },
    since: { release: "3.6.0", because: "there was none" },
  },
];

const auth = pb.Auth.method;
const key = bytes("x");
const authProbes: readonly Probe[] = [
  {
    name: "AuthStatus",
    method: auth.authStatus,
    request: {},
    since: { release: "3.7.0", because: "root only" },
  },
  { name: "AuthEnable", method: auth.authEnable, request: {} },
  { name: "UserAdd", method: auth.userAdd, request: { name: "x", password: "x" } },
  { name: "UserAdd of a known user", method: auth.userAdd, request: { name: "root", password: "x" } },
  { name: "UserAdd without name", method: auth.userAdd, request: { password: "x" } },
  { name: "UserGet of itself", method: auth.userGet, request: { name: "writer" } },
  { name: "UserGet", method: auth.userGet, request: { name: "root" } },
  { name: "UserGet of nobody", method: auth.userGet, request: { name: "ghost" } },
  { name: "UserList", method: auth.userList, request: {} },
  { name: "UserChangePassword", method: auth.userChangePassword, request: { name: "x", password: "y" } },
  {
    name: "UserChangePassword of nobody",
    method: auth.userChangePassword,
    request: { name: "ghost", password: "y" },
  },
  { name: "RoleAdd", method: auth.roleAdd, request: { name: "x" } },
  { name: "RoleAdd without name", method: auth.roleAdd, request: {} },
  { name: "UserGrantRole", method: auth.userGrantRole, request: { user: "x", role: "x" } },
  { name: "UserGrantRole of no role", method: auth.userGrantRole, request: { user: "x", role: "none" } },
  { name: "RoleGet of its own", method: auth.roleGet, request: { role: "writer" } },
  { name: "RoleGet", method: auth.roleGet, request: { role: "reader" } },
  { name: "RoleGet of none", method: auth.roleGet, request: { role: "none" } },
  { name: "RoleList", method: auth.roleList, request: {} },
  { name: "RoleGrantPermission", method: auth.roleGrantPermission, request: { name: "x", perm: { key } } },
  {
    name: "RoleGrantPermission of no keys",
    method: auth.roleGrantPermission,
    request: { name: "x", perm: { key, rangeEnd: bytes("a") } },
    since: { release: "3.5.0", because: "any range was granted" },
  },
  {
    name: "RoleGrantPermission of nothing",
    method: auth.roleGrantPermission,
    request: { name: "x" },
    since: { release: "3.5.0", because: "it stopped the server" },
  },
  { name: "RoleRevokePermission", method: auth.roleRevokePermission, request: { role: "x", key } },
  { name: "RoleRevokePermission twice", method: auth.roleRevokePermission, request: { role: "x", key } },
  { name: "UserRevokeRole", method: auth.userRevokeRole, request: { name: "x", role: "x" } },
  { name: "UserRevokeRole twice", method: auth.userRevokeRole, request: { name: "x", role: "x" } },
  { name: "UserRevokeRole of root", method: auth.userRevokeRole, request: { name: "root", role: "none" } },
  { name: "RoleDelete", method: auth.roleDelete, request: { role: "x" } },
  { name: "RoleDelete of none", method: auth.roleDelete, request: { role: "none" } },
  { name: "UserDelete", method: auth.userDelete, request: { name: "x" } },
  { name: "UserDelete of nobody", method: auth.userDelete, request: { name: "ghost" } },
  {
    name: "Authenticate",
    method: auth.authenticate,
    request: { name: "reader", password: "pw-reader" },
    since: { release: "3.5.0", because: "a token that was none kept callers from logging in" },
    ownAnswer: true,
  },
  {
    name: "Authenticate with another password",
    method: auth.authenticate,
    request: { name: "reader", password: "x" },
  },
  { name: "Authenticate as nobody", method: auth.authenticate, request: { name: "ghost", password: "x" } },
  {
    name: "Authenticate without password",
    method: auth.authenticate,
    request: { name: "nopass", password: "x" },
  },
];

const { Lock } = v3lockpb;
const { Election } = v3electionpb;
const recipeProbes: readonly Probe[] = [
  {
    name: "Lock",
    method: Lock.method.lock,
    request: { name: bytes("b/lock"), lease: 103n },
    since: TXN_PUT_CHECKS,
  },
  {
    name: "Lock of others",
    method: Lock.method.lock,
    request: { name: bytes("hidden"), lease: 103n },
    since: TXN_PUT_CHECKS,
  },
  { name: "Unlock", method: Lock.method.unlock, request: { key: bytes("b/lock/67") } },
  { name: "Unlock of others", method: Lock.method.unlock, request: { key: bytes("hidden/67") } },
  {
    name: "Campaign",
    method: Election.method.campaign,
    request: { name: bytes("b/e"), lease: 103n, value: key },
    since: TXN_PUT_CHECKS,
  },
  {
    name: "Campaign of others",
    method: Election.method.campaign,
    request: { name: bytes("hidden"), lease: 103n },
    since: TXN_PUT_CHECKS,
  },
  { name: "Leader", method: Election.method.leader, request: { name: bytes("b/e") } },
  { name: "Leader of others", method: Election.method.leader, request: { name: bytes("hidden") } },
  {
    name: "Resign of others",
    method: Election.method.resign,
    request: { leader: { name: bytes("hidden"), key: bytes("hidden/67"), lease: 103n, rev: 1n } },
  },
];

export const PROBES: readonly Probe[] = [
  ...rangeProbes,
  ...txnProbes,
  ...writeProbes,
  ...leaseProbes,
  ...adminProbes,
  ...recipeProbes,
  ...authProbes,
];
