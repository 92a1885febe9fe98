/** What a candidate or pre-candidate does with a message. Source: Raft paper section 5.2; upstream raft.go, stepCandidate. */
import { type Message, MessageType, NONE } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { campaign, expectedVoteResponse } from "./election.js";
import { stepFollower } from "./follower.js";
import type { Raft, StepOutcome } from "./raft.js";
import { broadcastAppend } from "./replication.js";
import { becomeFollower, becomeLeader } from "./role.js";

export function stepCandidate(raft: Raft, message: Message): StepOutcome {
  switch (message.type) {
    case MessageType.MsgProp:
      raft.emit({ kind: "leaderless", request: "proposal", term: raft.term });
      return "proposal-dropped";
    case MessageType.MsgApp:
    case MessageType.MsgHeartbeat:
    case MessageType.MsgSnap:
      // Somebody leads the very term we stood for: the term gate let nothing else through.
      becomeFollower(raft, message.term, message.from);
      return stepFollower(raft, message);
    case MessageType.MsgVoteResp:
    case MessageType.MsgPreVoteResp:
      if (message.type === expectedVoteResponse(raft)) handleVote(raft, message);
      return "accepted";
    case MessageType.MsgTimeoutNow:
      raft.emit({
        kind: "timeout-now",
        from: message.from,
        term: raft.term,
        role: raft.role,
        followed: false,
      });
      return "accepted";
    default:
      return "accepted";
  }
}

function handleVote(raft: Raft, message: Message): void {
  const granted = !message.reject;
  raft.emit({ kind: "vote-received", type: message.type, from: message.from, granted, term: raft.term });
  raft.tracker.recordVote(message.from, granted);
  const tally = raft.tracker.tallyVotes();
  raft.emit({ kind: "vote-tally", type: message.type, granted: tally.granted, rejected: tally.rejected });
  if (tally.result === "VoteWon") {
    if (raft.role === StateRole.StatePreCandidate) {
      campaign(raft, "election");
    } else if (raft.tracker.hasVoted(raft.id)) {
      // Our own vote comes back once term and vote are durable, and only then may we lead, be the others' votes enough or
      // not. Leading before, then crashing, we would come back in the term before, be elected to this one again by those
      // who voted for us, and fill its indexes a second time. Upstream does not wait; the fuzzer found the two leaders in one.
      becomeLeader(raft);
      broadcastAppend(raft);
    }
  } else if (tally.result === "VoteLost") {
    // At our own term: the one in a pre-vote's answer lies in the future and must not be taken on.
    becomeFollower(raft, raft.term, NONE);
  }
}
