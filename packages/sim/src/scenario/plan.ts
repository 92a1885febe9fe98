/**
 * What a seed stands for: how large the cluster is, what its lines, disks and clocks are like, what its clients do, and which faults
 * happen when. Each seed switches features and faults on or off ("swarm"), so that rare ones get runs of their own. The plan is data:
 * a failing one is replayed, cut down and printed.
 */
import { Prng } from "@quorate/std";

export type Fault = { readonly atMs: number } & (
  | { readonly kind: "isolate"; readonly member: number; readonly forMs: number }
  /** One direction of one line. */
  | { readonly kind: "cut"; readonly from: number; readonly to: number; readonly forMs: number }
  /** The first `count` members from `member` on against the others. */
  | { readonly kind: "split"; readonly member: number; readonly count: number; readonly forMs: number }
  | { readonly kind: "kill"; readonly member: number; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "kill-leader"; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "kill-all"; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "stop"; readonly member: number; readonly forMs: number }
  | { readonly kind: "pause"; readonly member: number; readonly forMs: number }
  | { readonly kind: "slow-disk"; readonly member: number; readonly writeMs: number; readonly forMs: number }
  | {
      readonly kind: "bad-disk";
      readonly member: number;
      readonly code: "ENOSPC" | "EIO";
      readonly forMs: number;
    }
  | { readonly kind: "slow-lines"; readonly member: number; readonly extraMs: number; readonly forMs: number }
  | { readonly kind: "jump-clock"; readonly member: number; readonly byMs: number }
  | { readonly kind: "move-leader"; readonly member: number }
  | { readonly kind: "compact"; readonly keep: number }
  | { readonly kind: "add-learner" }
  | { readonly kind: "promote" }
  | { readonly kind: "remove"; readonly member: number }
);

export type FaultKind = Fault["kind"];

export interface Plan {
  readonly seed: number;
  readonly memberCount: 3 | 5;
  /** Of each member, 1 for a good one. */
  readonly clockRates: readonly number[];
  readonly lines: {
    readonly delayMs: readonly [number, number];
    readonly lossRate: number;
    readonly doubleRate: number;
    readonly reorderRate: number;
  };
  readonly diskWriteMs: readonly [number, number];
  /** Flags of the members, without dashes. */
  readonly flags: readonly (readonly [string, string])[];
  readonly clientCount: number;
  readonly keyCount: number;
  readonly pauseMs: number;
  readonly watchersPerMember: number;
  /** Clients that fight for a lock by leases. */
  readonly lockClientCount: number;
  readonly durationMs: number;
  readonly faults: readonly Fault[];
}

/** How much faster or slower than the world's a clock goes at most, as a share. */
export const CLOCK_ERROR_MAX = 0.1;

/** Clusters grow up to this in a run. */
export const MEMBERS_MAX = 7;

const FAULT_KINDS: readonly FaultKind[] = [
  "isolate",
  "cut",
  "split",
  "kill",
  "kill-leader",
  "kill-all",
  "stop",
  "pause",
  "slow-disk",
  "bad-disk",
  "slow-lines",
  "jump-clock",
  "move-leader",
  "compact",
  "add-learner",
  "promote",
  "remove",
];

export function createPlan(seed: number): Plan {
  const prng = new Prng(seed);
  const memberCount = prng.chance(0.75) ? 3 : 5;
  const hasBadLines = prng.chance(0.4);
  const hasReorder = prng.chance(0.3);
  const durationMs = 10_000 + prng.below(20_000);
  const kinds = FAULT_KINDS.filter(() => prng.chance(0.4));
  const meanGapMs = prng.pick([400, 1000, 2500]);
  const slow = prng.chance(0.2) ? 20 : 2;
  return {
    seed,
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
    ],
    clientCount: 2 + prng.below(6),
    keyCount: 2 + prng.below(12),
    pauseMs: prng.pick([2, 20, 100]),
    watchersPerMember: prng.below(3),
    lockClientCount: prng.chance(0.5) ? 1 + prng.below(4) : 0,
    durationMs,
    faults: createFaults(prng, kinds, { memberCount, durationMs, meanGapMs }),
  };
}

function createFaults(
  prng: Prng,
  kinds: readonly FaultKind[],
  { memberCount, durationMs, meanGapMs }: { memberCount: number; durationMs: number; meanGapMs: number },
): Fault[] {
  const faults: Fault[] = [];
  if (kinds.length === 0) return faults;
  for (let atMs = prng.float() * meanGapMs; atMs < durationMs; atMs += prng.float() * 2 * meanGapMs)
    faults.push(createFault(prng, prng.pick(kinds), { atMs, memberCount }));
  return faults;
}

function createFault(
  prng: Prng,
  kind: FaultKind,
  { atMs, memberCount }: { atMs: number; memberCount: number },
): Fault {
  const member = prng.below(memberCount);
  const forMs = Math.round(50 + prng.float() ** 2 * 6000);
  // A process that is back at once meets those that have not noticed.
  const restartMs = prng.chance(0.4) ? 1 + prng.below(50) : forMs;
  switch (kind) {
    case "isolate":
    case "pause":
    case "stop":
      return { atMs, kind, member, forMs };
    case "cut":
      return {
        atMs,
        kind,
        from: member,
        to: (member + 1 + prng.below(memberCount - 1)) % memberCount,
        forMs,
      };
    case "split":
      return { atMs, kind, member, count: 1 + prng.below(memberCount - 1), forMs };
    case "kill":
      return { atMs, kind, member, power: prng.chance(0.5), forMs: restartMs };
    case "kill-leader":
    case "kill-all":
      return { atMs, kind, power: prng.chance(0.5), forMs: restartMs };
    case "slow-disk":
      return { atMs, kind, member, writeMs: 20 + prng.below(500), forMs };
    case "bad-disk":
      return { atMs, kind, member, code: prng.pick(["ENOSPC", "EIO"]), forMs };
    case "slow-lines":
      return { atMs, kind, member, extraMs: 50 + prng.below(1500), forMs };
    case "jump-clock":
      return { atMs, kind, member, byMs: prng.below(20_000_000) - 10_000_000 };
    case "move-leader":
    case "remove":
      return { atMs, kind, member };
    case "compact":
      return { atMs, kind, keep: prng.pick([0, 1, 10, 100]) };
    case "add-learner":
    case "promote":
      return { atMs, kind };
  }
}

/** One line a fault, for people. */
export function describePlan(plan: Plan): string {
  const { faults, ...rest } = plan;
  return [JSON.stringify(rest), ...faults.map((fault) => `  ${JSON.stringify(fault)}`)].join("\n");
}
