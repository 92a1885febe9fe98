/** Which path of the gateway is which method. Source: etcd's `gw` packages; operations 7.4. All methods are POST. */
import {
  etcdserverpb,
  v3electionpb,
  v3lockpb,
  type DescMessage,
  type DescMethod,
  type DescService,
} from "@quorate/proto";

export interface Route {
  /** Full path of the gRPC method. */
  readonly rpc: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly kind: DescMethod["methodKind"];
}

/** Methods by their sub-paths; the names are those of the descriptors. */
const TABLE: readonly (readonly [
  prefix: string,
  service: DescService,
  methods: Readonly<Record<string, string>>,
])[] = [
  [
    "kv/",
    etcdserverpb.KV,
    { range: "Range", put: "Put", deleterange: "DeleteRange", txn: "Txn", compaction: "Compact" },
  ],
  ["", etcdserverpb.Watch, { watch: "Watch" }],
  [
    "lease/",
    etcdserverpb.Lease,
    {
      grant: "LeaseGrant",
      revoke: "LeaseRevoke",
      keepalive: "LeaseKeepAlive",
      timetolive: "LeaseTimeToLive",
      leases: "LeaseLeases",
    },
  ],
  // What these were called before they had a place of their own.
  [
    "kv/lease/",
    etcdserverpb.Lease,
    { revoke: "LeaseRevoke", timetolive: "LeaseTimeToLive", leases: "LeaseLeases" },
  ],
  [
    "cluster/member/",
    etcdserverpb.Cluster,
    {
      add: "MemberAdd",
      remove: "MemberRemove",
      update: "MemberUpdate",
      list: "MemberList",
      promote: "MemberPromote",
    },
  ],
  [
    "maintenance/",
    etcdserverpb.Maintenance,
    {
      alarm: "Alarm",
      status: "Status",
      defragment: "Defragment",
      hash: "Hash",
      hashkv: "HashKV",
      snapshot: "Snapshot",
      "transfer-leadership": "MoveLeader",
      downgrade: "Downgrade",
    },
  ],
  [
    "auth/",
    etcdserverpb.Auth,
    { enable: "AuthEnable", disable: "AuthDisable", status: "AuthStatus", authenticate: "Authenticate" },
  ],
  [
    "auth/user/",
    etcdserverpb.Auth,
    {
      add: "UserAdd",
      get: "UserGet",
      list: "UserList",
      delete: "UserDelete",
      changepw: "UserChangePassword",
      grant: "UserGrantRole",
      revoke: "UserRevokeRole",
    },
  ],
  [
    "auth/role/",
    etcdserverpb.Auth,
    {
      add: "RoleAdd",
      get: "RoleGet",
      list: "RoleList",
      delete: "RoleDelete",
      grant: "RoleGrantPermission",
      revoke: "RoleRevokePermission",
    },
  ],
  ["lock/", v3lockpb.Lock, { lock: "Lock", unlock: "Unlock" }],
  [
    "election/",
    v3electionpb.Election,
    { campaign: "Campaign", proclaim: "Proclaim", leader: "Leader", observe: "Observe", resign: "Resign" },
  ],
];

/** By the path behind `/v3/`. */
export const ROUTES: ReadonlyMap<string, Route> = new Map(
  TABLE.flatMap(([prefix, service, methods]) =>
    Object.entries(methods).map(([path, name]): [string, Route] => {
      const method = service.methods.find((each) => each.name === name);
      if (method === undefined) throw new Error(`${service.typeName} has no method ${name}`);
      const rpc = `/${service.typeName}/${name}`;
      return [prefix + path, { rpc, input: method.input, output: method.output, kind: method.methodKind }];
    }),
  ),
);
