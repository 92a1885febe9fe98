/**
 * Sequences that turn on a moment: what a leader says, and nobody hears, is the difference between two histories. Each is the shortest
 * way known to what its rule is there to prevent.
 */
import { QUEUE_LIMITS } from "@quorate/server/world";
import type { Prng } from "@quorate/std";
import { behindLeader, LEADER, type Fault, type Plan } from "./plan.js";
import { healthyLines, type Ploy, type PloyParts } from "./ploys.js";

export const MOMENT_PLOYS: readonly Ploy[] = [
  { name: "old-terms", isAlone: true, create: aimAtOldTerms },
  { name: "two-changes", isAlone: true, create: aimAtTwoChanges },
  { name: "untold", isAlone: true, create: aimAtUntoldCommits },
];

/**
 * Figure 8 of the Raft paper. A leader reaches one of four; of the next one nobody hears more than that it asks for votes; the first one
 * leads again, and goes when one more has its first old entry; the second one comes back with an entry that is newer than that.
 */
function aimAtOldTerms(prng: Prng): PloyParts {
  const faults: Fault[] = [];
  const durationMs = 30_000;
  for (let atMs = 500; atMs < durationMs; atMs += 6500 + prng.below(1000)) {
    const apartMs = 1300 + prng.below(800);
    const cut = { kind: "cut-at", afterMs: 0 } as const;
    faults.push({ atMs, kind: "split", member: LEADER, count: 2, forMs: apartMs });
    faults.push({ atMs: atMs + 1, ...cut, on: "term-begun", count: 1, forMs: apartMs + 1500 });
    faults.push({ atMs: atMs + apartMs, ...cut, on: "commit-told", count: 2, forMs: 3000 });
  }
  return {
    faults,
    durationMs,
    memberCount: 5,
    clientCount: 3,
    pauseMs: 60,
    clockRates: [],
    lines: healthyLines(prng.pick([2, 20])),
    diskWriteMs: [0.05, 1],
    // One entry in each message.
    queueLimits: { ...QUEUE_LIMITS, appendMessageBytesMax: 1 },
    flags: [
      ["pre-vote", "false"],
      ["election-timeout", "500"],
    ],
  };
}

/**
 * Two members are taken out at once. As soon as the leader knows that both changes are committed it goes on with one other; the rest have
 * not heard of it, and go on as if nothing had changed.
 */
function aimAtTwoChanges(prng: Prng): PloyParts {
  // Before all have been connected for five seconds, members are not changed.
  const atMs = 6500 + prng.below(1000);
  return {
    faults: [
      { atMs, kind: "cut-at", on: "change-committed", count: 2, afterMs: 0, forMs: 4000 },
      { atMs, kind: "remove", member: behindLeader(2) },
      { atMs, kind: "remove", member: behindLeader(3) },
    ],
    durationMs: 13_000,
    memberCount: 5,
    clientCount: 6,
    pauseMs: 60,
    clockRates: [],
    // What is sent at once arrives at once: both changes are in one write, and one answer.
    lines: { ...healthyLines(1), delayMs: [1, 1] },
    flags: [["election-timeout", "500"]],
  };
}

/** A leader acknowledges to clients what it can tell no follower any more, and the next one is asked before it has committed anything. */
function aimAtUntoldCommits(prng: Prng, { durationMs }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (let atMs = 500; atMs < durationMs; atMs += 2500 + prng.below(1000))
    faults.push({
      atMs,
      kind: "cut-at",
      on: "commit-told",
      count: 1,
      afterMs: 0,
      forMs: 1200 + prng.below(800),
    });
  return {
    faults,
    memberCount: prng.pick([3, 5]),
    clientCount: 14,
    keyCount: 1,
    pauseMs: 10,
    clockRates: [],
    lines: healthyLines(prng.pick([1, 5])),
    diskWriteMs: [80, 200],
    flags: [["election-timeout", "500"]],
  };
}
