/**
 * Joint quorums: decisions that need a majority of the incoming and a majority of the outgoing voters.
 * Source: Raft paper section 6; upstream quorum/joint.go.
 */
import {
  type AckedIndexer,
  type Majority,
  type VoteResult,
  majorityCommitted,
  majorityVote,
} from "./majority.js";

/** Committed in a joint configuration means committed in both halves. */
export function jointCommitted(incoming: Majority, outgoing: Majority, acked: AckedIndexer): number {
  return Math.min(majorityCommitted(incoming, acked), majorityCommitted(outgoing, acked));
}

/** Lost if either half is lost, won if both are won, else pending. */
export function jointVote(
  incoming: Majority,
  outgoing: Majority,
  votes: ReadonlyMap<bigint, boolean>,
): VoteResult {
  const first = majorityVote(incoming, votes);
  const second = majorityVote(outgoing, votes);
  if (first === second) return first;
  return first === "VoteLost" || second === "VoteLost" ? "VoteLost" : "VotePending";
}

/** The voters of both halves, sorted ascending, each once. */
export function jointIds(incoming: Majority, outgoing: Majority): Majority {
  if (outgoing.length === 0) return incoming;
  return sortedIds(new Set([...incoming, ...outgoing]));
}

/** The ids of a set, ascending. */
export function sortedIds(ids: Iterable<bigint>): bigint[] {
  return [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
