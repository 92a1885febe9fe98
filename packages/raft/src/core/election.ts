/**
 * Elections: standing for one, and voting in somebody else's.
 * Source: Raft paper sections 5.2 and 5.4.1; thesis sections 3.10 (transfer), 4.2.3 (lease), 9.6 (PreVote); upstream raft.go.
 */
import { EntryType, emptyBytes } from "../types/entry.js";
import { type Message, MessageType, NONE } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { type Raft, voteResponseType } from "./raft.js";
import { becomeCandidate, becomePreCandidate } from "./role.js";

/** "pre-election" asks first; "transfer" is an election that a leader wants, so it may break into the leader's lease. */
export type CampaignKind = "pre-election" | "election" | "transfer";

/** Travels in the vote requests of a transfer: ASCII "CampaignTransfer", as upstream members look for it. */
export const TRANSFER_CONTEXT: Uint8Array = Uint8Array.from("CampaignTransfer", (char) => char.charCodeAt(0));

/** A voter of its own configuration, with no snapshot on its way in. */
export function isPromotable(raft: Raft): boolean {
  const own = raft.tracker.progress.get(raft.id);
  return own !== undefined && !own.isLearner && raft.log.unstable.snapshot === null;
}

/** Starts an election unless something speaks against it. */
export function hup(raft: Raft, kind: CampaignKind): void {
  const refuse = (reason: "already-leader" | "unpromotable" | "pending-conf-change"): void => {
    raft.emit({ kind: "election-refused", reason, term: raft.term });
  };
  if (raft.isLeader) return refuse("already-leader");
  if (!isPromotable(raft)) return refuse("unpromotable");
  // It might count votes by a configuration that is already history.
  if (raft.log.hasUnapplied(raft.log.committed, (entry) => entry.type !== EntryType.EntryNormal))
    return refuse("pending-conf-change");
  raft.emit({ kind: "election-started", term: raft.term });
  campaign(raft, kind);
}

/** Asks every voter of both halves, in ascending order; the own vote counts once term and vote are durable. */
export function campaign(raft: Raft, kind: CampaignKind): void {
  const pre = kind === "pre-election";
  if (pre) becomePreCandidate(raft);
  else becomeCandidate(raft);
  const type = pre ? MessageType.MsgPreVote : MessageType.MsgVote;
  const term = pre ? raft.term + 1 : raft.term;
  const context = kind === "transfer" ? TRANSFER_CONTEXT : emptyBytes;
  const last = raft.log.lastEntryId();
  for (const to of raft.tracker.voters()) {
    if (to === raft.id) {
      raft.send({ type: voteResponseType(type), to, term });
      continue;
    }
    raft.emit({
      kind: "vote-requested",
      type,
      to,
      lastTerm: last.term,
      lastIndex: last.index,
      term: raft.term,
    });
    raft.send({ type, to, term, index: last.index, logTerm: last.term, context });
  }
}

/**
 * Whether a vote request of a higher term is to be ignored without an answer: we have heard of a living leader, so whoever
 * asks is cut off or removed. Only a transfer, wanted by that leader, gets through.
 */
export function isLeaseHeld(raft: Raft, message: Message): boolean {
  const inLease =
    raft.config.checkQuorum && raft.lead !== NONE && raft.electionElapsedTicks < raft.config.electionTick;
  if (!inLease || bytesEqual(message.context, TRANSFER_CONTEXT)) return false;
  raft.emit({
    kind: "vote-ignored-in-lease",
    remainingTicks: raft.config.electionTick - raft.electionElapsedTicks,
    ...describeRequest(raft, message),
  });
  return true;
}

/**
 * Votes, or does not. Learners vote like everybody: one that was promoted may not know it yet, and the group may need its
 * vote to elect a leader who can tell it.
 */
export function handleVoteRequest(raft: Raft, message: Message): void {
  const pre = message.type === MessageType.MsgPreVote;
  const free =
    raft.vote === message.from ||
    (raft.vote === NONE && raft.lead === NONE) ||
    (pre && message.term > raft.term);
  if (!free || !raft.log.isUpToDate({ term: message.logTerm, index: message.index })) {
    rejectVote(raft, message);
    return;
  }
  raft.emit({ kind: "vote-cast", ...describeRequest(raft, message) });
  // With the term of the request: a pre-candidate would ignore our own, lower one.
  raft.send({ type: voteResponseType(message.type), to: message.from, term: message.term });
  if (!pre) {
    raft.electionElapsedTicks = 0;
    raft.vote = message.from;
  }
}

/** Answers no, with our own term, from which a candidate of a lower one learns. */
export function rejectVote(raft: Raft, message: Message): void {
  raft.emit({ kind: "vote-rejected", ...describeRequest(raft, message) });
  raft.send({ type: voteResponseType(message.type), to: message.from, term: raft.term, reject: true });
}

function describeRequest(
  raft: Raft,
  message: Message,
): {
  lastTerm: number;
  lastIndex: number;
  vote: bigint;
  term: number;
  type: MessageType;
  from: bigint;
  candidateTerm: number;
  candidateIndex: number;
} {
  const last = raft.log.lastEntryId();
  return {
    lastTerm: last.term,
    lastIndex: last.index,
    vote: raft.vote,
    term: raft.term,
    type: message.type,
    from: message.from,
    candidateTerm: message.logTerm,
    candidateIndex: message.index,
  };
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Which answers count in the present role: stale pre-votes must not elect. */
export function expectedVoteResponse(raft: Raft): MessageType {
  return raft.role === StateRole.StatePreCandidate ? MessageType.MsgPreVoteResp : MessageType.MsgVoteResp;
}
