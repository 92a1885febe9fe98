/**
 * Sequences in which somebody is told too late, or never, what all others know: each is the shortest way known to what one rule of a
 * follower is there to prevent.
 */
import { QUEUE_LIMITS } from "@quorate/server/world";
import type { Prng } from "@quorate/std";
import { behindLeader, LEADER, type Fault } from "./plan.js";
import { healthyLines, type Ploy, type PloyParts } from "./ploys.js";

export const LATE_PLOYS: readonly Ploy[] = [
  { name: "two-votes", isAlone: true, create: aimAtVotes },
  { name: "old-database", isAlone: true, create: aimAtOldDatabases },
  { name: "long-tail", isAlone: true, create: aimAtTails },
];

/** Two timeouts of five ticks have not passed by then, and one of nine has: each follower is a candidate for the first time. */
const CANDIDATES_MS = 850;

/**
 * A leader sleeps until both of its followers, who do not hear each other, ask for votes in the same term. It learns of the term
 * from their answers to its heartbeats, so that the term is written before there is a vote in it. Then the first request arrives, it
 * gives its vote and dies; the second one finds it back. Nobody hears the winner meanwhile.
 */
function aimAtVotes(prng: Prng): PloyParts {
  const durationMs = 24_000;
  const faults: Fault[] = [];
  for (let atMs = 1500; atMs < durationMs; atMs += 4000 + prng.below(500)) {
    const [one, other] = [behindLeader(1), behindLeader(2)];
    faults.push({ atMs, kind: "cut", from: one, to: other, forMs: 1600 });
    faults.push({ atMs, kind: "cut", from: other, to: one, forMs: 1600 });
    const gapMs = prng.pick([30, 60]);
    faults.push({ atMs, kind: "late", cargo: "votes", member: LEADER, gapMs, forMs: CANDIDATES_MS + 15 });
    faults.push({ atMs, kind: "pause", member: LEADER, forMs: CANDIDATES_MS });
    const away = { power: prng.chance(0.5), forMs: 1 + prng.below(4) };
    faults.push({ atMs, kind: "ambush", on: "vote-given", ...away });
    faults.push({ atMs, kind: "cut-at", on: "term-begun", count: 1, afterMs: 0, forMs: 500 });
  }
  return {
    faults,
    durationMs,
    memberCount: 3,
    // Asked to write in its sleep, it would have a longer log than those who ask for its vote.
    clientCount: 1,
    pauseMs: 1500,
    lockClientCount: 0,
    workloads: [],
    clockRates: [],
    lines: healthyLines(2),
    diskWriteMs: [0.05, 0.5],
    flags: [
      ["pre-vote", "false"],
      ["election-timeout", "500"],
    ],
  };
}

/**
 * A follower that needs a database is sent one that does not come; when the leader has given it up the follower gets a newer one, goes on
 * from there, and forgets the entries before. Then the first one arrives.
 */
function aimAtOldDatabases(prng: Prng): PloyParts {
  const durationMs = 22_000;
  const faults: Fault[] = [];
  for (let atMs = 500; atMs + 10_000 < durationMs; atMs += 10_500) {
    const member = behindLeader(1 + prng.below(2));
    faults.push({ atMs, kind: "isolate", member, forMs: 800 + prng.below(400) });
    // A sender waits five seconds for an answer.
    const forMs = 7500 + prng.below(2000);
    faults.push({ atMs, kind: "late", cargo: "database", member, gapMs: 0, forMs });
  }
  return {
    faults,
    durationMs,
    memberCount: 3,
    clientCount: 4,
    pauseMs: 20,
    clockRates: [],
    lines: healthyLines(2),
    diskWriteMs: [0.05, 1],
    flags: [
      ["pre-vote", "true"],
      ["snapshot-count", "20"],
      ["snapshot-catchup-entries", "5"],
      ["election-timeout", "1000"],
    ],
  };
}

/**
 * A leader hears nothing: others have entries that it does not know to be committed. Then it is not heard either, and goes on writing
 * what nobody else gets. The next leader commits the first ones, and others in the place of the last ones, and tells it one by one.
 */
function aimAtTails(prng: Prng): PloyParts {
  const durationMs = 18_000;
  const faults: Fault[] = [];
  for (let atMs = 500; atMs < durationMs; atMs += 3500 + prng.below(1000)) {
    const forMs = 1500 + prng.below(700);
    faults.push({ atMs, kind: "half-cut", member: LEADER, side: "deaf", forMs });
    faults.push({ atMs: atMs + 10 + prng.below(30), kind: "isolate", member: LEADER, forMs });
  }
  return {
    faults,
    durationMs,
    memberCount: 3,
    clientCount: 20,
    pauseMs: 60,
    clockRates: [],
    lines: healthyLines(prng.pick([1, 4])),
    diskWriteMs: [0.05, 1],
    // One entry in each message.
    queueLimits: { ...QUEUE_LIMITS, appendMessageBytesMax: 1 },
    flags: [
      ["election-timeout", "500"],
      ["snapshot-count", "10000"],
      ["snapshot-catchup-entries", "5000"],
    ],
  };
}
