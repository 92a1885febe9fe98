/**
 * From a seed to a plan. Each seed switches features and faults on or off ("swarm"), so that rare ones get runs of their own; more than
 * half of them follow a ploy besides.
 */
import { Prng } from "@quorate/std";
import {
  AMBUSH_MOMENTS,
  CLOCK_ERROR_MAX,
  LEADER,
  MEMBERS_MAX,
  type Fault,
  type FaultKind,
  type Plan,
} from "./plan.js";
import { CROWDED } from "./crowded-ploy.js";
import { LATE_PLOYS } from "./late-ploys.js";
import { MOMENT_PLOYS } from "./moment-ploys.js";
import { PLOYS, type Ploy } from "./ploys.js";
import { drawWorkloads } from "./sim-workloads.js";

const PLOY_SHARE = 0.6;
/** Of the others. Drawn apart, and salted so that none of the seeds that were known to catch something became another one. */
const LATER_SHARE = 0.5;
const LATER_SALT = 0xc100ec;
const LATER_PLOYS: readonly Ploy[] = [CROWDED, ...MOMENT_PLOYS];

/** Of those that are left, drawn in the same way. */
const LATEST_SHARE = 0.4;
const LATEST_SALT = 8;

const ALL_PLOYS: readonly Ploy[] = [...PLOYS, ...LATER_PLOYS, ...LATE_PLOYS];

/** Of the swarm. */
export const FAULT_KINDS: readonly SwarmFaultKind[] = [
  "isolate",
  "cut",
  "half-cut",
  "split",
  "flap",
  "clog",
  "slow-lines",
  "kill",
  "kill-leader",
  "kill-all",
  "storm",
  "ambush",
  "stop",
  "pause",
  "slow-disk",
  "bad-disk",
  "failed-write",
  "rot",
  "short-databases",
  "jump-clock",
  "move-leader",
  "compact",
  "add-learner",
  "promote",
  "remove",
];

/** @param ployName takes this ploy whatever the seed says. */
export function createPlan(seed: number, ployName?: string): Plan {
  const prng = new Prng(seed);
  const plan = createSwarm(prng, seed);
  const drawn = prng.chance(PLOY_SHARE) ? prng.pick(PLOYS) : drawLater(seed);
  const ploy = ployName === undefined ? drawn : ALL_PLOYS.find(({ name }) => name === ployName);
  if (ploy === undefined) return plan;
  const { faults, flags = [], ...rest } = ploy.create(prng, plan);
  // The others happen too, now and then: they must not be in the way of the sequence.
  const others = ploy.isAlone !== true && prng.chance(0.3) ? plan.faults : [];
  return {
    ...plan,
    ...rest,
    ploy: ploy.name,
    flags: [...plan.flags.filter(([name]) => !flags.some(([other]) => other === name)), ...flags],
    faults: [...faults, ...others].sort((a, b) => a.atMs - b.atMs),
  };
}

function drawLater(seed: number): Ploy | undefined {
  const prng = new Prng(seed ^ LATER_SALT);
  if (prng.chance(LATER_SHARE)) return prng.pick(LATER_PLOYS);
  const latest = new Prng(seed ^ LATEST_SALT);
  return latest.chance(LATEST_SHARE) ? latest.pick(LATE_PLOYS) : undefined;
}

function createSwarm(prng: Prng, seed: number): Plan {
  const memberCount = prng.chance(0.75) ? 3 : 5;
  const hasBadLines = prng.chance(0.4);
  const hasReorder = prng.chance(0.3);
  const durationMs = 10_000 + prng.below(20_000);
  const kinds = FAULT_KINDS.filter(() => prng.chance(0.3));
  const meanGapMs = prng.pick([400, 1000, 2500]);
  const slow = prng.chance(0.2) ? 20 : 2;
  return {
    seed,
    ploy: undefined,
    memberCount,
    clockRates: Array.from({ length: MEMBERS_MAX }, () =>
      prng.chance(0.2) ? 1 - CLOCK_ERROR_MAX + prng.float() * 2 * CLOCK_ERROR_MAX : 1,
    ),
    lines: {
      delayMs: [0.1, 0.1 + prng.float() * (prng.chance(0.2) ? 60 : 3)],
      lossRate: hasBadLines ? prng.float() * 0.1 : 0,
      doubleRate: hasBadLines ? prng.float() * 0.1 : 0,
      reorderRate: hasReorder ? prng.float() * 0.2 : 0,
    },
    diskWriteMs: [0.05, 0.1 + prng.float() * slow],
    flags: [
      ["snapshot-count", String(prng.pick([20, 100, 1000, 10_000]))],
      ["snapshot-catchup-entries", String(prng.pick([5, 50, 5000]))],
      ["pre-vote", String(prng.chance(0.8))],
      ["max-wals", String(prng.pick([1, 5]))],
      ["election-timeout", String(prng.pick([500, 1000]))],
    ],
    clientCount: 2 + prng.below(6),
    keyCount: 2 + prng.below(12),
    pauseMs: prng.pick([20, 60, 200]),
    watchersPerMember: prng.below(3),
    lockClientCount: prng.chance(0.5) ? 1 + prng.below(4) : 0,
    workloads: drawWorkloads(seed),
    durationMs,
    faults: createFaults(prng, kinds, { memberCount, durationMs, meanGapMs }),
  };
}

function createFaults(
  prng: Prng,
  kinds: readonly SwarmFaultKind[],
  { memberCount, durationMs, meanGapMs }: { memberCount: number; durationMs: number; meanGapMs: number },
): Fault[] {
  const faults: Fault[] = [];
  if (kinds.length === 0) return faults;
  for (let atMs = prng.float() * meanGapMs; atMs < durationMs; atMs += prng.float() * 2 * meanGapMs)
    faults.push({ atMs, ...createFault(prng, prng.pick(kinds), memberCount) });
  return faults;
}

/** Crowds come only where members have room for little, cuts at a moment and late messages where they mean something. */
type SwarmFaultKind = Exclude<FaultKind, "crowd" | "cut-at" | "late">;

type Timeless = Fault extends infer F ? (F extends Fault ? Omit<F, "atMs"> : never) : never;

function createFault(prng: Prng, kind: SwarmFaultKind, memberCount: number): Timeless {
  const member = prng.chance(0.2) ? LEADER : prng.below(memberCount);
  const forMs = Math.round(50 + prng.float() ** 2 * 6000);
  // A process that is back at once meets those that have not noticed.
  const restartMs = prng.chance(0.4) ? 1 + prng.below(50) : forMs;
  const power = prng.chance(0.5);
  switch (kind) {
    case "isolate":
    case "clog":
    case "pause":
    case "stop":
    case "failed-write":
    case "short-databases":
      return { kind, member, forMs };
    case "cut": {
      const from = prng.below(memberCount);
      return { kind, from, to: (from + 1 + prng.below(memberCount - 1)) % memberCount, forMs };
    }
    case "half-cut":
      return { kind, member, side: prng.pick(["deaf", "mute"]), forMs };
    case "split":
      return { kind, member, count: 1 + prng.below(memberCount - 1), forMs };
    case "flap":
      return { kind, member, everyMs: 20 + prng.below(400), forMs };
    case "slow-lines":
      return { kind, member, extraMs: 50 + prng.below(1500), forMs };
    case "kill":
      return { kind, member, power, forMs: restartMs };
    case "kill-leader":
    case "kill-all":
      return { kind, power, forMs: restartMs };
    case "storm":
      return {
        kind,
        count: 2 + prng.below(2 * memberCount),
        everyMs: 20 + prng.below(800),
        power,
        forMs: restartMs,
      };
    case "ambush":
      return { kind, on: prng.pick(AMBUSH_MOMENTS), power, forMs: restartMs };
    case "slow-disk":
      return { kind, member, writeMs: 20 + prng.below(prng.pick([500, 3000])), forMs };
    case "bad-disk":
      return { kind, member, code: prng.pick(["ENOSPC", "EIO"]), forMs };
    case "rot":
      return { kind, member, place: prng.pick(["log", "database"]), power, forMs: restartMs };
    case "jump-clock":
      return { kind, member, byMs: prng.below(20_000_000) - 10_000_000 };
    case "move-leader":
    case "remove":
      return { kind, member: prng.below(memberCount) };
    case "compact":
      return { kind, keep: prng.pick([0, 1, 10, 100]) };
    case "add-learner":
    case "promote":
      return { kind };
  }
}
