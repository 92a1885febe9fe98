/** Users, roles and permissions at a running member, one rule after the other. Numbers are those of operations-situations-b.md. */
import { authpb, create, etcdserverpb as pb, type MessageInitShape } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RenewalTalk, WatchTalk } from "../differential/situations/talk.js";
import { subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import type { Outcome, WireClient } from "../harness/wire-client.js";
import { AuthWorld, tryProbe } from "./auth-world.js";
import { addUser, bytes, granted, lacksRules, refused } from "./rules.js";

const { READ, READWRITE } = authpb.Permission_Type;
const { KV, Lease, Auth, Maintenance } = pb;
const DENIED = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";

type Txn = MessageInitShape<typeof pb.TxnRequestSchema>;
type Op = MessageInitShape<typeof pb.RequestOpSchema>;
const range = (key: string): Op => ({
  request: { case: "requestRange", value: create(pb.RangeRequestSchema, { key: bytes(key) }) },
});
const put = (key: string, prevKv: boolean): Op => ({
  request: { case: "requestPut", value: create(pb.PutRequestSchema, { key: bytes(key), prevKv }) },
});
const nested = (txn: Txn): Op => ({
  request: { case: "requestTxn", value: create(pb.TxnRequestSchema, txn) },
});
const exists = (key: string): MessageInitShape<typeof pb.CompareSchema> => ({
  key: bytes(key),
  result: pb.Compare_CompareResult.GREATER,
  target: pb.Compare_CompareTarget.VERSION,
  targetUnion: { case: "version", value: 0n },
});

const suite = "users at a member";

describe.skipIf(lacksRules(suite))(suite, () => {
  const member = useMember({ kind: subjectKind, flags: ["--bcrypt-cost=4"] });
  const enabling: Outcome<pb.AuthEnableResponse>[] = [];
  let world: AuthWorld;
  let anybody: WireClient;
  let root: WireClient;
  let reader: WireClient;
  let writer: WireClient;
  let stranger: WireClient;

  async function logIn(user: string): Promise<WireClient> {
    return world.client({ token: await world.logIn(user) });
  }

  async function logAllIn(): Promise<void> {
    [root, reader, writer, stranger] = [
      await logIn("root"),
      await logIn("reader"),
      await logIn("writer"),
      await logIn("stranger"),
    ];
  }

  async function startAgain(): Promise<void> {
    await member().kill();
    member().spawn();
    // It answers nobody's reads, so that only a login shows that it is there.
    await expect.poll(() => world.logIn("root").catch(() => "")).not.toBe("");
    await logAllIn();
  }

  const get = (client: WireClient, key: string): Promise<Outcome<pb.RangeResponse>> =>
    client.call(KV.method.range, { key: bytes(key) });
  const set = (client: WireClient, key: string): Promise<Outcome<pb.PutResponse>> =>
    client.call(KV.method.put, { key: bytes(key) });

  beforeAll(async () => {
    world = new AuthWorld(member().endpoint);
    anybody = world.client();
    const enable = async (): Promise<void> => {
      enabling.push(await anybody.call(Auth.method.authEnable, {}));
    };
    await enable();
    await anybody.demand(Auth.method.userAdd, { name: "root", password: "pw-root" });
    await enable();
    await anybody.demand(Auth.method.userDelete, { name: "root" });
    await world.populate();
    await enable();
    root = await logIn("root");
    enabling.push(await root.call(Auth.method.authEnable, {}));
    await logAllIn();
  });
  afterAll(() => world.close());

  it("rule 35: root has to be there and to have its role; enabling twice is fine", () => {
    expect(enabling).toMatchObject([
      refused("root-user-not-exist"),
      refused("root-role-not-exist"),
      granted,
      granted,
    ]);
  });

  it("rule 36: names of users are neither empty nor taken, and who has no password can't log in with one", async () => {
    const add = (name: string): Promise<Outcome<pb.AuthUserAddResponse>> =>
      root.call(Auth.method.userAdd, { name, password: "x" });
    expect(await add("")).toEqual(refused("user-empty"));
    expect(await add("reader")).toEqual(refused("user-already-exist"));
    const login = { name: "nopass", password: "" };
    expect(await anybody.call(Auth.method.authenticate, login)).toEqual(refused("no-password-user"));
  });

  it("rule 38: a prefix ends where it ends, a key to the end takes all behind it, and no part of a range is revoked", async () => {
    await addUser(root, "ranger", [
      ["/p/", "/p0", READWRITE],
      ["z", "\0", READWRITE],
    ]);
    const ranger = await logIn("ranger");
    for (const key of ["/p/a", "/p/", "zz", "\xff"]) {
      expect(await get(ranger, key), key).toMatchObject(granted);
      expect(await set(ranger, key), key).toMatchObject(granted);
    }
    for (const key of ["/p0", "/p", "y"]) {
      expect(await get(ranger, key), key).toEqual(refused("permission-denied"));
      expect(await set(ranger, key), key).toEqual(refused("permission-denied"));
    }
    const part = { role: "ranger", key: bytes("/p/a"), rangeEnd: bytes("/p/b") };
    expect(await root.call(Auth.method.roleRevokePermission, part)).toEqual(
      refused("permission-not-granted"),
    );
    expect(await get(ranger, "/p/a")).toMatchObject(granted);
  });

  it("rule 39: a transaction needs what its compares and both of its branches need", async () => {
    const verdict = (txn: Txn): Promise<Outcome<pb.TxnResponse>> => reader.call(KV.method.txn, txn);
    expect(await verdict({ compare: [exists("secret")], success: [range("r/1")] })).toEqual(
      refused("permission-denied"),
    );
    // What is compared holds, so that the other branch would not run.
    const compare = [exists("r/1")];
    expect(await verdict({ compare, success: [range("r/1")], failure: [range("secret")] })).toEqual(
      refused("permission-denied"),
    );
    expect(await verdict({ compare, success: [range("r/1")], failure: [range("r/2")] })).toMatchObject({
      message: { succeeded: true },
    });
  });

  it("rule 40: who may only write does not get the pair before, in nested transactions neither", async () => {
    const call = { key: bytes("w/1") };
    expect(await writer.call(KV.method.put, { ...call, prevKv: true })).toEqual(refused("permission-denied"));
    expect(await writer.call(KV.method.put, call)).toMatchObject(granted);
    const deep = (prevKv: boolean): Txn => ({
      success: [nested({ failure: [nested({ success: [put("w/1", prevKv)] })] })],
    });
    expect(await writer.call(KV.method.txn, deep(true))).toEqual(refused("permission-denied"));
    expect(await writer.call(KV.method.txn, deep(false))).toMatchObject(granted);
  });

  it("rule 41: a lease that holds a key of others takes no more keys, and is theirs to revoke", async () => {
    const onTheirs = { key: bytes("w/new"), lease: 100n };
    expect(await writer.call(KV.method.put, onTheirs)).toEqual(refused("permission-denied"));
    expect(await writer.call(KV.method.put, { ...onTheirs, lease: 101n })).toMatchObject(granted);
    expect(await writer.call(Lease.method.leaseRevoke, { ID: 102n })).toEqual(refused("permission-denied"));
    expect((await root.demand(KV.method.range, { key: bytes("secret/2") })).count).toBe(1n);
    expect(await root.call(Lease.method.leaseRevoke, { ID: 102n })).toMatchObject(granted);
    expect((await root.demand(KV.method.range, { key: bytes("secret/2") })).count).toBe(0n);
  });

  it("rule 42: leases are listed to those who may read all that hangs on them", async () => {
    await addUser(root, "lister", [
      ["\x01", "hidden", READ],
      ["hidden\0", "\0", READ],
    ]);
    const lister = await logIn("lister");
    const list = (client: WireClient): Promise<Outcome<pb.LeaseLeasesResponse>> =>
      client.call(Lease.method.leaseLeases, {});
    await root.demand(Lease.method.leaseGrant, { ID: 200n, TTL: 600n });
    expect(await list(lister)).toMatchObject(granted);
    await root.demand(KV.method.put, { key: bytes("hidden"), lease: 200n });
    expect(await list(lister)).toEqual(refused("permission-denied"));
    await root.demand(Lease.method.leaseRevoke, { ID: 200n });
    const listed = await list(lister);
    expect(listed.ok && listed.message.leases.map(({ ID }) => ID)).not.toContain(200n);
    expect(listed.ok && listed.message.leases.map(({ ID }) => ID)).toContain(103n);
    expect(await list(anybody)).toEqual(refused("user-empty"));
  });

  it("rule 43: of a lease that has expired any user is told that it is gone, without an error", async () => {
    await root.demand(Lease.method.leaseGrant, { ID: 300n, TTL: 1n });
    const left = async (keys: boolean): Promise<bigint> =>
      (await stranger.demand(Lease.method.leaseTimeToLive, { ID: 300n, keys })).TTL;
    expect(await left(true)).toBeGreaterThanOrEqual(0n);
    await expect.poll(() => left(false)).toBe(-1n);
    expect(await left(true)).toBe(-1n);
  });

  it("rule 44: the token of a user who is deleted is none any more, and a role that is revoked counts no more, at once", async () => {
    await addUser(root, "goner", [["g/", "g0", READWRITE]]);
    const goner = await logIn("goner");
    await goner.demand(Lease.method.leaseGrant, { ID: 400n, TTL: 600n });
    await goner.demand(KV.method.put, { key: bytes("g/1"), lease: 400n });
    const renewals = new RenewalTalk(goner);
    expect(await renewals.renew(400n)).toBe(600);

    await root.demand(Auth.method.userRevokeRole, { name: "goner", role: "goner" });
    expect(await get(goner, "g/1")).toEqual(refused("permission-denied"));
    await root.demand(Auth.method.userGrantRole, { user: "goner", role: "goner" });
    expect(await get(goner, "g/1")).toMatchObject(granted);

    await root.demand(Auth.method.userDelete, { name: "goner" });
    const none = refused("invalid-auth-token");
    expect(await get(goner, "g/1")).toEqual(none);
    expect(await set(goner, "g/1")).toEqual(none);
    renewals.say({ ID: 400n });
    expect(await renewals.ended()).toEqual({ code: none.code, text: none.text });
  });

  it("rule 45: while it is off any token will do, and those from before count no more when it is on again", async () => {
    await root.demand(Auth.method.authDisable, {});
    expect(await get(reader, "secret")).toMatchObject(granted);
    expect(await get(world.client({ token: "no token" }), "secret")).toMatchObject(granted);
    await anybody.demand(Auth.method.authEnable, {});
    expect(await get(reader, "r/1")).toEqual(refused("invalid-auth-token"));
    await logAllIn();
    expect(await get(reader, "r/1")).toMatchObject(granted);
    expect(await get(reader, "secret")).toEqual(refused("permission-denied"));
  });

  it("rule 46: a watch that is refused takes no id, and the next one on the stream is the first", async () => {
    const talk = new WatchTalk(reader);
    expect(await talk.watch({ key: bytes("secret") })).toMatchObject({
      created: true,
      canceled: true,
      watchId: -1n,
      cancelReason: DENIED,
    });
    expect(await talk.watch({ key: bytes("r/1") })).toMatchObject({
      created: true,
      canceled: false,
      watchId: 0n,
    });
    await root.demand(KV.method.put, { key: bytes("r/1"), value: bytes("told") });
    await talk.until(() => talk.told.length === 1);
    expect(talk.told[0]).toMatch(/^put r\/1=told@/);
    talk.close();
  });

  it.each([
    { method: Maintenance.method.defragment, request: {}, ofRoot: /^ok/ },
    { method: Maintenance.method.hashKV, request: {}, ofRoot: /^ok/ },
    { method: Maintenance.method.hash, request: {}, ofRoot: /^ok/ },
    { method: Maintenance.method.snapshot, request: {}, ofRoot: /^ok/ },
    { method: Maintenance.method.moveLeader, request: { targetID: 5n }, ofRoot: /bad leader transferee$/ },
    {
      method: Maintenance.method.downgrade,
      request: { version: "1.0.0" },
      ofRoot: /invalid downgrade target version$/,
    },
  ])("rule 48: $method.name is for root alone", async ({ method, request, ofRoot }) => {
    const probe = { name: method.name, method, request };
    const shown = ({ code, text }: ReturnType<typeof refused>): string => `${code} ${text}`;
    expect(await tryProbe(anybody, probe)).toBe(shown(refused("user-empty")));
    expect(await tryProbe(stranger, probe)).toBe(shown(refused("permission-denied")));
    expect(await tryProbe(root, probe)).toMatch(ofRoot);
  });

  it("rule 48: the status is for any user, and a wrong password makes nobody one", async () => {
    const status = (client: WireClient): Promise<Outcome<pb.StatusResponse>> =>
      client.call(Maintenance.method.status, {});
    expect(await status(anybody)).toEqual(refused("user-empty"));
    expect(await status(stranger)).toMatchObject(granted);
    const login = { name: "root", password: "pw-reader" };
    expect(await anybody.call(Auth.method.authenticate, login)).toEqual(refused("auth-failed"));
  });

  it("rule 37: a new user leaves the store's revision and counts in its own, before and after a kill", async () => {
    const revisions = async (): Promise<readonly [bigint | undefined, bigint]> => {
      const { header } = await root.demand(KV.method.range, { key: bytes("r/1") });
      return [header?.revision, (await root.demand(Auth.method.authStatus, {})).authRevision];
    };
    const [revision, authRevision] = await revisions();
    const added = await root.demand(Auth.method.userAdd, { name: "newcomer", password: "x" });
    expect(added.header?.revision).toBe(revision);
    expect(await revisions()).toEqual([revision, authRevision + 1n]);
    await startAgain();
    expect(await revisions()).toEqual([revision, authRevision + 1n]);
  });

  it("rule 55: what users are refused is behind the member for good, also after a kill", async () => {
    const state = async (): Promise<{ readonly applied: bigint; readonly hash: number }> => ({
      applied: (await root.demand(Maintenance.method.status, {})).raftAppliedIndex,
      hash: (await root.demand(Maintenance.method.hashKV, {})).hash,
    });
    const begun = await state();
    for (let i = 0; i < 5; i++) expect(await set(writer, "r/1")).toEqual(refused("permission-denied"));
    const before = await state();
    expect(before.applied).toBeGreaterThanOrEqual(begun.applied + 5n);
    expect(before.hash).toBe(begun.hash);
    const { header } = await root.demand(KV.method.range, { key: bytes("r/1") });
    await startAgain();
    const after = await state();
    expect(after.applied).toBeGreaterThanOrEqual(before.applied);
    expect(after.hash).toBe(before.hash);
    const next = await root.demand(KV.method.put, { key: bytes("r/1") });
    expect(next.header?.revision).toBe((header?.revision ?? 0n) + 1n);
  });
});
