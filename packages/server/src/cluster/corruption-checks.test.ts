import { expect, test } from "vitest";
import type { HashKvAnswer } from "../api/member-port.js";
import { CorruptionChecks, type PeerHash } from "./corruption-checks.js";
import { CorruptionMonitor } from "./corruption-monitor.js";
import { VirtualTime } from "./testing/virtual-time.js";

const OWN_ID = 1n;
const hashed = (hash: number, hashRevision = 10, compactRevision = 5): HashKvAnswer => ({
  hash,
  hashRevision,
  compactRevision,
});

/** A member whose peers answer what the test says. */
class Bench {
  /** Answers to `hashNow`, the last one for good. */
  own: HashKvAnswer[] = [hashed(7)];
  compactions: HashKvAnswer[] = [];
  revision = 10;
  /** Answers by revision, then by member; a member that is not named gives none. */
  readonly peers = new Map<number, ReadonlyMap<bigint, PeerHash["answer"]>>();
  readonly asked: number[] = [];
  readonly alarms: bigint[] = [];
  readonly lines: string[] = [];
  readFailure: "timeout" | undefined;
  readonly checks = new CorruptionChecks({
    memberId: OWN_ID,
    hashNow: () => Promise.resolve((this.own.length > 1 ? this.own.shift() : this.own[0]) as HashKvAnswer),
    revision: () => this.revision,
    compactionHashes: () => this.compactions,
    askPeers: (revision) => {
      this.asked.push(revision);
      const answers = this.peers.get(revision) ?? new Map<bigint, PeerHash["answer"]>();
      return Promise.resolve(
        [2n, 3n].map((id) => ({ id, peerUrls: [], answer: answers.get(id) ?? "no route to host" })),
      );
    },
    linearize: () => Promise.resolve(this.readFailure),
    raiseAlarm: (id) => this.alarms.push(id),
    report: { info: (message) => this.lines.push(message), warn: (message) => this.lines.push(message) },
    requestTimeoutMs: 7000,
  });

  answer(revision: number, two: PeerHash["answer"], three: PeerHash["answer"]): void {
    this.peers.set(
      revision,
      new Map([
        [2n, two],
        [3n, three],
      ]),
    );
  }
}
const at = (answer: HashKvAnswer, revision = answer.hashRevision) => ({ ...answer, revision });

test("at the start only other data at the same revision and compaction speak against a member", async () => {
  const bench = new Bench();
  expect(await bench.checks.checkAtStart()).toBe(true);
  bench.answer(10, "future-revision", at(hashed(8, 10, 6), 20));
  expect(await bench.checks.checkAtStart()).toBe(true);
  expect(bench.lines).toContain("found different compact revision values from remote peer");
  bench.answer(10, "compacted", "unexpected answer 412: cluster ID mismatch");
  expect(await bench.checks.checkAtStart()).toBe(true);
  expect(bench.lines).toContain("cannot fetch hash from slow remote peer");
  expect(bench.lines).toContain("cannot fetch hash from remote peer; local member is behind");
  expect(bench.lines).toContain("cluster ID mismatch");
  bench.answer(10, at(hashed(7)), at(hashed(8), 20));
  expect(await bench.checks.checkAtStart()).toBe(false);
  expect(bench.lines).toContain("found different hash values from remote peer");
  expect(bench.alarms).toEqual([]);
});

test("the leader accuses the follower with other data, once a round", async () => {
  const bench = new Bench();
  bench.answer(10, at(hashed(7)), at(hashed(8)));
  expect(await bench.checks.checkPeers()).toBeUndefined();
  expect(bench.alarms).toEqual([3n]);
  bench.answer(10, at(hashed(9)), at(hashed(8)));
  await bench.checks.checkPeers();
  expect(bench.alarms).toEqual([3n, 2n]);
});

test("a follower ahead of the leader, in revisions or compactions, is wrong", async () => {
  const bench = new Bench();
  bench.answer(10, at(hashed(7), 11), at(hashed(7)));
  await bench.checks.checkPeers();
  bench.answer(10, at(hashed(7)), at(hashed(99, 10, 6)));
  await bench.checks.checkPeers();
  expect(bench.alarms).toEqual([2n, 3n]);
});

test("what was written and compacted between the questions speaks against nobody", async () => {
  const bench = new Bench();
  bench.own = [hashed(7), hashed(20, 30, 9)];
  bench.revision = 30;
  // One was asked after it had applied more, the other is compacted further, as the leader is by now.
  bench.answer(10, at(hashed(7), 25), at(hashed(1, 10, 9), 28));
  await bench.checks.checkPeers();
  expect(bench.alarms).toEqual([]);
});

test("a leader whose own hash changes without a write accuses itself", async () => {
  const bench = new Bench();
  bench.own = [hashed(7), hashed(8)];
  await bench.checks.checkPeers();
  expect(bench.alarms).toEqual([OWN_ID]);
});

test("a leader that can't make sure that it leads says nothing", async () => {
  const bench = new Bench();
  bench.readFailure = "timeout";
  bench.answer(10, at(hashed(8)), at(hashed(8)));
  expect(await bench.checks.checkPeers()).toBe("timeout");
  expect(bench.alarms).toEqual([]);
});

test("of compactions, most members decide who is wrong, be it the leader", async () => {
  const bench = new Bench();
  bench.compactions = [hashed(7, 10, 5)];
  bench.answer(10, at(hashed(7, 10, 5)), at(hashed(8, 10, 5)));
  await bench.checks.checkCompactions();
  expect(bench.alarms).toEqual([3n]);
  bench.answer(10, at(hashed(8, 10, 5)), at(hashed(8, 10, 5)));
  await bench.checks.checkCompactions();
  expect(bench.alarms).toEqual([3n, OWN_ID]);
});

test("where no hash has most members, the alarm names nobody", async () => {
  const bench = new Bench();
  bench.compactions = [hashed(7, 10, 5)];
  bench.answer(10, at(hashed(8, 10, 5)), at(hashed(9, 10, 5)));
  await bench.checks.checkCompactions();
  expect(bench.alarms).toEqual([0n]);
});

test("members that are behind are compared at the last compaction that all have hashed, and what is equal is not asked again", async () => {
  const bench = new Bench();
  bench.compactions = [hashed(6, 8, 5), hashed(7, 10, 8), hashed(5, 4, 2)];
  bench.answer(10, at(hashed(7, 10, 8)), "future-revision");
  bench.answer(8, at(hashed(6, 8, 5)), at(hashed(6, 8, 5)));
  await bench.checks.checkCompactions();
  expect(bench.asked).toEqual([10, 8]);
  await bench.checks.checkCompactions();
  expect(bench.asked).toEqual([10, 8, 10]);
  expect(bench.alarms).toEqual([]);
});

test("the monitor asks while its member leads, and not before the last round has ended", async () => {
  const time = new VirtualTime();
  const lines: string[] = [];
  const leadership = { isLeader: false, stopped: false };
  let rounds = 0;
  let end: () => void = () => undefined;
  const monitor = new CorruptionMonitor({
    checks: {
      checkPeers: () => {
        rounds += 1;
        return new Promise((resolve) => (end = () => resolve("timeout")));
      },
      checkCompactions: () => Promise.reject(new Error("is off")),
    },
    leadership,
    scheduler: time,
    report: { info: () => undefined, warn: (message) => lines.push(message) },
    memberIdText: "1",
    peersEveryMs: 1000,
    compactionsEveryMs: 0,
  });
  monitor.start();
  await time.advance(3000);
  expect(rounds).toBe(0);
  leadership.isLeader = true;
  await time.advance(3000);
  expect(rounds).toBe(1);
  end();
  await time.advance(1000);
  expect({ rounds, lines }).toEqual({ rounds: 2, lines: ["failed to check hash KV"] });
  monitor.stop();
  end();
  await time.advance(5000);
  expect(rounds).toBe(2);
});
