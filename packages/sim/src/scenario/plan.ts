/**
 * What a seed stands for: how large the cluster is, what its lines, disks and clocks are like, what its clients do, and which faults
 * happen when. The plan is data: a failing one is replayed, cut down and printed.
 */
import type { QueueLimits } from "@quorate/server/world";
import type { WorkloadName } from "./workloads/catalogue.js";

/** In the place of a member's number: whoever leads at that moment, or the first one when nobody does. */
export const LEADER = -1;

/** The member so many places behind the one that leads. */
export function behindLeader(places: number): number {
  return LEADER - places;
}

/** What a member does just before it dies in an ambush: it sends such a message, or it reports such a step to its operator. */
export const AMBUSH_MOMENTS = [
  "vote-asked",
  "vote-given",
  "append-sent",
  "append-acknowledged",
  "conf-change-sent",
  "snapshot-marked",
  "snapshot-installing",
] as const;

export type AmbushMoment = (typeof AMBUSH_MOMENTS)[number];

/**
 * What a leader says when it is cut off: the first entry of its term, a commit index that it has told nobody before, and that a change of
 * the configuration is committed.
 */
export type CutMoment = "term-begun" | "commit-told" | "change-committed";

/** What is on its way for long: all requests for votes, or one database; what is sent after it overtakes it. */
export type LateCargo = "votes" | "database";

/** More clients at once than a member has room for: so many of each kind, and watchers that take nothing for `forMs`. */
export interface CrowdFault {
  readonly kind: "crowd";
  readonly member: number;
  readonly putCount: number;
  readonly readCount: number;
  readonly leaseCount: number;
  readonly watcherCount: number;
  readonly valueBytes: number;
  readonly forMs: number;
}

export type Fault = { readonly atMs: number } & (
  | { readonly kind: "isolate"; readonly member: number; readonly forMs: number }
  /** One direction of one line. */
  | { readonly kind: "cut"; readonly from: number; readonly to: number; readonly forMs: number }
  /** One direction of all lines between one member and the others. */
  | {
      readonly kind: "half-cut";
      readonly member: number;
      readonly side: "deaf" | "mute";
      readonly forMs: number;
    }
  /** The first `count` members from `member` on against the others. */
  | { readonly kind: "split"; readonly member: number; readonly count: number; readonly forMs: number }
  /** Lines between one member and the others come and go. */
  | { readonly kind: "flap"; readonly member: number; readonly everyMs: number; readonly forMs: number }
  /** What is sent to or by a member waits, and arrives all at once at the end. */
  | { readonly kind: "clog"; readonly member: number; readonly forMs: number }
  | { readonly kind: "slow-lines"; readonly member: number; readonly extraMs: number; readonly forMs: number }
  | { readonly kind: "kill"; readonly member: number; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "kill-leader"; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "kill-all"; readonly power: boolean; readonly forMs: number }
  /** One after the other, each back before the next one goes or not. */
  | {
      readonly kind: "storm";
      readonly count: number;
      readonly everyMs: number;
      readonly power: boolean;
      readonly forMs: number;
    }
  /** The next member that does this dies of it. */
  | { readonly kind: "ambush"; readonly on: AmbushMoment; readonly power: boolean; readonly forMs: number }
  | { readonly kind: "stop"; readonly member: number; readonly forMs: number }
  | { readonly kind: "pause"; readonly member: number; readonly forMs: number }
  | { readonly kind: "slow-disk"; readonly member: number; readonly writeMs: number; readonly forMs: number }
  | {
      readonly kind: "bad-disk";
      readonly member: number;
      readonly code: "ENOSPC" | "EIO";
      readonly forMs: number;
    }
  /** One write or flush fails, and all later ones succeed. */
  | { readonly kind: "failed-write"; readonly member: number; readonly forMs: number }
  /** A bit flips on the disk of a member that is down for a while. */
  | {
      readonly kind: "rot";
      readonly member: number;
      readonly place: "log" | "database";
      readonly power: boolean;
      readonly forMs: number;
    }
  /** Databases from the leader end in the middle. */
  | { readonly kind: "short-databases"; readonly member: number; readonly forMs: number }
  | { readonly kind: "jump-clock"; readonly member: number; readonly byMs: number }
  | { readonly kind: "move-leader"; readonly member: number }
  | { readonly kind: "compact"; readonly keep: number }
  | { readonly kind: "add-learner" }
  | { readonly kind: "promote" }
  | { readonly kind: "remove"; readonly member: number }
  | CrowdFault
  /** The next leader that says this is cut off `afterMs` later (0: before it is heard), with the members behind it up to `count`. */
  | {
      readonly kind: "cut-at";
      readonly on: CutMoment;
      readonly count: number;
      readonly afterMs: number;
      readonly forMs: number;
    }
  /** What is sent to a member arrives when this ends, `gapMs` apart. */
  | {
      readonly kind: "late";
      readonly cargo: LateCargo;
      readonly member: number;
      readonly gapMs: number;
      readonly forMs: number;
    }
);

export type FaultKind = Fault["kind"];

export interface Plan {
  readonly seed: number;
  /** Which sequence of faults it aims at something with; undefined when faults are independent of one another. */
  readonly ploy: string | undefined;
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
  /** What waits in a member at most; what a process of Node takes unless given. */
  readonly queueLimits?: QueueLimits;
  /** Flags of the members, without dashes. */
  readonly flags: readonly (readonly [string, string])[];
  readonly clientCount: number;
  readonly keyCount: number;
  readonly pauseMs: number;
  readonly watchersPerMember: number;
  /** Clients that fight for a lock by leases. */
  readonly lockClientCount: number;
  /** What else clients do. */
  readonly workloads: readonly WorkloadName[];
  readonly durationMs: number;
  readonly faults: readonly Fault[];
}

/** How much faster or slower than the world's a clock goes at most, as a share. */
export const CLOCK_ERROR_MAX = 0.1;

/** Clusters grow up to this in a run. */
export const MEMBERS_MAX = 7;

/** One line a fault, for people. */
export function describePlan(plan: Plan): string {
  const { faults, ...rest } = plan;
  return [JSON.stringify(rest), ...faults.map((fault) => `  ${JSON.stringify(fault)}`)].join("\n");
}
