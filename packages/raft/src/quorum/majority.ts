/**
 * Majority quorums: vote and commit arithmetic over one set of voters.
 *
 * Convention that makes joint quorums simple: the empty set agrees with everything. It has committed infinitely far and
 * has won every vote, so that a joint quorum with one empty half behaves like the other half.
 * Source: Raft paper sections 5.2 and 5.3; upstream quorum/majority.go.
 */

/** Ids of voters, sorted ascending, without repetition. */
export type Majority = readonly bigint[];

export type VoteResult = "VotePending" | "VoteLost" | "VoteWon";

/** Port of the arithmetic: how far a voter is known to have acknowledged. */
export interface AckedIndexer {
  /** `undefined` when nothing is known of this voter. */
  ackedIndex(voter: bigint): number | undefined;
}

/** Groups up to this size are counted without allocating. */
const SCRATCH_VOTERS = 16;
const scratch = new Float64Array(SCRATCH_VOTERS);

/** The largest index acknowledged by a majority; `Infinity` for the empty set. */
export function majorityCommitted(voters: Majority, acked: AckedIndexer): number {
  const count = voters.length;
  if (count === 0) return Infinity;
  const sorted = count <= SCRATCH_VOTERS ? scratch : new Float64Array(count);
  // Insertion sort, ascending: groups are small and mostly in order from the previous call's point of view.
  for (let i = 0; i < count; i++) {
    const index = acked.ackedIndex(voters[i] as bigint) ?? 0;
    let slot = i;
    for (; slot > 0 && (sorted[slot - 1] as number) > index; slot--)
      sorted[slot] = sorted[slot - 1] as number;
    sorted[slot] = index;
  }
  // floor(n/2)+1 voters stand at or to the right of this slot.
  return sorted[count - (Math.floor(count / 2) + 1)] as number;
}

/** Won with a majority of yes, lost as soon as no majority of yes is possible any more. Votes of strangers do not count. */
export function majorityVote(voters: Majority, votes: ReadonlyMap<bigint, boolean>): VoteResult {
  const count = voters.length;
  if (count === 0) return "VoteWon";
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const quorum = Math.floor(count / 2) + 1;
  if (granted >= quorum) return "VoteWon";
  return granted + missing >= quorum ? "VotePending" : "VoteLost";
}
