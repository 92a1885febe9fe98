/** Leadership transfer: bring the target up to date, then tell it to stand at once. Source: Raft thesis section 3.10; upstream raft.go. */
import type { TransferMove } from "../events/event.js";
import type { Progress } from "../tracker/progress.js";
import { MessageType, NONE } from "../types/message.js";
import type { Raft } from "./raft.js";
import { sendAppend } from "./replication.js";

/** Proposals are dropped until the transfer succeeds or an election timeout has passed. */
export function handleTransferLeader(raft: Raft, target: bigint, progress: Progress): void {
  const report = (move: TransferMove, about: bigint): void => {
    raft.emit({ kind: "transfer", move, target: about, term: raft.term });
  };
  if (progress.isLearner) return report("to-learner", target);
  const previous = raft.leadTransferee;
  if (previous === target) return report("already-pending", target);
  if (previous !== NONE) {
    raft.leadTransferee = NONE;
    report("aborted-previous", previous);
  }
  if (target === raft.id) return report("to-self", target);
  report("started", target);
  raft.electionElapsedTicks = 0;
  raft.leadTransferee = target;
  if (progress.match === raft.log.lastIndex()) {
    sendTimeoutNow(raft, target);
    report("timeout-now-at-once", target);
  } else {
    sendAppend(raft, target, progress);
  }
}

/** An acknowledgement came in: if it is the target's, and complete, it is time. */
export function continueTransfer(raft: Raft, from: bigint, progress: Progress): void {
  if (from !== raft.leadTransferee || progress.match !== raft.log.lastIndex()) return;
  raft.emit({ kind: "transfer", move: "timeout-now-after-append", target: from, term: raft.term });
  sendTimeoutNow(raft, from);
}

function sendTimeoutNow(raft: Raft, to: bigint): void {
  raft.send({ type: MessageType.MsgTimeoutNow, to });
}
