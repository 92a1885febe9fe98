/** What members of other systems lost or did twice after a crash. */
import { etcdserverpb } from "@quorate/proto";
import type { SimMember } from "../cluster/sim-member.js";
import { toBytes } from "../load/key-value-wire.js";
import type { Bug } from "./bug.js";
import { databaseCount, MISSED_WRITES, renewLeader, SHORT_LOG, untilDatabaseArrives } from "./databases.js";
import type { Stage } from "./stage.js";

const { KV } = etcdserverpb;

const lostWrite: Bug = {
  name: "acknowledged-before-durable",
  known: "etcd 14370",
  was: "a single member acknowledged a write before its log was on the disk, and lost it in a crash",
  stage: { memberCount: 1 },
  needs: ["power was lost right after the answer"],
  async play(stage) {
    const [member] = stage.cluster.members;
    if (member === undefined) return;
    member.disk.health.writeMs = [5, 30];
    for (let round = 0; round < 8; round++) {
      await stage.put(member, `k${round}`, "1");
      await member.kill("power-lost");
      stage.note("power was lost right after the answer");
      await stage.restart(member);
      await stage.until("it leads", () => stage.cluster.leader !== undefined);
      stage.check((await stage.get(member, `k${round}`)) === undefined, `k${round} is lost`);
    }
  },
};

const allLosePower: Bug = {
  name: "acknowledged-by-a-few",
  known: "lost writes after a crash, in several systems",
  was: "a write that a quorum had acknowledged without a sync was lost when all members lost power",
  stage: { memberCount: 3 },
  needs: ["all lost power right after the answer"],
  async play(stage) {
    const { cluster } = stage;
    for (let round = 0; round < 4; round++) {
      for (const { disk } of cluster.members) disk.health.writeMs = [1, 20];
      await stage.put(stage.leader, `k${round}`, "1");
      await Promise.all(cluster.members.map((member) => member.kill("power-lost")));
      stage.note("all lost power right after the answer");
      cluster.start();
      await stage.until("the cluster serves", () => cluster.isServing && cluster.leader !== undefined);
      for (const member of cluster.members)
        stage.check(
          (await stage.get(member, `k${round}`)) === undefined,
          `${member.name} has lost k${round}`,
        );
    }
  },
};

/** Puts of one key, without waiting for one another. @returns how many were begun, and how many acknowledged. */
function hammer(
  stage: Stage,
  members: readonly SimMember[],
  key: string,
): { begun: number; acknowledged: number; underWay: number } {
  const tally = { begun: 0, acknowledged: 0, underWay: 0 };
  for (let i = 0; i < 40; i++) {
    const member = members[i % members.length];
    if (member === undefined) continue;
    tally.begun += 1;
    tally.underWay += 1;
    void stage.begin(member, KV.method.put, { key: toBytes(key), value: toBytes(`${i}`) }).then(({ ok }) => {
      tally.underWay -= 1;
      if (ok) tally.acknowledged += 1;
    });
  }
  return tally;
}

/** Versions count the writes of a key: one that was applied twice shows, and one that was lost. */
async function checkVersions(
  stage: Stage,
  key: string,
  tally: { begun: number; acknowledged: number },
): Promise<void> {
  for (const member of stage.cluster.members) {
    const version = (await stage.get(member, key))?.version ?? 0;
    stage.check(
      version < tally.acknowledged || version > tally.begun,
      `${member.name} has ${version} writes of ${key}, of ${tally.begun} begun and ${tally.acknowledged} acknowledged`,
    );
  }
}

const crashUnderLoad: Bug = {
  name: "index-behind-the-data",
  known: "etcd 13766",
  was: "a crash under high load left a database with writes that its stored index did not cover: they were applied again",
  stage: { memberCount: 3 },
  needs: ["a member died with writes under way", "its database was behind its log"],
  async play(stage) {
    for (let round = 0; round < 6; round++) {
      const key = `k${round}`;
      const { cluster } = stage;
      const victim = round % 2 === 0 ? stage.follower : stage.leader;
      victim.disk.health.writeMs = [0.1, 15];
      const tally = hammer(stage, cluster.members, key);
      await stage.wait(5 + 6 * round);
      if (tally.underWay > 0) stage.note("a member died with writes under way");
      const store = victim.open?.machine.store;
      if (store !== undefined && store.durableIndex < store.consistentIndex)
        stage.note("its database was behind its log");
      await victim.kill(round % 3 === 0 ? "killed" : "power-lost");
      await stage.wait(20);
      await stage.restart(victim);
      await stage.until("all is answered", () => tally.underWay === 0 && cluster.leader !== undefined);
      await stage.wait(1500);
      await checkVersions(stage, key, tally);
    }
  },
};

const crashInDefragmentation: Bug = {
  name: "crash-in-a-defragmentation",
  known: "etcd 14685",
  was: "a crash during a defragmentation left a database with another index than its data",
  stage: { memberCount: 3 },
  needs: ["a member died in the middle of a defragmentation, under load"],
  async play(stage) {
    for (let round = 0; round < 4; round++) {
      const key = `k${round}`;
      const victim = stage.follower;
      const tally = hammer(stage, stage.cluster.members, key);
      await stage.wait(3);
      let isDone = false;
      victim.disk.health.writeMs = [1, 20];
      void stage.begin(victim, etcdserverpb.Maintenance.method.defragment, {}).then(() => (isDone = true));
      await stage.wait(0.5 + round);
      if (!isDone && tally.underWay > 0)
        stage.note("a member died in the middle of a defragmentation, under load");
      await victim.kill(round % 2 === 0 ? "killed" : "power-lost");
      await stage.restart(victim);
      await stage.until("all is answered", () => tally.underWay === 0);
      await stage.wait(1500);
      await checkVersions(stage, key, tally);
    }
  },
};

const crashInDatabase: Bug = {
  name: "crash-while-a-database-is-installed",
  known: "etcd 20271",
  was: "a member that died while it took over the leader's database could not open what was left",
  stage: { memberCount: 3, flags: SHORT_LOG },
  needs: ["power was lost while a database was installed"],
  async play(stage) {
    const { follower } = stage;
    for (let round = 0; round < 3; round++) {
      const mend = stage.isolate(follower);
      await renewLeader(stage);
      const { leader } = stage;
      await stage.fill(leader, MISSED_WRITES, `round${round}/`);
      follower.disk.health.writeMs = [1, 10];
      const before = databaseCount(stage, follower);
      mend();
      await untilDatabaseArrives(stage, follower, before + 1);
      await stage.wait(3 * round);
      stage.note("power was lost while a database was installed");
      await follower.kill("power-lost");
      await stage.restart(follower);
      const last = await stage.put(leader, `round${round}/after`, "1");
      await stage.until("it catches up", () => stage.revisionOf(follower) >= last);
    }
  },
};

export const CRASH_BUGS: readonly Bug[] = [
  lostWrite,
  allLosePower,
  crashUnderLoad,
  crashInDefragmentation,
  crashInDatabase,
];
