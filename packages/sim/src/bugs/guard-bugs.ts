/** Locks that did not lock, and permissions that members saw differently. */
import { authpb, create, etcdserverpb, v3lockpb } from "@quorate/proto";
import { toBytes } from "../load/key-value-wire.js";
import type { Bug } from "./bug.js";
import { MISSED_WRITES, SHORT_LOG, untilDatabaseArrives } from "./databases.js";
import type { Stage } from "./stage.js";

const { KV, Lease, Auth } = etcdserverpb;
const { lock } = v3lockpb.Lock.method;

const expiredWaiter: Bug = {
  name: "lock-for-an-expired-lease",
  known: "Jepsen, etcd 3.4.3",
  was: "a waiter whose lease had expired meanwhile was given the lock all the same",
  stage: { memberCount: 3 },
  needs: ["the waiter's lease expired while it waited"],
  async play(stage) {
    const { leader } = stage;
    const name = toBytes("lock");
    const { ID: holder } = await stage.demand(leader, Lease.method.leaseGrant, { TTL: 60n });
    await stage.demand(leader, lock, { name, lease: holder });
    const { ID: waiter } = await stage.demand(leader, Lease.method.leaseGrant, { TTL: 2n });
    const waiting = stage.begin(leader, lock, { name, lease: waiter });
    await stage.wait(4000);
    const times = await stage.demand(leader, Lease.method.leaseTimeToLive, { ID: waiter });
    if (times.grantedTTL === 0n) stage.note("the waiter's lease expired while it waited");
    await stage.demand(leader, Lease.method.leaseRevoke, { ID: holder });
    const answer = await stage.during(waiting);
    stage.check(answer.ok, "it has the lock");
  },
};

const pausedHolder: Bug = {
  name: "lock-without-a-fence",
  known: "Jepsen, etcd 3.4.3 and all locks by lease",
  was: "a holder that slept past its lease wrote after the next one: no lock by lease can stop it, a fence does",
  stage: { memberCount: 3 },
  needs: ["the lock passed on while its holder slept", "without a fence the sleeper would have overwritten"],
  async play(stage) {
    const { leader } = stage;
    const name = toBytes("lock");
    const take = async (TTL: bigint): Promise<{ key: Uint8Array; token: bigint }> => {
      const { ID } = await stage.demand(leader, Lease.method.leaseGrant, { TTL });
      const { key } = await stage.demand(leader, lock, { name, lease: ID });
      const { kvs } = await stage.demand(leader, KV.method.range, { key });
      return { key, token: kvs[0]?.createRevision ?? 0n };
    };
    const write = async (
      { key, token }: { key: Uint8Array; token: bigint },
      value: string,
    ): Promise<boolean> => {
      const put = create(etcdserverpb.PutRequestSchema, { key: toBytes("guarded"), value: toBytes(value) });
      const answer = await stage.demand(leader, KV.method.txn, {
        compare: [
          {
            key,
            target: etcdserverpb.Compare_CompareTarget.CREATE,
            result: etcdserverpb.Compare_CompareResult.EQUAL,
            targetUnion: { case: "createRevision", value: token },
          },
        ],
        success: [{ request: { case: "requestPut", value: put } }],
      });
      return answer.succeeded;
    };
    const sleeper = await take(2n);
    stage.check(!(await write(sleeper, "first")), "the holder could not write");
    const next = await take(60n);
    stage.note("the lock passed on while its holder slept");
    stage.check(next.token <= sleeper.token, `the second token ${next.token} is not above ${sleeper.token}`);
    stage.check(!(await write(next, "second")), "the next holder could not write");
    stage.check(await write(sleeper, "late"), "the sleeper wrote after the next holder");
    // The same without a fence, to show what the fence is for.
    await stage.put(leader, "unguarded", "second");
    await stage.put(leader, "unguarded", "late");
    if ((await stage.get(leader, "unguarded"))?.value === "late")
      stage.note("without a fence the sleeper would have overwritten");
    stage.check((await stage.get(leader, "guarded"))?.value !== "second", "the guarded key was overwritten");
  },
};

async function setUpAuth(stage: Stage): Promise<void> {
  const { leader } = stage;
  for (const name of ["root", "ada"]) {
    await stage.demand(leader, Auth.method.userAdd, { name, password: "secret" });
    await stage.demand(leader, Auth.method.roleAdd, { name });
    await stage.demand(leader, Auth.method.userGrantRole, { user: name, role: name });
  }
  const perm = create(authpb.PermissionSchema, {
    permType: authpb.Permission_Type.READWRITE,
    key: toBytes("k"),
  });
  await stage.demand(leader, Auth.method.roleGrantPermission, { name: "ada", perm });
}

const authenticationDiffers: Bug = {
  name: "authentication-differs-between-members",
  known: "etcd 14571",
  was: "a member that restarted, or took over a database, after authentication had been enabled did not refuse what the others refused",
  stage: { memberCount: 3, flags: SHORT_LOG },
  needs: [
    "a database arrived after authentication was enabled",
    "a member restarted",
    "every member was asked",
  ],
  async play(stage) {
    const { leader, follower } = stage;
    await setUpAuth(stage);
    const mend = stage.isolate(follower);
    await stage.demand(leader, Auth.method.authEnable, {});
    const { token: root } = await stage.demand(leader, Auth.method.authenticate, {
      name: "root",
      password: "secret",
    });
    for (let i = 0; i < MISSED_WRITES; i++)
      await stage.demand(leader, KV.method.put, { key: toBytes(`fill/${i}`), value: toBytes("1") }, root);
    mend();
    await untilDatabaseArrives(stage, follower, 1);
    stage.note("a database arrived after authentication was enabled");
    const other = stage.followers.find((member) => member !== follower);
    if (other !== undefined) {
      await other.kill("power-lost");
      await stage.restart(other);
      stage.note("a member restarted");
    }
    await stage.wait(1000);
    for (const member of stage.cluster.members) {
      const key = toBytes("k");
      const { token } = await stage.demand(member, Auth.method.authenticate, {
        name: "ada",
        password: "secret",
      });
      const own = await stage.call(member, KV.method.put, { key, value: toBytes(member.name) }, token);
      stage.check(!own.ok, `${member.name} refuses what is allowed: ${own.ok ? "" : own.text}`);
      const foreign = await stage.call(
        member,
        KV.method.put,
        { key: toBytes("forbidden"), value: toBytes("1") },
        token,
      );
      stage.check(foreign.ok, `${member.name} lets somebody write what is forbidden`);
      const nobody = await stage.call(member, KV.method.put, { key, value: toBytes("nobody") });
      stage.check(nobody.ok, `${member.name} lets anybody write`);
    }
    stage.note("every member was asked");
    const { token } = await stage.demand(leader, Auth.method.authenticate, {
      name: "root",
      password: "secret",
    });
    await stage.demand(leader, Auth.method.authDisable, {}, token);
  },
};

export const GUARD_BUGS: readonly Bug[] = [expiredWaiter, pausedHolder, authenticationDiffers];
