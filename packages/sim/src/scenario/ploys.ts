/**
 * Sequences of faults that aim at one rule each. Independent faults seldom meet in the order that breaks something: a leader that is cut
 * off while clients still read from it, an election in which the answer of a voter outlives its memory.
 */
import type { Prng } from "@quorate/std";
import { LEADER, type Fault, type Plan } from "./plan.js";

/** What a ploy wants otherwise than the swarm; its flags come instead of those of the same name. */
export type PloyParts = Partial<Omit<Plan, "seed" | "ploy">> & Pick<Plan, "faults">;

export interface Ploy {
  readonly name: string;
  /** Other faults would be in the way of its sequence. */
  readonly isAlone?: boolean;
  readonly create: (prng: Prng, plan: Plan) => PloyParts;
}

export const PLOYS: readonly Ploy[] = [
  { name: "old-leader", create: aimAtOldLeader },
  { name: "contested", create: aimAtElections },
  { name: "torn", create: aimAtWrites },
  { name: "half-replicated", create: aimAtUncommitted },
  { name: "lagging", create: aimAtSnapshots },
  { name: "changing", create: aimAtMembership },
  { name: "handover", create: aimAtNewLeader },
  { name: "learners", create: aimAtLearners },
  { name: "trimmed", create: aimAtTrimming },
  { name: "rotting", create: aimAtChecksums },
  { name: "leases", create: aimAtLeases },
  { name: "watching", create: aimAtWatches },
];

/** Moments about `everyMs` apart. */
function* beats(prng: Prng, untilMs: number, everyMs: number): Generator<number> {
  for (let atMs = everyMs * prng.float(); atMs < untilMs; atMs += everyMs * (0.5 + prng.float())) yield atMs;
}

function setFlag(name: string, value: string | number | boolean): readonly [string, string] {
  return [name, String(value)];
}

/** Clients go on asking a leader that is cut off or asleep, while another one is elected and written to. */
function aimAtOldLeader(prng: Prng, { durationMs }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 4000)) {
    const forMs = 1500 + prng.below(3000);
    switch (prng.below(4)) {
      case 0:
        faults.push({ atMs, kind: "isolate", member: LEADER, forMs });
        break;
      case 1:
        faults.push({ atMs, kind: "half-cut", member: LEADER, side: prng.pick(["deaf", "mute"]), forMs });
        break;
      default:
        faults.push({ atMs, kind: "pause", member: LEADER, forMs });
    }
  }
  return {
    faults,
    clientCount: 6,
    keyCount: 1 + prng.below(2),
    pauseMs: prng.pick([20, 60]),
    lines: { ...healthyLines(drawDelayMs(prng)), delayMs: [0.1, prng.pick([1, 30])] },
    flags: [setFlag("election-timeout", prng.pick([500, 1000]))],
  };
}

/** Lines that lose nothing. */
export function healthyLines(delayMsMax: number): Plan["lines"] {
  return { delayMs: [0.1, delayMsMax], lossRate: 0, doubleRate: 0, reorderRate: 0 };
}

function drawDelayMs(prng: Prng): number {
  return 0.5 + prng.float() * 3;
}

/** Several candidates at once, and a voter that dies between its answer to the first and the question of the second. */
function aimAtElections(prng: Prng, { durationMs }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 1500)) {
    const power = prng.chance(0.8);
    // The old leader is back at once: of three members it has the vote that decides.
    faults.push({ atMs, kind: "kill-leader", power: false, forMs: prng.pick([5, 5, 1500]) });
    for (let i = 0; i < 2; i++)
      faults.push({ atMs: atMs + 1, kind: "ambush", on: "vote-given", power, forMs: 1 + prng.below(10) });
  }
  return {
    faults,
    memberCount: prng.chance(0.8) ? 3 : 5,
    clockRates: [],
    clientCount: 2,
    pauseMs: 60,
    lines: { ...healthyLines(drawDelayMs(prng)), delayMs: [0.1, prng.pick([60, 150])] },
    diskWriteMs: [0.05, 1],
    flags: [setFlag("pre-vote", prng.chance(0.1)), setFlag("election-timeout", 500)],
  };
}

/** Power goes right after something was said about the log. */
function aimAtWrites(prng: Prng, { durationMs }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 700)) {
    const away = { power: prng.chance(0.8), forMs: 1 + prng.below(prng.pick([10, 2000])) };
    if (prng.chance(0.2)) faults.push({ atMs, kind: "kill-all", ...away });
    else
      faults.push({ atMs, kind: "ambush", on: prng.pick(["append-acknowledged", "append-sent"]), ...away });
  }
  return { faults, clientCount: 4, pauseMs: 30, diskWriteMs: [0.05, prng.pick([1, 10, 40])] };
}

/** Leaders that reach one follower only, one after the other: entries of old terms on some of five members. */
function aimAtUncommitted(prng: Prng, { durationMs }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 900)) {
    const member = prng.below(5);
    faults.push({ atMs, kind: "split", member, count: 2, forMs: 300 + prng.below(1500) });
    const away = { power: prng.chance(0.3), forMs: 1 + prng.below(1200) };
    if (prng.chance(0.5)) faults.push({ atMs: atMs + 5, kind: "ambush", on: "append-sent", ...away });
    if (prng.chance(0.3)) faults.push({ atMs: atMs + 300, kind: "kill-leader", ...away });
  }
  return {
    faults,
    memberCount: 5,
    clientCount: 4,
    pauseMs: 30,
    lines: {
      delayMs: [0.1, prng.pick([5, 40])],
      lossRate: 0.1 * prng.float(),
      doubleRate: 0.05,
      reorderRate: 0.1,
    },
    flags: [setFlag("pre-vote", prng.chance(0.3)), setFlag("election-timeout", 500)],
  };
}

/** A follower stays behind until it needs a database, and the leader goes as soon as it is on its way. */
function aimAtSnapshots(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 4000)) {
    const member = prng.below(memberCount);
    const forMs = 1000 + prng.below(2000);
    faults.push({ atMs, kind: prng.pick(["isolate", "pause", "clog"]), member, forMs });
    const backMs = atMs + forMs;
    const away = { power: prng.chance(0.5), forMs: prng.pick([5, 500, 2500]) };
    if (prng.chance(0.4)) faults.push({ atMs: backMs, kind: "ambush", on: "snapshot-installing", ...away });
    if (prng.chance(0.2)) faults.push({ atMs: backMs - 10, kind: "short-databases", member, forMs: 1000 });
    if (prng.chance(0.2))
      faults.push({ atMs: backMs, kind: "slow-lines", member, extraMs: 400, forMs: 1500 });
    if (prng.chance(0.4)) faults.push({ atMs: backMs + prng.below(400), kind: "kill-leader", ...away });
  }
  return {
    faults,
    clientCount: 4,
    pauseMs: 20,
    flags: [
      setFlag("snapshot-count", 20),
      setFlag("snapshot-catchup-entries", 5),
      setFlag("election-timeout", 500),
    ],
  };
}

/** The configuration changes while leaders go and lines are cut. */
function aimAtMembership(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const beatMs of beats(prng, durationMs, 600)) {
    // Before all have been connected for five seconds, members are not changed.
    const atMs = 5500 + beatMs;
    const away = { power: prng.chance(0.5), forMs: prng.pick([5, 500, 1500]) };
    const member = prng.below(memberCount);
    switch (prng.below(7)) {
      case 0:
      case 1:
        faults.push({ atMs, kind: "add-learner" });
        break;
      case 2:
      case 3:
        faults.push({ atMs, kind: "promote" });
        break;
      case 4:
        faults.push({ atMs, kind: "remove", member: prng.chance(0.3) ? LEADER : member });
        break;
      case 5:
        faults.push({ atMs, kind: "ambush", on: "conf-change-sent", ...away });
        break;
      default:
        faults.push({
          atMs,
          kind: "isolate",
          member: prng.chance(0.5) ? LEADER : member,
          forMs: 700 + prng.below(2000),
        });
    }
  }
  return {
    faults,
    durationMs: 5500 + durationMs,
    memberCount: prng.pick([3, 5]),
    clientCount: 4,
    pauseMs: 30,
    flags: [setFlag("election-timeout", 500)],
  };
}

/** Leaders go while writes are slow: a new leader knows less about what is committed than the old one did. */
function aimAtNewLeader(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 1500)) {
    const member = prng.below(memberCount);
    if (prng.chance(0.5))
      faults.push({ atMs, kind: "slow-lines", member: LEADER, extraMs: 20 + prng.below(150), forMs: 400 });
    faults.push(
      prng.chance(0.3)
        ? { atMs: atMs + prng.below(200), kind: "move-leader", member }
        : { atMs: atMs + 50, kind: "kill-leader", power: false, forMs: 300 },
    );
  }
  return {
    faults,
    clientCount: 8,
    keyCount: 1,
    pauseMs: 10,
    lines: { ...healthyLines(drawDelayMs(prng)), delayMs: [0.1, prng.pick([5, 30])] },
    diskWriteMs: [1, prng.pick([60, 200])],
    flags: [setFlag("election-timeout", 500)],
  };
}

/** A leader is left with a learner for company, and the others elect another one. */
function aimAtLearners(prng: Prng, { durationMs }: Plan): PloyParts {
  // Members are not changed before all have been connected for five seconds.
  const joinMs = 6000;
  const faults: Fault[] = [{ atMs: joinMs, kind: "add-learner" }];
  for (const atMs of beats(prng, durationMs, 4000)) {
    const moveMs = joinMs + 1500 + atMs;
    faults.push({ atMs: moveMs, kind: "move-leader", member: 2 });
    faults.push({
      atMs: moveMs + 300,
      kind: "split",
      member: 2,
      count: 2,
      forMs: 1500 + prng.below(1500),
    });
  }
  return {
    faults,
    durationMs: joinMs + durationMs,
    memberCount: 3,
    clientCount: 5,
    pauseMs: 30,
    flags: [setFlag("election-timeout", prng.pick([500, 1000]))],
  };
}

/** Long enough for members to let go of old segments, and then the power goes. */
function aimAtTrimming(prng: Prng): PloyParts {
  const durationMs = 40_000 + prng.below(30_000);
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 4000)) {
    if (atMs < 28_000) continue;
    const away = { power: true, forMs: prng.pick([5, 500]) };
    if (prng.chance(0.5)) faults.push({ atMs, kind: "ambush", on: "snapshot-marked", ...away });
    else faults.push({ atMs, kind: "kill-all", ...away });
  }
  return {
    durationMs,
    faults,
    clientCount: 2,
    pauseMs: 80,
    flags: [setFlag("snapshot-count", 20), setFlag("snapshot-catchup-entries", prng.pick([5, 50]))],
  };
}

/** Bits flip on disks of members that are down, and writes fail once. */
function aimAtChecksums(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 3000)) {
    const member = prng.below(memberCount);
    const forMs = 5 + prng.below(1500);
    if (prng.chance(0.6))
      faults.push({
        atMs,
        kind: "rot",
        member,
        place: prng.pick(["log", "log", "database"]),
        power: true,
        forMs,
      });
    else faults.push({ atMs, kind: "failed-write", member, forMs: 500 + forMs });
    if (prng.chance(0.4))
      faults.push({ atMs: atMs + forMs + 800, kind: "kill-leader", power: true, forMs: 1500 });
  }
  return { faults, clientCount: 4, pauseMs: 30 };
}

/** Holders of leases live through changes of the leader. */
function aimAtLeases(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs + 20_000, 5000)) {
    const forMs = 2000 + prng.below(8000);
    switch (prng.below(4)) {
      case 0:
        faults.push({ atMs, kind: "pause", member: LEADER, forMs });
        break;
      case 1:
        faults.push({ atMs, kind: "isolate", member: LEADER, forMs });
        break;
      case 2:
        faults.push({ atMs, kind: "move-leader", member: prng.below(memberCount) });
        break;
      default:
        faults.push({ atMs, kind: "kill-leader", power: prng.chance(0.5), forMs: prng.pick([20, 2000]) });
    }
  }
  return {
    durationMs: durationMs + 20_000,
    faults,
    clientCount: 1,
    pauseMs: 200,
    lockClientCount: 4,
    flags: [setFlag("election-timeout", prng.pick([500, 1000]))],
  };
}

/** Watchers resume, at members that restart or stay behind, in a history that is cut off behind them. */
function aimAtWatches(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (const atMs of beats(prng, durationMs, 1000)) {
    const member = prng.below(memberCount);
    const forMs = 100 + prng.below(2500);
    switch (prng.below(4)) {
      case 0:
        faults.push({ atMs, kind: "kill", member, power: prng.chance(0.5), forMs: prng.pick([5, forMs]) });
        break;
      case 1:
        faults.push({ atMs, kind: prng.pick(["isolate", "pause"]), member, forMs });
        break;
      case 2:
        faults.push({ atMs, kind: "compact", keep: prng.pick([0, 0, 5, 50]) });
        break;
      default:
        faults.push({ atMs, kind: "clog", member, forMs });
    }
  }
  return { faults, clientCount: 4, pauseMs: prng.pick([30, 80]), watchersPerMember: 2 };
}
