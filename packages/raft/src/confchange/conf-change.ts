/** What a requested change asks for: one step, a joint configuration, or the way out of one. Source: upstream raftpb/confchange.go. */
import { type ConfChange, ConfChangeTransition, type ConfChangeV2 } from "../types/conf-change.js";

/** The V2 form of any change. */
export function toConfChangeV2(change: ConfChange | ConfChangeV2): ConfChangeV2 {
  if ("changes" in change) return change;
  return {
    transition: ConfChangeTransition.ConfChangeTransitionAuto,
    changes: [{ type: change.type, nodeId: change.nodeId }],
    context: change.context,
  };
}

export type ConfStep =
  | { readonly kind: "simple" }
  | { readonly kind: "enter-joint"; readonly autoLeave: boolean }
  | { readonly kind: "leave-joint" };

/** More than one change, or the wish for it, goes through a joint configuration; no change at all leaves one. */
export function planConfStep(change: ConfChangeV2): ConfStep {
  const auto = change.transition === ConfChangeTransition.ConfChangeTransitionAuto;
  if (auto && change.changes.length === 0) return { kind: "leave-joint" };
  if (auto && change.changes.length === 1) return { kind: "simple" };
  return {
    kind: "enter-joint",
    autoLeave: change.transition !== ConfChangeTransition.ConfChangeTransitionJointExplicit,
  };
}
