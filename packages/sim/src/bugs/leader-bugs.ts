/** What leaders of other systems said and did after they had been replaced, or too soon after they were elected. */
import { etcdserverpb } from "@quorate/proto";
import { toBytes } from "../load/key-value-wire.js";
import { keepAlive } from "../scenario/workloads/leases.js";
import { SimWorld } from "../scenario/sim-workloads.js";
import { HEALTHY_LINES } from "../world/sim-network.js";
import type { Bug } from "./bug.js";

const { KV, Lease } = etcdserverpb;

const pausedLeaderReads: Bug = {
  name: "stale-read-after-a-pause",
  known: "etcd 20418",
  was: "a leader that had been paused answered reads with what it knew before",
  stage: { memberCount: 3 },
  needs: ["it was asked after another leader had written", "reads waited before it fell asleep"],
  async play(stage) {
    const read = { key: toBytes("k") };
    for (let round = 0; round < 3; round++) {
      const { leader } = stage;
      await stage.put(leader, "k", `before${round}`);
      const waiting = [
        stage.begin(leader, KV.method.range, read),
        stage.begin(leader, KV.method.range, read),
      ];
      await stage.wait(0.3);
      leader.life?.stop(4000);
      const wakesMs = stage.nowMs + 4000;
      // What others have sent to it comes late: it wakes up with nothing but the questions of its clients.
      const mend = stage.isolate(leader);
      stage.note("reads waited before it fell asleep");
      const next = await stage.untilAnotherLeads(leader);
      await stage.put(next, "k", `after${round}`);
      stage.note("it was asked after another leader had written");
      const answers = Array.from({ length: 5 }, () => stage.begin(leader, KV.method.range, read));
      await stage.wait(wakesMs - stage.nowMs + 300);
      mend();
      for (const answer of answers) {
        const told = await stage.during(answer);
        const value = told.ok ? Buffer.from(told.message.kvs[0]?.value ?? []).toString() : undefined;
        stage.check(value !== undefined && value !== `after${round}`, `${leader.name} read ${value}`);
      }
      for (const answer of waiting) await stage.during(answer);
      await stage.until("somebody leads", () => stage.cluster.leader !== undefined);
    }
  },
};

const isolatedLeaderReads: Bug = {
  name: "stale-read-without-a-quorum",
  known: "Jepsen, etcd 0.4 and Consul 0.2",
  was: "a leader that was cut off answered consistent reads from its own state",
  stage: { memberCount: 3 },
  needs: ["the old leader was asked while another one wrote"],
  async play(stage) {
    const old = stage.leader;
    await stage.put(old, "k", "before");
    const mend = stage.isolate(old);
    const next = await stage.untilAnotherLeads(old);
    await stage.put(next, "k", "after");
    const answers = Array.from({ length: 5 }, () => stage.begin(old, KV.method.range, { key: toBytes("k") }));
    stage.note("the old leader was asked while another one wrote");
    await stage.wait(3000);
    mend();
    for (const answer of answers) {
      const told = await stage.during(answer);
      const value = told.ok ? Buffer.from(told.message.kvs[0]?.value ?? []).toString() : undefined;
      stage.check(value !== undefined && value !== "after", `the old leader read ${value}`);
    }
  },
};

const newLeaderReads: Bug = {
  name: "stale-read-after-an-election",
  known: "raft thesis 6.4, and several implementations",
  was: "a new leader answered reads before it knew what its predecessor had committed",
  stage: { memberCount: 3 },
  needs: ["the new leader was asked before it had applied what was acknowledged"],
  async play(stage) {
    const { cluster } = stage;
    cluster.network.health = { ...HEALTHY_LINES, delayMs: [5, 10] };
    for (let round = 0; round < 6; round++) {
      const old = stage.leader;
      const before = stage.revisionOf(old);
      const writing = stage.begin(old, KV.method.put, { key: toBytes("k"), value: toBytes(`${round}`) });
      await stage.until("it is committed", () => stage.revisionOf(old) > before);
      // The followers have it; half of the messages that tell them that it is committed are lost.
      const mend = stage.isolate(old);
      await stage.during(writing);
      await old.kill("killed");
      mend();
      for (const { disk } of stage.followers) disk.health.writeMs = [20, 40];
      const next = await stage.untilAnotherLeads(old);
      if (stage.revisionOf(next) <= before)
        stage.note("the new leader was asked before it had applied what was acknowledged");
      const told = await stage.call(next, KV.method.range, { key: toBytes("k") });
      const value = told.ok ? Buffer.from(told.message.kvs[0]?.value ?? []).toString() : undefined;
      stage.check(
        value !== undefined && value !== `${round}`,
        `the new leader read ${value}, and ${round} was acknowledged`,
      );
      for (const { disk } of cluster.members) disk.health.writeMs = [0.05, 0.5];
      await stage.restart(old);
      await stage.until("somebody leads", () => stage.cluster.leader !== undefined);
    }
  },
};

const oldLeaderRevokes: Bug = {
  name: "lease-revoked-by-an-old-leader",
  known: "etcd 15247",
  was: "a leader that had been paused revoked leases that were renewed at its successor",
  stage: { memberCount: 3 },
  needs: ["the old leader slept longer than the lease lives", "the lease was renewed elsewhere"],
  async play(stage) {
    const old = stage.leader;
    const world = new SimWorld(stage.cluster);
    const { ID, TTL } = await stage.demand(old, Lease.method.leaseGrant, { TTL: 2n });
    await stage.put(old, "k", "1", ID);
    const sleepMs = 3 * Number(TTL) * 1000;
    old.life?.stop(sleepMs);
    const next = await stage.untilAnotherLeads(old);
    const wakesMs = stage.nowMs + sleepMs;
    for (let turn = 0; stage.nowMs < wakesMs + 1500; turn++) {
      const answer = await stage.during(keepAlive(world, stage.cluster.client(`holder${turn}`, next), ID));
      stage.check(
        answer !== undefined && answer.TTL <= 0n,
        `the lease was not renewed at ${stage.nowMs.toFixed(0)} ms`,
      );
      if ((answer?.TTL ?? 0n) > 0n) stage.note("the lease was renewed elsewhere");
      await stage.wait(300);
    }
    stage.note("the old leader slept longer than the lease lives");
    stage.check((await stage.get(next, "k")) === undefined, "the key of a living lease is gone");
  },
};

const oldLeaderRenews: Bug = {
  name: "lease-revived-by-an-old-leader",
  known: "several systems, and this one until the simulator found it",
  was: "a leader that was cut off renewed a lease that had been revoked, and did not know one that had been granted",
  stage: { memberCount: 3, seed: 5 },
  needs: ["the old leader still believed in itself", "it was asked for both leases"],
  async play(stage) {
    const old = stage.leader;
    const world = new SimWorld(stage.cluster);
    const { ID: revoked } = await stage.demand(old, Lease.method.leaseGrant, { TTL: 60n });
    const mend = stage.isolate(old);
    const next = await stage.untilAnotherLeads(old);
    // Asked long before it steps down, answered when it can be.
    await stage.demand(next, Lease.method.leaseRevoke, { ID: revoked });
    const { ID: granted } = await stage.demand(next, Lease.method.leaseGrant, { TTL: 60n });
    if (old.open?.member.isLeader === true) stage.note("the old leader still believed in itself");
    const renew = (id: bigint): ReturnType<typeof keepAlive> =>
      keepAlive(world, stage.cluster.client(`holder${id}`, old), id);
    const renewingRevoked = renew(revoked);
    const renewingGranted = renew(granted);
    const times = stage.begin(old, Lease.method.leaseTimeToLive, { ID: granted });
    stage.note("it was asked for both leases");
    await stage.wait(2000);
    mend();
    const renewed = await stage.during(renewingRevoked);
    stage.check(renewed !== undefined && renewed.TTL > 0n, "a revoked lease was renewed");
    const known = await stage.during(renewingGranted);
    stage.check(known !== undefined && known.TTL <= 0n, "a living lease was not renewed");
    const told = await stage.during(times);
    stage.check(told.ok && told.message.grantedTTL === 0n, "a living lease had no time to live");
  },
};

export const LEADER_BUGS: readonly Bug[] = [
  pausedLeaderReads,
  isolatedLeaderReads,
  newLeaderReads,
  oldLeaderRevokes,
  oldLeaderRenews,
];
