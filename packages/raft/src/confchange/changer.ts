/**
 * Membership algebra: from one configuration and a list of changes to the next, or to a refusal.
 *
 *                        simple (at most one voter differs)
 *                      +-----------+
 *                      v           |
 *     (1 2 3) ------------------------ enterJoint ----> (1 2 4)&&(1 2 3)
 *        ^                                                    |
 *        +-------------------- leaveJoint --------------------+
 *
 * Nothing here changes its inputs: a refused change leaves no trace. In a joint configuration changes touch the incoming
 * half only; a voter of the outgoing half that is demoted waits in `learnersNext`, so that learners and voters never
 * overlap.
 * Source: Raft thesis chapter 4, Raft paper section 6; upstream confchange/confchange.go.
 */
import { assert } from "@quorate/std";
import { sortedIds } from "../quorum/joint.js";
import { Inflights } from "../tracker/inflights.js";
import { Progress, type ProgressMap } from "../tracker/progress.js";
import { type ConfChangeSingle, ConfChangeType, type ConfState } from "../types/conf-change.js";

/** What a change starts from. */
export interface ConfBase {
  readonly config: ConfState;
  readonly progress: ProgressMap;
  readonly inflightCountMax: number;
  readonly inflightBytesMax: number;
  /** Own last index: where probing of a new node starts. */
  readonly lastIndex: number;
}

export interface ConfResult {
  readonly config: ConfState;
  /** Ascending ids. Nodes that stay keep their progress. */
  readonly progress: ProgressMap;
}

/** Why a change cannot be made. The texts are upstream's, because operators know them. */
export const ConfRefusal = {
  AlreadyJoint: "config is already joint",
  ZeroVoters: "can't make a zero-voter config joint",
  NotJoint: "can't leave a non-joint config",
  SimpleInJoint: "can't apply simple config change in joint config",
  ManyVoters: "more than one voter changed without entering joint config",
  NoVoterLeft: "removed all voters",
} as const;
export type ConfRefusal = (typeof ConfRefusal)[keyof typeof ConfRefusal];

/** Changes that, all together, add or remove at most one voter. */
export function changeSimple(base: ConfBase, changes: readonly ConfChangeSingle[]): ConfResult | ConfRefusal {
  const draft = createDraft(base);
  if (draft.outgoing.size > 0) return ConfRefusal.SimpleInJoint;
  applyChanges(draft, changes);
  if (draft.incoming.size === 0) return ConfRefusal.NoVoterLeft;
  if (countDifference(new Set(base.config.voters), draft.incoming) > 1) return ConfRefusal.ManyVoters;
  return finishDraft(draft, false);
}

/** Keeps the present voters as the outgoing half and changes the incoming one. */
export function enterJoint(
  base: ConfBase,
  autoLeave: boolean,
  changes: readonly ConfChangeSingle[],
): ConfResult | ConfRefusal {
  const draft = createDraft(base);
  if (draft.outgoing.size > 0) return ConfRefusal.AlreadyJoint;
  if (draft.incoming.size === 0) return ConfRefusal.ZeroVoters;
  draft.outgoing = new Set(draft.incoming);
  applyChanges(draft, changes);
  if (draft.incoming.size === 0) return ConfRefusal.NoVoterLeft;
  return finishDraft(draft, autoLeave);
}

/** Drops the outgoing half; those who waited in `learnersNext` become learners, nodes in neither half are forgotten. */
export function leaveJoint(base: ConfBase): ConfResult | ConfRefusal {
  const draft = createDraft(base);
  if (draft.outgoing.size === 0) return ConfRefusal.NotJoint;
  for (const id of draft.learnersNext) {
    draft.learners.add(id);
    draftProgress(draft, id).isLearner = true;
  }
  draft.learnersNext.clear();
  for (const id of draft.outgoing) {
    if (!draft.incoming.has(id) && !draft.learners.has(id)) draft.progress.delete(id);
  }
  draft.outgoing.clear();
  return finishDraft(draft, false);
}

/** A configuration being changed: sets instead of sorted lists, and progress that is ours to modify. */
interface Draft {
  readonly base: ConfBase;
  readonly incoming: Set<bigint>;
  outgoing: Set<bigint>;
  readonly learners: Set<bigint>;
  readonly learnersNext: Set<bigint>;
  readonly progress: Map<bigint, Progress>;
}

function createDraft(base: ConfBase): Draft {
  const progress = new Map<bigint, Progress>();
  for (const [id, own] of base.progress) progress.set(id, own.clone());
  const draft: Draft = {
    base,
    incoming: new Set(base.config.voters),
    outgoing: new Set(base.config.votersOutgoing),
    learners: new Set(base.config.learners),
    learnersNext: new Set(base.config.learnersNext),
    progress,
  };
  assertInvariants(draft, base.config.autoLeave);
  return draft;
}

function finishDraft(draft: Draft, autoLeave: boolean): ConfResult {
  assertInvariants(draft, autoLeave);
  const progress = new Map<bigint, Progress>();
  for (const id of sortedIds(draft.progress.keys())) progress.set(id, draftProgress(draft, id));
  return {
    config: {
      voters: sortedIds(draft.incoming),
      learners: sortedIds(draft.learners),
      votersOutgoing: sortedIds(draft.outgoing),
      learnersNext: sortedIds(draft.learnersNext),
      autoLeave,
    },
    progress,
  };
}

function applyChanges(draft: Draft, changes: readonly ConfChangeSingle[]): void {
  for (const change of changes) {
    // An application that refuses a committed change still reports it, with the id cleared.
    if (change.nodeId === 0n) continue;
    switch (change.type) {
      case ConfChangeType.ConfChangeAddNode:
        makeVoter(draft, change.nodeId);
        break;
      case ConfChangeType.ConfChangeAddLearnerNode:
        makeLearner(draft, change.nodeId);
        break;
      case ConfChangeType.ConfChangeRemoveNode:
        removeNode(draft, change.nodeId);
        break;
      case ConfChangeType.ConfChangeUpdateNode:
        break;
    }
  }
}

function makeVoter(draft: Draft, id: bigint): void {
  const progress = draft.progress.get(id);
  if (progress === undefined) {
    addNode(draft, id, false);
    return;
  }
  progress.isLearner = false;
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  draft.incoming.add(id);
}

function makeLearner(draft: Draft, id: bigint): void {
  const progress = draft.progress.get(id);
  if (progress === undefined) {
    addNode(draft, id, true);
    return;
  }
  if (progress.isLearner) return;
  removeNode(draft, id);
  draft.progress.set(id, progress); // a demoted voter keeps what is known of its log
  if (draft.outgoing.has(id)) {
    draft.learnersNext.add(id);
  } else {
    progress.isLearner = true;
    draft.learners.add(id);
  }
}

function removeNode(draft: Draft, id: bigint): void {
  if (!draft.progress.has(id)) return;
  draft.incoming.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  if (!draft.outgoing.has(id)) draft.progress.delete(id);
}

function addNode(draft: Draft, id: bigint, isLearner: boolean): void {
  (isLearner ? draft.learners : draft.incoming).add(id);
  const inflights = new Inflights(draft.base.inflightCountMax, draft.base.inflightBytesMax);
  const progress = new Progress(0, Math.max(draft.base.lastIndex, 1), isLearner, inflights);
  // It had no chance to be heard of yet: counted as silent, it could make the next quorum check fail.
  progress.recentActive = true;
  draft.progress.set(id, progress);
}

function draftProgress(draft: Draft, id: bigint): Progress {
  const progress = draft.progress.get(id);
  assert(progress !== undefined, () => `no progress for ${id}`);
  return progress;
}

function countDifference(a: ReadonlySet<bigint>, b: ReadonlySet<bigint>): number {
  let count = 0;
  for (const id of a) if (!b.has(id)) count++;
  for (const id of b) if (!a.has(id)) count++;
  return count;
}

/** What every configuration upholds, before and after. The empty configuration is legal: bootstrap starts from it. */
function assertInvariants(draft: Draft, autoLeave: boolean): void {
  for (const id of draft.incoming) draftProgress(draft, id);
  for (const id of draft.outgoing) draftProgress(draft, id);
  for (const id of draft.learnersNext) {
    assert(draft.outgoing.has(id), () => `${id} waits to be a learner but is no outgoing voter`);
    assert(!draftProgress(draft, id).isLearner, () => `${id} waits to be a learner but is marked as one`);
  }
  for (const id of draft.learners) {
    assert(!draft.outgoing.has(id) && !draft.incoming.has(id), () => `${id} is both learner and voter`);
    assert(draftProgress(draft, id).isLearner, () => `${id} is a learner but not marked as one`);
  }
  if (draft.outgoing.size === 0) {
    assert(draft.learnersNext.size === 0, "learners wait for the end of a joint configuration that is none");
    assert(!autoLeave, "autoLeave is set without a joint configuration");
  }
}
