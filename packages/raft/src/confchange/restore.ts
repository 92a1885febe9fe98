/**
 * From a ConfState, as found in a snapshot, back to a configuration with progress.
 *
 * Played as changes from nothing, so that the result went through the same checks as any change: first the outgoing
 * voters one by one, then, in one joint step, the move to the incoming half.
 * Source: upstream confchange/restore.go.
 */
import { sortedIds } from "../quorum/joint.js";
import { type ConfChangeSingle, ConfChangeType, type ConfState } from "../types/conf-change.js";
import { type ConfBase, type ConfRefusal, type ConfResult, changeSimple, enterJoint } from "./changer.js";

/** @param base must be the empty configuration. */
export function restoreConf(base: ConfBase, state: ConfState): ConfResult | ConfRefusal {
  const outgoing = changesOf(state.votersOutgoing, ConfChangeType.ConfChangeAddNode);
  const incoming = [
    ...changesOf(state.votersOutgoing, ConfChangeType.ConfChangeRemoveNode),
    ...changesOf(state.voters, ConfChangeType.ConfChangeAddNode),
    ...changesOf(state.learners, ConfChangeType.ConfChangeAddLearnerNode),
    ...changesOf(state.learnersNext, ConfChangeType.ConfChangeAddLearnerNode),
  ];
  let current: ConfResult = { config: base.config, progress: base.progress };
  for (const change of outgoing.length === 0 ? incoming : outgoing) {
    const next = changeSimple({ ...base, ...current }, [change]);
    if (typeof next === "string") return next;
    current = next;
  }
  return outgoing.length === 0 ? current : enterJoint({ ...base, ...current }, state.autoLeave, incoming);
}

function changesOf(ids: readonly bigint[], type: ConfChangeType): ConfChangeSingle[] {
  return ids.map((nodeId) => ({ type, nodeId }));
}

/** Whether two ConfStates mean the same configuration, whatever the order of their lists. */
export function confStatesEqual(a: ConfState, b: ConfState): boolean {
  return (
    a.autoLeave === b.autoLeave &&
    idsEqual(a.voters, b.voters) &&
    idsEqual(a.learners, b.learners) &&
    idsEqual(a.votersOutgoing, b.votersOutgoing) &&
    idsEqual(a.learnersNext, b.learnersNext)
  );
}

function idsEqual(a: readonly bigint[], b: readonly bigint[]): boolean {
  if (a.length !== b.length) return false;
  const left = sortedIds(a);
  const right = sortedIds(b);
  return left.every((id, i) => id === right[i]);
}
