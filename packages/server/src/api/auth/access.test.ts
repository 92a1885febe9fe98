/** Who may call what: each method of each service, by what its row in the table says. */
import {
  create,
  etcdserverpb as pb,
  GrpcStatus,
  toBinary,
  v3electionpb,
  v3lockpb,
  type DescMessage,
} from "@quorate/proto";
import type { Method } from "@quorate/rpc";
import { beforeEach, describe, expect, test } from "vitest";
import { bytes } from "../testing/kv-client.js";
import { FakeBidi } from "../lease/testing/fake-bidi.js";
import { AccessGate } from "./access-gate.js";
import { ACCESS, type Access } from "./access-table.js";
import { Identities } from "./identities.js";
import { AuthClient } from "./testing/auth-client.js";

const SERVICES = [
  pb.KV,
  pb.Watch,
  pb.Lease,
  pb.Cluster,
  pb.Maintenance,
  pb.Auth,
  v3lockpb.Lock,
  v3electionpb.Election,
] as const;

let client: AuthClient;
beforeEach(async () => {
  client = await AuthClient.create();
});

describe("the table", () => {
  test("has a row for each method that is served, and none for others", () => {
    expect(Object.keys(ACCESS).sort()).toEqual(client.transport.paths);
  });

  test("has a row for each method that etcd's definitions name", () => {
    const methods = SERVICES.flatMap((service) =>
      service.methods.map(({ name }) => `${service.typeName}/${name}`),
    );
    expect(methods.filter((path) => ACCESS[path] === undefined)).toEqual([]);
  });

  test("keeps a server from starting whose method it does not name", () => {
    const { auth } = client.fixture.member;
    const identities = new Identities(auth, client.credentials);
    const gate = new AccessGate({ auth, identities, onError: () => undefined }, {});
    const method: Method = { kind: "unary", handler: () => undefined };
    expect(() => gate.enclose("new.Service", { Call: { method, onLearner: false } })).toThrow(
      "new.Service/Call is not in the table",
    );
  });
});

/** A request of each method that is in order, and that a caller without permissions may not make unless its row says so. */
const key = bytes("k");
const REQUESTS: Readonly<Record<string, [DescMessage, Record<string, unknown>]>> = {
  "etcdserverpb.KV/Range": [pb.RangeRequestSchema, { key }],
  "etcdserverpb.KV/RangeStream": [pb.RangeRequestSchema, { key }],
  "etcdserverpb.KV/Put": [pb.PutRequestSchema, { key }],
  "etcdserverpb.KV/DeleteRange": [pb.DeleteRangeRequestSchema, { key }],
  "etcdserverpb.KV/Txn": [
    pb.TxnRequestSchema,
    { compare: [{ key, targetUnion: { case: "version", value: 1n } }] },
  ],
  "etcdserverpb.KV/Compact": [pb.CompactionRequestSchema, { revision: 1n }],
  "etcdserverpb.Lease/LeaseGrant": [pb.LeaseGrantRequestSchema, { TTL: 60n }],
  "etcdserverpb.Lease/LeaseRevoke": [pb.LeaseRevokeRequestSchema, { ID: 7n }],
  "etcdserverpb.Lease/LeaseTimeToLive": [pb.LeaseTimeToLiveRequestSchema, { ID: 7n, keys: true }],
  "etcdserverpb.Lease/LeaseLeases": [pb.LeaseLeasesRequestSchema, {}],
  "etcdserverpb.Cluster/MemberAdd": [pb.MemberAddRequestSchema, { peerURLs: ["http://a:1"] }],
  "etcdserverpb.Cluster/MemberRemove": [pb.MemberRemoveRequestSchema, { ID: 1n }],
  "etcdserverpb.Cluster/MemberUpdate": [pb.MemberUpdateRequestSchema, { ID: 1n, peerURLs: ["http://a:1"] }],
  "etcdserverpb.Cluster/MemberList": [pb.MemberListRequestSchema, {}],
  "etcdserverpb.Cluster/MemberPromote": [pb.MemberPromoteRequestSchema, { ID: 1n }],
  "etcdserverpb.Maintenance/Alarm": [pb.AlarmRequestSchema, { action: pb.AlarmRequest_AlarmAction.ACTIVATE }],
  "etcdserverpb.Maintenance/Status": [pb.StatusRequestSchema, {}],
  "etcdserverpb.Maintenance/Defragment": [pb.DefragmentRequestSchema, {}],
  "etcdserverpb.Maintenance/Hash": [pb.HashRequestSchema, {}],
  "etcdserverpb.Maintenance/HashKV": [pb.HashKVRequestSchema, {}],
  "etcdserverpb.Maintenance/Snapshot": [pb.SnapshotRequestSchema, {}],
  "etcdserverpb.Maintenance/MoveLeader": [pb.MoveLeaderRequestSchema, { targetID: 1n }],
  "etcdserverpb.Maintenance/Downgrade": [pb.DowngradeRequestSchema, { version: "3.6.0" }],
  "etcdserverpb.Auth/AuthEnable": [pb.AuthEnableRequestSchema, {}],
  "etcdserverpb.Auth/AuthDisable": [pb.AuthDisableRequestSchema, {}],
  "etcdserverpb.Auth/UserAdd": [pb.AuthUserAddRequestSchema, { name: "x", password: "y" }],
  "etcdserverpb.Auth/UserGet": [pb.AuthUserGetRequestSchema, { name: "root" }],
  "etcdserverpb.Auth/UserList": [pb.AuthUserListRequestSchema, {}],
  "etcdserverpb.Auth/UserDelete": [pb.AuthUserDeleteRequestSchema, { name: "alice" }],
  "etcdserverpb.Auth/UserChangePassword": [
    pb.AuthUserChangePasswordRequestSchema,
    { name: "alice", password: "x" },
  ],
  "etcdserverpb.Auth/UserGrantRole": [pb.AuthUserGrantRoleRequestSchema, { user: "alice", role: "root" }],
  "etcdserverpb.Auth/UserRevokeRole": [pb.AuthUserRevokeRoleRequestSchema, { name: "alice", role: "r" }],
  "etcdserverpb.Auth/RoleAdd": [pb.AuthRoleAddRequestSchema, { name: "x" }],
  "etcdserverpb.Auth/RoleGet": [pb.AuthRoleGetRequestSchema, { role: "root" }],
  "etcdserverpb.Auth/RoleList": [pb.AuthRoleListRequestSchema, {}],
  "etcdserverpb.Auth/RoleDelete": [pb.AuthRoleDeleteRequestSchema, { role: "r" }],
  "etcdserverpb.Auth/RoleGrantPermission": [
    pb.AuthRoleGrantPermissionRequestSchema,
    { name: "r", perm: { key } },
  ],
  "etcdserverpb.Auth/RoleRevokePermission": [pb.AuthRoleRevokePermissionRequestSchema, { role: "r", key }],
  "v3lockpb.Lock/Lock": [v3lockpb.LockRequestSchema, { name: key }],
  "v3lockpb.Lock/Unlock": [v3lockpb.UnlockRequestSchema, { key }],
  "v3electionpb.Election/Campaign": [v3electionpb.CampaignRequestSchema, { name: key, lease: 7n }],
  "v3electionpb.Election/Proclaim": [v3electionpb.ProclaimRequestSchema, { leader: { key, lease: 7n } }],
  "v3electionpb.Election/Leader": [v3electionpb.LeaderRequestSchema, { name: key }],
  "v3electionpb.Election/Observe": [v3electionpb.LeaderRequestSchema, { name: key }],
  "v3electionpb.Election/Resign": [v3electionpb.ResignRequestSchema, { leader: { key, lease: 7n } }],
};

const UNASKED: ReadonlySet<string> = new Set([
  "etcdserverpb.Auth/Authenticate",
  "etcdserverpb.Auth/AuthStatus",
  "grpc.health.v1.Health/Check",
  "grpc.health.v1.Health/List",
  "grpc.health.v1.Health/Watch",
]);
const STREAMS: ReadonlySet<string> = new Set([
  "etcdserverpb.Watch/Watch",
  "etcdserverpb.Lease/LeaseKeepAlive",
]);

const ruleOf = (path: string): Access | "by request" => {
  const rule = ACCESS[path];
  return typeof rule === "string" ? rule : "by request";
};

describe("while authentication is on", () => {
  beforeEach(async () => {
    await client.enable();
    // A lease with a key that alice may neither read nor write.
    await client.call(
      "etcdserverpb.Lease/LeaseGrant",
      pb.LeaseGrantRequestSchema,
      { ID: 7n, TTL: 60n },
      { token: "root" },
    );
    await client.call("etcdserverpb.KV/Put", pb.PutRequestSchema, { key, lease: 7n }, { token: "root" });
  });

  test("a request of each method is tried here", () => {
    expect([...Object.keys(REQUESTS), ...UNASKED, ...STREAMS].sort()).toEqual(client.transport.paths);
  });

  // An Observe that is refused ends with nothing, as in etcd.
  const tried = Object.entries(REQUESTS).filter(([path]) => !path.endsWith("/Observe"));

  test("nobody and who may not read observe nothing", async () => {
    for (const metadata of [{}, { token: "alice" }, { token: "stolen" }]) {
      const path = "v3electionpb.Election/Observe";
      const { messages } = await client.call(path, v3electionpb.LeaderRequestSchema, { name: key }, metadata);
      expect(messages).toEqual([]);
    }
  });

  test.each(tried)(
    "%s: nobody is turned away, and so is a token that nobody has",
    async (path, [schema, request]) => {
      expect(await client.call(path, schema, request)).toMatchObject({
        text: "etcdserver: user name is empty",
      });
      expect(await client.call(path, schema, request, { token: "stolen" })).toMatchObject({
        text: "etcdserver: invalid auth token",
      });
    },
  );

  test.each(tried)(
    "%s: a user without permissions gets what is for any user",
    async (path, [schema, request]) => {
      const { text } = await client.call(path, schema, request, { token: "alice" });
      const isForAll = ruleOf(path) === "any-user" && path !== "etcdserverpb.Lease/LeaseTimeToLive";
      const isOwn = path === "etcdserverpb.Lease/LeaseRevoke";
      expect(text === "etcdserver: permission denied").toBe(!isForAll || isOwn);
    },
  );

  test.each(tried)("%s: a user that is gone is told so, or denied", async (path, [schema, request]) => {
    const { text } = await client.call(path, schema, request, { token: "ghost" });
    const asksForRoot =
      ruleOf(path) === "root" || ruleOf(path) === "by request" || path.startsWith("etcdserverpb.Auth/");
    const isForAll =
      ruleOf(path) === "any-user" && !path.endsWith("/LeaseTimeToLive") && !path.endsWith("/LeaseRevoke");
    if (!isForAll)
      expect(text).toBe(asksForRoot ? "etcdserver: user name not found" : "etcdserver: permission denied");
    else expect(text).not.toBe("etcdserver: permission denied");
  });

  test("an alarm is looked at by any user", async () => {
    const get = { action: pb.AlarmRequest_AlarmAction.GET };
    const path = "etcdserverpb.Maintenance/Alarm";
    expect((await client.call(path, pb.AlarmRequestSchema, get, { token: "alice" })).text).toBe("ok");
    expect((await client.call(path, pb.AlarmRequestSchema, get)).text).toBe("etcdserver: user name is empty");
  });

  test("what nobody is asked for works without a name", async () => {
    const status = await client.call("etcdserverpb.Auth/AuthStatus", pb.AuthStatusRequestSchema, {});
    expect(client.read(pb.AuthStatusResponseSchema, status)).toMatchObject({ enabled: true });
    expect((await client.call("grpc.health.v1.Health/Check", pb.StatusRequestSchema, {})).text).toBe("ok");
    const withBadToken = await client.call(
      "etcdserverpb.Auth/AuthStatus",
      pb.AuthStatusRequestSchema,
      {},
      { token: "?" },
    );
    expect(withBadToken).toMatchObject({ code: GrpcStatus.Unauthenticated });
  });

  test("locks and elections keep the habit of their errors: code Unknown", async () => {
    const denied = await client.call(
      "v3lockpb.Lock/Lock",
      v3lockpb.LockRequestSchema,
      { name: key },
      { token: "alice" },
    );
    expect(denied).toMatchObject({ code: GrpcStatus.Unknown, text: "etcdserver: permission denied" });
  });

  describe("renewals", () => {
    const open = (metadata: Readonly<Record<string, string>>): FakeBidi =>
      new FakeBidi(client.transport.method("etcdserverpb.Lease/LeaseKeepAlive"), metadata);
    const renewal = toBinary(
      pb.LeaseKeepAliveRequestSchema,
      create(pb.LeaseKeepAliveRequestSchema, { ID: 7n }),
    );

    test.each([
      [{}, "etcdserver: user name is empty"],
      [{ token: "stolen" }, "etcdserver: invalid auth token"],
      [{ token: "alice" }, "etcdserver: permission denied"],
    ])("by %j end with why not", async (metadata, message) => {
      const call = open(metadata);
      call.receive(renewal);
      expect((await call.answer).error?.message).toBe(message);
    });

    test("by one who may write the keys go on, also when the token is known only later", async () => {
      const owner = { user: "root", revision: undefined };
      client.credentials.owners.set("late", Promise.resolve(owner));
      const call = open({ token: "late" });
      call.receive(renewal);
      expect(call.messages).toEqual([]);
      client.credentials.owners.set("late", owner);
      for (let i = 0; i < 5; i++) await client.fixture.member.yieldTurn();
      expect([call.messages.length, call.ended]).toEqual([1, false]);
    });
  });
});

test("while authentication is off nobody is asked, whatever token comes", async () => {
  const { text } = await client.call(
    "etcdserverpb.KV/Put",
    pb.PutRequestSchema,
    { key },
    { token: "stolen" },
  );
  expect(text).toBe("ok");
  expect((await client.call("etcdserverpb.Auth/UserList", pb.AuthUserListRequestSchema, {})).text).toBe("ok");
});
