/**
 * Who belongs to a cluster changes in one direction for each member: added, perhaps promoted, removed, and never back. So of two
 * linearizable answers the later one may know more of each member, and never less.
 */
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

export interface MemberListing {
  readonly members: readonly { readonly id: string; readonly isLearner: boolean }[];
  readonly startMs: number;
  readonly endMs: number;
}

const STAGES = ["not there yet", "a learner", "a voter", "removed"] as const;
const REMOVED = 3;

export function checkMemberLists(listings: readonly MemberListing[]): string[] {
  const violations: string[] = [];
  const ends = [...listings].sort((a, b) => a.endMs - b.endMs);
  const starts = [...listings].sort((a, b) => a.startMs - b.startMs);
  /** How far each member was for sure, by what had ended. */
  const reached = new Map<string, Reached>();
  let ended = 0;
  for (const listing of starts) {
    for (let next = ends[ended]; next !== undefined && next.endMs < listing.startMs; next = ends[++ended])
      learn(reached, next);
    const present = new Map(listing.members.map(({ id, isLearner }) => [id, isLearner ? 1 : 2]));
    for (const [id, stage] of present) {
      const known = reached.get(id)?.stage ?? 0;
      if (stage < known)
        violations.push(
          `member ${id} is ${STAGES[stage]} in the list of ${listing.startMs.toFixed(1)} to ${listing.endMs.toFixed(1)} ms, and was ${STAGES[known]} before`,
        );
    }
    if (violations.length >= WORKLOAD_VIOLATIONS_MAX) break;
  }
  return violations.slice(0, WORKLOAD_VIOLATIONS_MAX);
}

interface Reached {
  stage: number;
  /** When somebody surely knew of the member. */
  readonly knownMs: number;
}

function learn(reached: Map<string, Reached>, { members, startMs, endMs }: MemberListing): void {
  const present = new Set<string>();
  for (const { id, isLearner } of members) {
    present.add(id);
    const known = reached.get(id);
    const stage = isLearner ? 1 : 2;
    if (known === undefined) reached.set(id, { stage, knownMs: endMs });
    else known.stage = Math.max(known.stage, stage);
  }
  // Of two answers at the same time the older one may lack a newcomer.
  for (const [id, known] of reached) if (!present.has(id) && known.knownMs < startMs) known.stage = REMOVED;
}
