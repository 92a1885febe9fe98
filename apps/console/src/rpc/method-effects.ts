/**
 * What each method does to a cluster. Everything that reaches a cluster is looked up here first, and what is not listed is refused, so that a
 * method that a later protocol adds can not slip past the read-only mode.
 */
import { consolepb, etcdserverpb } from "@quorate/proto";
import type { DescMethod, DescService } from "@quorate/proto";

/**
 * - `open`: needs no login.
 * - `reads`, `changes`: as they say; what changes is refused in read-only mode.
 * - `depends`: on the request, which `isChange` reads.
 * - `withheld`: never offered to browsers.
 */
export type MethodEffect = "open" | "reads" | "changes" | "depends" | "withheld";

const EFFECTS: Readonly<Record<string, MethodEffect>> = {
  "ConsoleService.GetSession": "open",
  "ConsoleService.Login": "open",
  "ConsoleService.Logout": "open",
  "ConsoleService.GetOverview": "reads",
  "ConsoleService.WatchOverview": "reads",
  "ConsoleService.ListChildren": "reads",
  "ConsoleService.ListKeys": "reads",
  "ConsoleService.SearchKeys": "reads",
  "ConsoleService.ListHistory": "reads",
  "ConsoleService.WatchKeys": "reads",
  "ConsoleService.ListLeases": "reads",
  "ConsoleService.ListContests": "reads",
  "ConsoleService.GetMetrics": "reads",

  "KV.Range": "reads",
  // Browsers page; a stream of the whole store is for other programs.
  "KV.RangeStream": "withheld",
  "KV.Put": "changes",
  "KV.DeleteRange": "changes",
  "KV.Txn": "depends",
  "KV.Compact": "changes",

  "Lease.LeaseGrant": "changes",
  "Lease.LeaseRevoke": "changes",
  // Browsers have no streams in both directions.
  "Lease.LeaseKeepAlive": "withheld",
  "Lease.LeaseTimeToLive": "reads",
  "Lease.LeaseLeases": "reads",

  "Cluster.MemberAdd": "changes",
  "Cluster.MemberRemove": "changes",
  "Cluster.MemberUpdate": "changes",
  "Cluster.MemberList": "reads",
  "Cluster.MemberPromote": "changes",

  "Maintenance.Alarm": "depends",
  "Maintenance.Status": "reads",
  "Maintenance.Defragment": "changes",
  "Maintenance.Hash": "reads",
  "Maintenance.HashKV": "reads",
  // A download of its own, since no browser saves a stream of messages to a file.
  "Maintenance.Snapshot": "withheld",
  "Maintenance.MoveLeader": "changes",
  "Maintenance.Downgrade": "depends",

  "Auth.AuthEnable": "changes",
  "Auth.AuthDisable": "changes",
  "Auth.AuthStatus": "reads",
  // Its answer is a token, and tokens stay here.
  "Auth.Authenticate": "withheld",
  "Auth.UserAdd": "changes",
  "Auth.UserGet": "reads",
  "Auth.UserList": "reads",
  "Auth.UserDelete": "changes",
  "Auth.UserChangePassword": "changes",
  "Auth.UserGrantRole": "changes",
  "Auth.UserRevokeRole": "changes",
  "Auth.RoleAdd": "changes",
  "Auth.RoleGet": "reads",
  "Auth.RoleList": "reads",
  "Auth.RoleDelete": "changes",
  "Auth.RoleGrantPermission": "changes",
  "Auth.RoleRevokePermission": "changes",
};

/** Services whose unary methods are forwarded as they are. */
export const FORWARDED_SERVICES: readonly DescService[] = [
  etcdserverpb.KV,
  etcdserverpb.Lease,
  etcdserverpb.Cluster,
  etcdserverpb.Maintenance,
  etcdserverpb.Auth,
];

export const EFFECT_NAMES: readonly string[] = Object.keys(EFFECTS);

export function effectOf(method: DescMethod): MethodEffect {
  const name = `${method.parent.name}.${method.name}`;
  const isOurs = method.parent === consolepb.ConsoleService || FORWARDED_SERVICES.includes(method.parent);
  return isOurs && Object.hasOwn(EFFECTS, name) ? (EFFECTS[name] ?? "withheld") : "withheld";
}

/** Whether this very request changes something. */
export function isChange(method: DescMethod, request: unknown): boolean {
  switch (effectOf(method)) {
    case "open":
    case "reads":
      return false;
    case "changes":
    case "withheld":
      return true;
    case "depends":
      return dependsOnRequest(method, request);
  }
}

function dependsOnRequest(method: DescMethod, request: unknown): boolean {
  const { KV, Maintenance, AlarmRequest_AlarmAction, DowngradeRequest_DowngradeAction } = etcdserverpb;
  switch (method) {
    case KV.method.txn:
      return isWritingTxn(request as etcdserverpb.TxnRequest);
    case Maintenance.method.alarm:
      return (request as etcdserverpb.AlarmRequest).action !== AlarmRequest_AlarmAction.GET;
    case Maintenance.method.downgrade:
      return (request as etcdserverpb.DowngradeRequest).action !== DowngradeRequest_DowngradeAction.VALIDATE;
    default:
      return true;
  }
}

/** Anything but reads on either branch, at any depth. */
function isWritingTxn({ success, failure }: etcdserverpb.TxnRequest): boolean {
  return [...success, ...failure].some(({ request }) => {
    if (request.case === "requestTxn") return isWritingTxn(request.value);
    return request.case !== "requestRange";
  });
}
