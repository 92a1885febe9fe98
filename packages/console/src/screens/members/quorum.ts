/**
 * Arithmetic of votes: who counts, how many must agree, how many more may fail. Learners never count.
 *
 * A member that does not answer counts as down, although it may only be out of this console's reach: the arithmetic is meant for a
 * person who is about to change the membership, and errs on the careful side.
 */

import { plural } from "../../text/format.js";

/** One member as the arithmetic sees it. */
export interface Seat {
  readonly id: bigint;
  readonly learner: boolean;
  /** It answered when it was last asked. */
  readonly healthy: boolean;
}

export interface Votes {
  /** Members with a vote. */
  readonly voters: number;
  /** Of those, the ones that answer. */
  readonly healthy: number;
  /** Votes that every write needs: more than half. */
  readonly majority: number;
  /** Healthy voters beyond the majority; negative when the cluster cannot write. */
  readonly spare: number;
  /** How many voters may be down at once when all others are well. */
  readonly tolerance: number;
}

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

export function countVotes(seats: readonly Seat[]): Votes {
  let voters = 0;
  let healthy = 0;
  for (const seat of seats) {
    if (seat.learner) continue;
    voters++;
    if (seat.healthy) healthy++;
  }
  const majority = majorityOf(voters);
  return { voters, healthy, majority, spare: healthy - majority, tolerance: Math.max(0, voters - majority) };
}

export function canWrite(votes: Votes): boolean {
  return votes.voters > 0 && votes.spare >= 0;
}

/** What the votes mean, in one sentence for the head of a page. @param hasLeader whether the cluster carries out requests. */
export function describeVotes(votes: Votes, hasLeader = true): string {
  const { voters, healthy, majority, spare } = votes;
  if (voters === 0) return "No voting member is known.";
  if (spare < 0) {
    return `${healthy} of ${plural(voters, "voter")} ${healthy === 1 ? "answers" : "answer"}; ${majority} are needed. Nothing can be written until ${plural(-spare, "more voter")} ${spare === -1 ? "is" : "are"} back.`;
  }
  if (!hasLeader)
    return `${healthy} of ${plural(voters, "voter")} ${healthy === 1 ? "answers" : "answer"}, but they have no leader: nothing can be written until they have elected one.`;
  if (voters === 1) return "A single voter: when it is down, so is the cluster.";
  const all = healthy === voters ? `All ${voters} voters answer` : `${healthy} of ${voters} voters answer`;
  if (spare === 0) return `${all}. None may fail: the majority is ${majority}.`;
  return `${all}. ${capitalize(countInWords(spare))} more may fail: the majority is ${majority}.`;
}

const words = ["no", "one", "two", "three", "four", "five", "six"];

/** Small numbers as words, as sentences want them. */
export function countInWords(count: number): string {
  return words[count] ?? String(count);
}

function capitalize(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
