/**
 * Step: one message in. First the gate of terms, then what does not depend on the role, then the role.
 * Source: Raft paper section 5.1; thesis sections 4.2.3 and 9.6; upstream raft.go, Step.
 */
import { type Message, MessageType, NONE } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { appliedEntries, appliedSnapshot } from "./applied.js";
import { stepCandidate } from "./candidate.js";
import { handleVoteRequest, hup, isLeaseHeld, rejectVote } from "./election.js";
import { stepFollower } from "./follower.js";
import { stepLeader } from "./leader.js";
import type { Raft, StepOutcome } from "./raft.js";
import { becomeFollower } from "./role.js";

export function step(raft: Raft, message: Message): StepOutcome {
  // Term 0 marks local messages, and proposals and reads, which act as if made here.
  if (message.term > raft.term) {
    if (!admitHigherTerm(raft, message)) return "accepted";
  } else if (message.term !== 0 && message.term < raft.term) {
    handleStale(raft, message);
    return "accepted";
  }
  switch (message.type) {
    case MessageType.MsgHup:
      hup(raft, raft.config.preVote ? "pre-election" : "election");
      return "accepted";
    case MessageType.MsgStorageAppendResp:
      if (message.index !== 0) raft.log.unstable.stableTo(message.index, message.logTerm);
      if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot);
      return "accepted";
    case MessageType.MsgStorageApplyResp:
      if (message.entries.length > 0) appliedEntries(raft, message.entries);
      return "accepted";
    case MessageType.MsgVote:
    case MessageType.MsgPreVote:
      handleVoteRequest(raft, message);
      return "accepted";
    default:
      return stepRole(raft, message);
  }
}

function stepRole(raft: Raft, message: Message): StepOutcome {
  switch (raft.role) {
    case StateRole.StateFollower:
      return stepFollower(raft, message);
    case StateRole.StateLeader:
      return stepLeader(raft, message);
    case StateRole.StateCandidate:
    case StateRole.StatePreCandidate:
      return stepCandidate(raft, message);
  }
}

/** A higher term makes us a follower in it, with three exceptions. @returns false when the message is to be ignored. */
function admitHigherTerm(raft: Raft, message: Message): boolean {
  const { type, from, term } = message;
  const asksForVote = type === MessageType.MsgVote || type === MessageType.MsgPreVote;
  if (asksForVote && isLeaseHeld(raft, message)) return false;
  // A pre-vote only asks what would happen; a grant of one carries the term we asked about, not one that exists.
  if (type === MessageType.MsgPreVote) return true;
  if (type === MessageType.MsgPreVoteResp && !message.reject) return true;
  raft.emit({ kind: "higher-term", type, from, ownTerm: raft.term, term });
  const fromLeader =
    type === MessageType.MsgApp || type === MessageType.MsgHeartbeat || type === MessageType.MsgSnap;
  becomeFollower(raft, term, fromLeader ? from : NONE);
  return true;
}

/** Messages of the past are dropped, except where silence would leave somebody stuck. */
function handleStale(raft: Raft, message: Message): void {
  const { type, from, term } = message;
  const knowsLease = raft.config.checkQuorum || raft.config.preVote;
  if (knowsLease && (type === MessageType.MsgHeartbeat || type === MessageType.MsgApp)) {
    // We are ahead, perhaps alone: our vote requests are ignored by those who hear that leader, and its messages by us.
    // Showing it our term makes it step down and frees us.
    raft.send({ type: MessageType.MsgAppResp, to: from });
  } else if (type === MessageType.MsgPreVote) {
    // In a group that turns PreVote on member by member, silence could be a deadlock.
    rejectVote(raft, message);
  } else if (type === MessageType.MsgStorageAppendResp) {
    // The entries may have been overwritten since, by a write still under way (the ABA case); a later answer will
    // confirm what is then there. A snapshot is committed state, whatever the term.
    if (message.index !== 0) raft.emit({ kind: "stale-storage-append", ownTerm: raft.term, term });
    if (message.snapshot !== null) appliedSnapshot(raft, message.snapshot);
  } else {
    raft.emit({ kind: "stale-message", type, from, ownTerm: raft.term, term });
  }
}
