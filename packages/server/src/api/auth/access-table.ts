/**
 * What each method of each service asks of its caller while authentication is on. There is no default: a method without a row is not
 * registered, and the server does not start. Source: operations 4.4.
 */
import { etcdserverpb } from "@quorate/proto";
import { decodeMessage } from "../generated-codec.js";

/**
 * - `open`: nobody is asked who they are;
 * - `any-user`: the caller is somebody;
 * - `root`: the caller has the root role;
 * - `entry`: the request goes through the log together with who asked, and is judged where it is applied, on every member alike;
 * - `keys`: the handler judges by the keys it is about to read or renew (`Permissions`), in the turn in which it does;
 * - `calls`: made of other calls on behalf of the caller, each of which is judged by its own row.
 */
export type Access = "open" | "any-user" | "root" | "entry" | "keys" | "calls";

/** A function looks at the request. */
export type AccessRule = Access | ((message: Uint8Array) => Access);

const { GET } = etcdserverpb.AlarmRequest_AlarmAction;

export const ACCESS: Readonly<Record<string, AccessRule>> = {
  "etcdserverpb.KV/Range": "keys",
  "etcdserverpb.KV/RangeStream": "keys",
  "etcdserverpb.KV/Put": "entry",
  "etcdserverpb.KV/DeleteRange": "entry",
  // One that only reads is judged like a range.
  "etcdserverpb.KV/Txn": "entry",
  "etcdserverpb.KV/Compact": "root",
  "etcdserverpb.Watch/Watch": "keys",
  "etcdserverpb.Lease/LeaseGrant": "any-user",
  // And by its entry: the keys that go with it.
  "etcdserverpb.Lease/LeaseRevoke": "any-user",
  "etcdserverpb.Lease/LeaseKeepAlive": "keys",
  // And by its keys, when they are asked for.
  "etcdserverpb.Lease/LeaseTimeToLive": "any-user",
  "etcdserverpb.Lease/LeaseLeases": "keys",
  "etcdserverpb.Cluster/MemberAdd": "root",
  "etcdserverpb.Cluster/MemberRemove": "root",
  "etcdserverpb.Cluster/MemberUpdate": "root",
  "etcdserverpb.Cluster/MemberList": "any-user",
  "etcdserverpb.Cluster/MemberPromote": "root",
  "etcdserverpb.Maintenance/Alarm": (message) =>
    decodeMessage(etcdserverpb.AlarmRequestSchema, message).action === GET ? "any-user" : "root",
  "etcdserverpb.Maintenance/Status": "any-user",
  "etcdserverpb.Maintenance/Defragment": "root",
  "etcdserverpb.Maintenance/Hash": "root",
  "etcdserverpb.Maintenance/HashKV": "root",
  "etcdserverpb.Maintenance/Snapshot": "root",
  "etcdserverpb.Maintenance/MoveLeader": "root",
  "etcdserverpb.Maintenance/Downgrade": "root",
  "etcdserverpb.Auth/Authenticate": "open",
  "etcdserverpb.Auth/AuthStatus": "entry",
  "etcdserverpb.Auth/AuthEnable": "entry",
  "etcdserverpb.Auth/AuthDisable": "entry",
  "etcdserverpb.Auth/UserAdd": "entry",
  "etcdserverpb.Auth/UserGet": "entry",
  "etcdserverpb.Auth/UserList": "entry",
  "etcdserverpb.Auth/UserDelete": "entry",
  "etcdserverpb.Auth/UserChangePassword": "entry",
  "etcdserverpb.Auth/UserGrantRole": "entry",
  "etcdserverpb.Auth/UserRevokeRole": "entry",
  "etcdserverpb.Auth/RoleAdd": "entry",
  "etcdserverpb.Auth/RoleGet": "entry",
  "etcdserverpb.Auth/RoleList": "entry",
  "etcdserverpb.Auth/RoleDelete": "entry",
  "etcdserverpb.Auth/RoleGrantPermission": "entry",
  "etcdserverpb.Auth/RoleRevokePermission": "entry",
  "v3lockpb.Lock/Lock": "calls",
  "v3lockpb.Lock/Unlock": "calls",
  "v3electionpb.Election/Campaign": "calls",
  "v3electionpb.Election/Proclaim": "calls",
  "v3electionpb.Election/Leader": "calls",
  "v3electionpb.Election/Observe": "calls",
  "v3electionpb.Election/Resign": "calls",
  "grpc.health.v1.Health/Check": "open",
  "grpc.health.v1.Health/List": "open",
  "grpc.health.v1.Health/Watch": "open",
};
