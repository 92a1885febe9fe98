/** The configuration in force: how a committed change takes effect, or a restored one. Source: thesis chapter 4; upstream raft.go. */
import { assert } from "@quorate/std";
import {
  type ConfBase,
  type ConfRefusal,
  type ConfResult,
  changeSimple,
  enterJoint,
  leaveJoint,
} from "../confchange/changer.js";
import { planConfStep } from "../confchange/conf-change.js";
import { confStatesEqual, restoreConf } from "../confchange/restore.js";
import { type ConfChangeV2, type ConfState, emptyConfState } from "../types/conf-change.js";
import { NONE } from "../types/message.js";
import type { Raft } from "./raft.js";
import { answerConfirmedReads, releaseParkedReads } from "./reads.js";
import { broadcastAppend, maybeCommit, probeEverybody } from "./replication.js";
import { becomeFollower } from "./role.js";

/** Puts a committed change in force. Asserts that it can be made: what cannot should not have been proposed. */
export function applyConfChange(raft: Raft, change: ConfChangeV2): ConfState {
  const result = changeConf(currentBase(raft), change);
  assert(typeof result !== "string", () => `committed conf change cannot be applied: ${String(result)}`);
  return switchToConfig(raft, result);
}

function changeConf(base: ConfBase, change: ConfChangeV2): ConfResult | ConfRefusal {
  const step = planConfStep(change);
  switch (step.kind) {
    case "simple":
      return changeSimple(base, change.changes);
    case "enter-joint":
      return enterJoint(base, step.autoLeave, change.changes);
    case "leave-joint":
      return leaveJoint(base);
  }
}

/** Forgets the present configuration and takes on the one of a snapshot, or of storage at start. */
export function restoreConfiguration(raft: Raft, state: ConfState): void {
  const base: ConfBase = { ...currentBase(raft), config: emptyConfState, progress: new Map() };
  const result = restoreConf(base, state);
  assert(typeof result !== "string", () => `unable to restore config: ${String(result)}`);
  assert(confStatesEqual(state, result.config), "the restored configuration differs from the stored one");
  raft.tracker.resetVotes();
  switchToConfig(raft, result);
}

function currentBase(raft: Raft): ConfBase {
  return {
    config: raft.tracker.config,
    progress: raft.tracker.progress,
    inflightCountMax: raft.tracker.inflightCountMax,
    inflightBytesMax: raft.tracker.inflightBytesMax,
    lastIndex: raft.log.lastIndex(),
  };
}

function switchToConfig(raft: Raft, next: ConfResult): ConfState {
  raft.tracker.switchTo(next.config, next.progress);
  raft.emit({ kind: "config-switched", config: next.config });
  const own = next.progress.get(raft.id);
  raft.isLearner = own?.isLearner ?? false;
  if (!raft.isLeader) return next.config;

  if (own === undefined || raft.isLearner) {
    // Removed or demoted while leading: by default it goes on leading without counting itself until it is replaced.
    if (raft.config.stepDownOnRemoval) becomeFollower(raft, raft.term, NONE);
    return next.config;
  }
  // A smaller quorum may have committed more already.
  if (maybeCommit(raft)) {
    releaseParkedReads(raft);
    broadcastAppend(raft);
  } else {
    probeEverybody(raft);
  }
  answerConfirmedReads(raft);
  if (raft.leadTransferee !== NONE && !raft.tracker.voters().includes(raft.leadTransferee)) {
    raft.leadTransferee = NONE;
  }
  return next.config;
}
