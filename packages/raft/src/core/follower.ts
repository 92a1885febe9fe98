/** What a follower does with a message. Source: Raft paper sections 5.2 and 5.3; upstream raft.go, stepFollower. */
import type { LeaderlessRequest } from "../events/event.js";
import type { Entry } from "../types/entry.js";
import { type Message, MessageType, NONE } from "../types/message.js";
import { hup } from "./election.js";
import type { Raft, StepOutcome } from "./raft.js";
import { handleSnapshot } from "./restore.js";

export function stepFollower(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case MessageType.MsgProp:
      if (raft.lead !== NONE && raft.config.disableProposalForwarding) {
        raft.emit({ kind: "proposal-not-forwarded", lead: raft.lead, term: raft.term });
        return "proposal-dropped";
      }
      return forwardToLeader(raft, message, "proposal") ? "accepted" : "proposal-dropped";
    case MessageType.MsgTransferLeader:
      forwardToLeader(raft, message, "transfer");
      return "accepted";
    case MessageType.MsgReadIndex:
      forwardToLeader(raft, message, "read");
      return "accepted";
    case MessageType.MsgApp:
      hearLeader(raft, message.from);
      handleAppend(raft, message);
      return "accepted";
    case MessageType.MsgHeartbeat:
      hearLeader(raft, message.from);
      raft.log.commitTo(message.commit);
      raft.send({ type: MessageType.MsgHeartbeatResp, to: message.from, context: message.context });
      return "accepted";
    case MessageType.MsgSnap:
      hearLeader(raft, message.from);
      handleSnapshot(raft, message);
      return "accepted";
    case MessageType.MsgForgetLeader:
      forgetLeader(raft);
      return "accepted";
    case MessageType.MsgTimeoutNow:
      raft.emit({
        kind: "timeout-now",
        from: message.from,
        term: raft.term,
        role: raft.role,
        followed: true,
      });
      // The leader wants it, so there is no partition to be careful about: no pre-vote.
      hup(raft, "transfer");
      return "accepted";
    case MessageType.MsgReadIndexResp:
      handleReadAnswer(raft, message);
      return "accepted";
    default:
      return "accepted";
  }
}

function hearLeader(raft: Raft, lead: bigint): void {
  raft.electionElapsedTicks = 0;
  raft.lead = lead;
}

/** Forwards as if made at the leader, keeping `from`. @returns false when there is none. */
function forwardToLeader(raft: Raft, message: Message, request: LeaderlessRequest): boolean {
  if (raft.lead === NONE) {
    raft.emit({ kind: "leaderless", request, term: raft.term });
    return false;
  }
  raft.send({ ...message, to: raft.lead, term: 0 });
  return true;
}

function handleAppend(raft: Raft, message: Message): void {
  const { from: to, index } = message;
  const type = MessageType.MsgAppResp;
  if (index < raft.log.committed) {
    // What is committed matches every leader's log: say how far, and look no further.
    raft.send({ type, to, index: raft.log.committed });
    return;
  }
  const last = raft.log.maybeAppend({ index, term: message.logTerm }, message.entries, message.commit);
  if (last !== null) {
    raft.send({ type, to, index: last });
    return;
  }
  raft.emit({
    kind: "append-rejected-by-us",
    from: to,
    index,
    logTerm: message.logTerm,
    ownTerm: raft.log.termOrZero(index),
  });
  // Positions of ours with a greater term than the leader has at `index` cannot match: name the last one that may.
  const hint = raft.log.findConflictByTerm(Math.min(index, raft.log.lastIndex()), message.logTerm);
  raft.send({ type, to, index, reject: true, rejectHint: hint.index, logTerm: hint.term });
}

/** Lets others be voted for although the leader still seems alive; unsafe while reads rely on its lease. */
function forgetLeader(raft: Raft): void {
  if (raft.config.readOnlyOption === "lease-based") {
    raft.emit({ kind: "leader-kept-for-lease" });
  } else if (raft.lead !== NONE) {
    raft.emit({ kind: "leader-forgotten", lead: raft.lead, term: raft.term });
    raft.lead = NONE;
  }
}

function handleReadAnswer(raft: Raft, message: Message): void {
  if (message.entries.length !== 1) {
    raft.emit({ kind: "read-answer-malformed", from: message.from, entryCount: message.entries.length });
    return;
  }
  raft.readStates.push({ index: message.index, requestContext: (message.entries[0] as Entry).data });
}
