/**
 * The command language of quorum scripts: `committed cfg=(1,2,3) [cfgj=(4,5)|cfgj=zero] idx=(100,_,99)` and `vote ...
 * votes=(y,n,_)`. Each case is also held to what must be true of all: a slow computation agrees, a joint quorum with the
 * empty one or with itself changes nothing, the halves may be exchanged. What disagrees is printed, and so fails the script.
 */
import { describeAcked, describeIndex } from "../quorum/describe.js";
import { jointCommitted, jointIds, jointVote, sortedIds } from "../quorum/joint.js";
import { type AckedIndexer, type Majority, majorityCommitted, majorityVote } from "../quorum/majority.js";
import type { ScriptCase } from "./data-driven.js";

/** Acknowledged indexes in a map. */
export function ackedFrom(indexes: ReadonlyMap<bigint, number>): AckedIndexer {
  return { ackedIndex: (id) => indexes.get(id) };
}

/** The dumb twin: tries every acknowledged index, and counts who is at least that far. */
export function slowMajorityCommitted(voters: Majority, acked: AckedIndexer): number {
  if (voters.length === 0) return Infinity;
  const indexes = voters.map((id) => acked.ackedIndex(id) ?? 0);
  const reached = indexes.filter(
    (index) => indexes.filter((other) => other >= index).length >= Math.floor(voters.length / 2) + 1,
  );
  return Math.max(0, ...reached);
}

export function handleQuorum(test: ScriptCase): string {
  const values = (key: string): readonly string[] => test.args.find((arg) => arg.key === key)?.vals ?? [];
  const isJoint = test.args.some((arg) => arg.key === "cfgj");
  const ids = values("cfg").map(BigInt);
  const otherIds = values("cfgj")
    .filter((value) => value !== "zero")
    .map(BigInt);
  const incoming = sortedIds(new Set(ids));
  const outgoing = sortedIds(new Set(otherIds));
  const given = values(test.command === "vote" ? "votes" : "idx");
  if (jointIds(incoming, outgoing).length !== given.length) {
    const numbers = given.map((value) =>
      value === "_" ? "0" : value === "n" ? "1" : value === "y" ? "2" : value,
    );
    const voters = jointIds(incoming, outgoing).map((id) => `${id}:{}`);
    return `error: mismatched input (explicit or _) for voters map[${voters.join(" ")}]: [${numbers.join(" ")}]`;
  }
  const known = new Map<bigint, string>();
  [...new Set([...ids, ...otherIds])].forEach((id, i) => {
    const value = given[i] as string;
    if (value !== "_") known.set(id, value);
  });
  if (test.command === "vote") {
    const votes = new Map([...known].map(([id, value]) => [id, value === "y"]));
    return isJoint ? jointVoteText(incoming, outgoing, votes) : `${majorityVote(incoming, votes)}\n`;
  }
  const indexes = new Map([...known].map(([id, value]) => [id, Number(value)]));
  return isJoint ? jointCommitText(incoming, outgoing, indexes) : majorityCommitText(incoming, indexes);
}

function jointVoteText(incoming: Majority, outgoing: Majority, votes: ReadonlyMap<bigint, boolean>): string {
  const result = jointVote(incoming, outgoing, votes);
  const mirrored = jointVote(outgoing, incoming, votes);
  return `${mirrored === result ? "" : `${mirrored} <-- via symmetry\n`}${result}\n`;
}

function jointCommitText(
  incoming: Majority,
  outgoing: Majority,
  indexes: ReadonlyMap<bigint, number>,
): string {
  const acked = ackedFrom(indexes);
  const index = jointCommitted(incoming, outgoing, acked);
  const mirrored = jointCommitted(outgoing, incoming, acked);
  const chart = describeAcked(jointIds(incoming, outgoing), acked);
  return `${chart}${mirrored === index ? "" : `${mirrored} <-- via symmetry\n`}${describeIndex(index)}\n`;
}

function majorityCommitText(voters: Majority, indexes: ReadonlyMap<bigint, number>): string {
  const acked = ackedFrom(indexes);
  const index = majorityCommitted(voters, acked);
  const doubts: [string, number][] = [
    ["via alternative computation", slowMajorityCommitted(voters, acked)],
    ["via zero-joint quorum", jointCommitted(voters, [], acked)],
    ["via self-joint quorum", jointCommitted(voters, voters, acked)],
  ];
  for (const [id, own] of indexes) {
    if (own >= index) continue;
    // Whoever is behind the committed index already cannot move it by falling further behind.
    for (const lower of [own - 1, 0]) {
      const overlaid = ackedFrom(new Map(indexes).set(id, lower));
      doubts.push([`overlaying ${id}->${lower}`, majorityCommitted(voters, overlaid)]);
    }
  }
  const wrong = doubts.filter(([, other]) => other !== index).map(([why, other]) => `${other} <-- ${why}\n`);
  return `${describeAcked(voters, acked)}${wrong.join("")}${describeIndex(index)}\n`;
}
