/** What compactions of other systems took away, or brought back. */
import { create, etcdserverpb } from "@quorate/proto";
import { toBytes } from "../load/key-value-wire.js";
import type { Bug } from "./bug.js";
import type { Stage } from "./stage.js";

const { KV } = etcdserverpb;

const revisionFalls: Bug = {
  name: "revision-falls-after-compaction",
  known: "etcd 17780",
  was: "a crash during a compaction up to deleted keys lost the newest revision: later writes had numbers that were given before",
  stage: { memberCount: 1 },
  needs: ["power was lost during a compaction up to a delete"],
  async play(stage) {
    const [member] = stage.cluster.members;
    if (member === undefined) return;
    for (let round = 0; round < 6; round++) {
      await stage.fill(member, 4, "k/");
      let last = 0;
      for (const i of [1, 2, 3]) last = await stage.remove(member, `k/${i}`);
      const compacting = stage.begin(member, KV.method.compact, { revision: BigInt(last), physical: true });
      let isDone = false;
      void compacting.then(() => (isDone = true));
      // In the middle of it with what was flushed, or behind it with all that was written.
      const isEarly = round % 2 === 0;
      await stage.wait(isEarly ? 1 + 1.5 * round : 300);
      if (!isDone) stage.note("power was lost during a compaction up to a delete");
      await member.kill(isEarly ? "power-lost" : "killed");
      await stage.restart(member);
      await stage.until("it leads", () => stage.cluster.leader !== undefined);
      const found = stage.revisionOf(member);
      stage.check(found < last, `the revision was ${last} and is ${found}`);
      const next = await stage.put(member, "k/next", "1");
      stage.check(next <= last, `revision ${next} was given twice`);
    }
  },
};

/** Told from there on, by each member, also after a restart. */
async function checkDeleteIsTold(
  stage: Stage,
  { from, expected }: { from: number; expected: readonly string[] },
): Promise<void> {
  for (const member of stage.cluster.members) {
    const listener = stage.listen(member, { prefix: "k", startRevision: from });
    await stage.until(
      "something is told",
      () => listener.told.length >= expected.length || listener.compactRevision !== undefined,
    );
    stage.check(
      listener.told.join() !== expected.join(),
      `${member.name} told ${listener.told.join() || "of a compaction"}`,
    );
    listener.close();
  }
}

const deleteAtCompaction: Bug = {
  name: "compaction-at-a-delete",
  known: "etcd 18089",
  was: "a watch from the revision of a compaction was not told of the delete there, when the key was put again later",
  stage: { memberCount: 3 },
  needs: ["compacted at a delete, with a put behind it", "a member restarted after the compaction"],
  async play(stage) {
    const { leader, follower } = stage;
    await stage.put(leader, "k", "1");
    await stage.put(leader, "k", "2");
    const removed = await stage.remove(leader, "k");
    const again = await stage.put(leader, "k", "3");
    await stage.compact(leader, removed);
    stage.note("compacted at a delete, with a put behind it");
    const expected = [`delete k ${removed}`, `put k ${again}`];
    await checkDeleteIsTold(stage, { from: removed, expected });
    await follower.kill("power-lost");
    await stage.restart(follower);
    stage.note("a member restarted after the compaction");
    await checkDeleteIsTold(stage, { from: removed, expected });
  },
};

const deleteIsLast: Bug = {
  name: "compaction-at-the-last-delete",
  known: "etcd 19179",
  was: "a watch opened on the revision of a compaction missed the delete at that revision",
  stage: { memberCount: 3 },
  needs: ["compacted at a delete with nothing behind it"],
  async play(stage) {
    const { leader } = stage;
    await stage.put(leader, "k", "1");
    const removed = await stage.remove(leader, "k");
    const listener = stage.listen(leader, { prefix: "k", startRevision: removed });
    await stage.compact(leader, removed);
    stage.note("compacted at a delete with nothing behind it");
    await checkDeleteIsTold(stage, { from: removed, expected: [`delete k ${removed}`] });
    await stage.until("the earlier watch is told", () => listener.told.length > 0);
    stage.check(listener.told.join() !== `delete k ${removed}`, `was told ${listener.told.join()}`);
  },
};

const compactedInTransaction: Bug = {
  name: "compacted-read-in-a-transaction",
  known: "etcd 18667",
  was: "a transaction that read at a compacted revision was carried out by members that had not removed it yet, and not by the others",
  stage: { memberCount: 3 },
  needs: ["a member was slow to compact", "a transaction read at a compacted revision"],
  async play(stage) {
    const { leader, follower } = stage;
    const old = await stage.put(leader, "k", "1");
    const last = await stage.fill(leader, 20);
    follower.disk.health.writeMs = [100, 200];
    stage.note("a member was slow to compact");
    await stage.compact(leader, last, false);
    const put = create(etcdserverpb.PutRequestSchema, { key: toBytes("written"), value: toBytes("1") });
    const range = create(etcdserverpb.RangeRequestSchema, { key: toBytes("k"), revision: BigInt(old) });
    const answer = await stage.call(leader, KV.method.txn, {
      success: [
        { request: { case: "requestPut", value: put } },
        { request: { case: "requestRange", value: range } },
      ],
    });
    stage.note("a transaction read at a compacted revision");
    stage.check(answer.ok, "it was carried out");
    stage.check(!answer.ok && !/compacted/.test(answer.text), answer.ok ? "" : answer.text);
    follower.disk.health.writeMs = [0.05, 0.5];
    await stage.wait(1000);
    for (const member of stage.cluster.members) {
      const found = await stage.get(member, "written");
      stage.check(found !== undefined, `${member.name} has what it wrote`);
    }
  },
};

const forgottenCompaction: Bug = {
  name: "compaction-forgotten",
  known: "compactions that were acknowledged and not kept, in several systems",
  was: "history that was compacted could be read again after a crash, at some members",
  stage: { memberCount: 3 },
  needs: ["everybody died right after the answer"],
  async play(stage) {
    const { leader } = stage;
    const old = await stage.put(leader, "k", "1");
    const last = await stage.fill(leader, 10);
    await stage.compact(leader, last, false);
    await stage.wait(20);
    // One keeps what its database was given, the others keep what was flushed.
    const all = stage.cluster.members.map((member, i) => member.kill(i === 0 ? "killed" : "power-lost"));
    await Promise.all(all);
    stage.note("everybody died right after the answer");
    stage.cluster.start();
    await stage.until(
      "the cluster serves",
      () => stage.cluster.isServing && stage.cluster.leader !== undefined,
    );
    for (const member of stage.cluster.members) {
      const answer = await stage.call(member, KV.method.range, { key: toBytes("k"), revision: BigInt(old) });
      stage.check(answer.ok, `${member.name} reads revision ${old}, compacted at ${last}`);
    }
  },
};

export const COMPACTION_BUGS: readonly Bug[] = [
  revisionFalls,
  deleteAtCompaction,
  deleteIsLast,
  compactedInTransaction,
  forgottenCompaction,
];
