/** What a leader does with a message. Source: Raft paper section 5.3; upstream raft.go, stepLeader. */
import type { Progress } from "../tracker/progress.js";
import { type Message, MessageType, NONE } from "../types/message.js";
import { proposeAsLeader } from "./proposal.js";
import type { Raft, StepOutcome } from "./raft.js";
import { handleReadAcknowledgement, handleReadIndex, releaseParkedReads } from "./reads.js";
import {
  broadcastAppend,
  broadcastHeartbeat,
  maybeCommit,
  sendAppend,
  sendAppendsWhilePossible,
} from "./replication.js";
import { becomeFollower } from "./role.js";
import { continueTransfer, handleTransferLeader } from "./transfer.js";

export function stepLeader(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case MessageType.MsgBeat:
      broadcastHeartbeat(raft);
      return "accepted";
    case MessageType.MsgCheckQuorum:
      checkQuorum(raft);
      return "accepted";
    case MessageType.MsgProp:
      return proposeAsLeader(raft, message.entries);
    case MessageType.MsgReadIndex:
      handleReadIndex(raft, message);
      return "accepted";
    case MessageType.MsgForgetLeader:
      return "accepted";
    default:
      stepLeaderFromPeer(raft, message);
      return "accepted";
  }
}

/** A leader that no quorum answered for an election timeout gives up: somebody else may lead already. */
export function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) {
    raft.emit({ kind: "quorum-inactive" });
    becomeFollower(raft, raft.term, NONE);
  }
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id) progress.recentActive = false;
  }
}

function stepLeaderFromPeer(raft: Raft, message: Message): void {
  const progress = raft.tracker.progress.get(message.from);
  if (progress === undefined) {
    raft.emit({ kind: "no-progress", from: message.from });
    return;
  }
  switch (message.type) {
    case MessageType.MsgAppResp:
      progress.recentActive = true;
      if (message.reject) handleAppendRejected(raft, message, progress);
      else handleAppendAccepted(raft, message, progress);
      break;
    case MessageType.MsgHeartbeatResp:
      handleHeartbeatResponse(raft, message, progress);
      break;
    case MessageType.MsgSnapStatus:
      handleSnapshotStatus(raft, message, progress);
      break;
    case MessageType.MsgUnreachable:
      // Whatever is in flight is probably lost.
      if (progress.state === "StateReplicate") progress.becomeProbe();
      raft.emit({ kind: "unreachable", to: message.from, progress: progress.view() });
      break;
    case MessageType.MsgTransferLeader:
      handleTransferLeader(raft, message.from, progress);
      break;
    default:
      break;
  }
}

/**
 * The logs do not match at `message.index`. The follower names the last position where they may, with the term it has there;
 * since terms only grow along a log, none of our positions with a greater term can match at or before it, and the next
 * probe skips them all. With the follower doing the same on its side, one probe per term is the worst case.
 */
function handleAppendRejected(raft: Raft, message: Message, progress: Progress): void {
  raft.emit({
    kind: "append-rejected",
    from: message.from,
    index: message.index,
    hintIndex: message.rejectHint,
    hintTerm: message.logTerm,
  });
  const probe =
    message.logTerm > 0
      ? raft.log.findConflictByTerm(message.rejectHint, message.logTerm).index
      : message.rejectHint;
  if (!progress.maybeDecrTo(message.index, probe)) return;
  raft.emit({ kind: "progress-decreased", to: message.from, progress: progress.view() });
  if (progress.state === "StateReplicate") progress.becomeProbe();
  sendAppend(raft, message.from, progress);
}

function handleAppendAccepted(raft: Raft, message: Message, progress: Progress): void {
  const from = message.from;
  // Nobody can have what was never sent; taken for true, it would lead beyond the end of the log.
  if (message.index > raft.log.lastIndex()) return;
  // An old index is still news to a probe: the follower is back and matches as far as we knew.
  const isNews =
    progress.maybeUpdate(message.index) ||
    (progress.match === message.index && progress.state === "StateProbe");
  if (!isNews) return;
  if (progress.state === "StateReplicate") {
    progress.inflights.freeUpTo(message.index);
  } else if (progress.state === "StateProbe") {
    progress.becomeReplicate();
  } else if (progress.match + 1 >= raft.log.firstIndex()) {
    // Whatever snapshot it got, and from whom: our log can take it from there.
    raft.emit({ kind: "snapshot-no-longer-needed", to: from, progress: progress.view() });
    progress.becomeProbe();
    progress.becomeReplicate();
  }

  if (maybeCommit(raft)) {
    releaseParkedReads(raft);
    broadcastAppend(raft);
  } else if (from !== raft.id && progress.canBumpCommit(raft.log.committed)) {
    // The next heartbeat would tell it as well, only later.
    sendAppend(raft, from, progress);
  }
  if (from !== raft.id) sendAppendsWhilePossible(raft, from, progress);
  continueTransfer(raft, from, progress);
}

function handleHeartbeatResponse(raft: Raft, message: Message, progress: Progress): void {
  progress.recentActive = true;
  progress.appendsPaused = false;
  // Even an empty append helps: it finds out about losses, and brings a probed follower back to replication.
  if (progress.match < raft.log.lastIndex() || progress.state === "StateProbe") {
    sendAppend(raft, message.from, progress);
  }
  handleReadAcknowledgement(raft, message.from, message.context);
}

function handleSnapshotStatus(raft: Raft, message: Message, progress: Progress): void {
  if (progress.state !== "StateSnapshot") return;
  // A snapshot that failed is no basis for the next probe.
  if (message.reject) progress.pendingSnapshot = 0;
  progress.becomeProbe();
  raft.emit({ kind: "snapshot-reported", to: message.from, ok: !message.reject, progress: progress.view() });
  // Done: wait for the follower's own acknowledgement. Failed: wait for a heartbeat before the next attempt.
  progress.appendsPaused = true;
}
