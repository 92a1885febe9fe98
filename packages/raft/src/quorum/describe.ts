/** Stable text of quorums, for goldens and logs. Source: upstream quorum/majority.go, the Describe and String formats. */
import type { AckedIndexer, Majority } from "./majority.js";

/** `(1 2 3)`, ids in hexadecimal. */
export function describeMajority(voters: Majority): string {
  return `(${voters.map((id) => id.toString(16)).join(" ")})`;
}

/** `(1 2)` or, when joint, `(1 2)&&(2 3)`. */
export function describeJoint(incoming: Majority, outgoing: Majority): string {
  const first = describeMajority(incoming);
  return outgoing.length === 0 ? first : `${first}&&${describeMajority(outgoing)}`;
}

/** A commit index, with the infinity sign for the empty quorum. */
export function describeIndex(index: number): string {
  return index === Infinity ? "∞" : String(index);
}

/**
 * A bar chart of what each voter has acknowledged: a voter's bar is as long as the number of voters behind it.
 *
 *            idx
 *     x>     100    (id=1)
 *     xx>    101    (id=2)
 *     >       99    (id=3)
 */
export function describeAcked(voters: Majority, acked: AckedIndexer): string {
  const count = voters.length;
  if (count === 0) return "<empty majority quorum>";
  const known = voters.map((id) => acked.ackedIndex(id));
  const lines = [`${" ".repeat(count)}    idx\n`];
  voters.forEach((id, i) => {
    const own = known[i];
    const bar = known.filter((other) => (other ?? 0) < (own ?? 0)).length;
    const drawn =
      own === undefined ? `?${" ".repeat(count)}` : `${"x".repeat(bar)}>${" ".repeat(count - bar)}`;
    lines.push(`${drawn} ${String(own ?? 0).padStart(5)}    (id=${id.toString(16)})\n`);
  });
  return lines.join("");
}
