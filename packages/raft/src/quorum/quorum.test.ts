import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { ackedFrom, slowMajorityCommitted } from "../testing/quorum-commands.js";
import { jointCommitted, jointIds, jointVote } from "./joint.js";
import { majorityCommitted, majorityVote } from "./majority.js";

function drawIds(prng: Prng, countMax: number): bigint[] {
  const pool = Array.from({ length: 9 }, (_, i) => BigInt(i + 1));
  return pool.filter(() => prng.chance(countMax / 9));
}

function drawIndexes(prng: Prng): Map<bigint, number> {
  const indexes = new Map<bigint, number>();
  for (let id = 1n; id <= 9n; id++) if (prng.chance(0.8)) indexes.set(id, prng.below(5));
  return indexes;
}

describe("commit index", () => {
  test("equals what a slow count finds (20000 random groups of up to 9)", () => {
    const prng = new Prng(1);
    for (let i = 0; i < 20_000; i++) {
      const voters = drawIds(prng, 9);
      const acked = ackedFrom(drawIndexes(prng));
      const [fast, slow] = [majorityCommitted(voters, acked), slowMajorityCommitted(voters, acked)];
      if (fast !== slow) expect.fail(`round ${i}: ${fast}, slowly ${slow}`);
    }
  });

  test("of a large group does not depend on scratch space", () => {
    const voters = Array.from({ length: 101 }, (_, i) => BigInt(i));
    const acked = { ackedIndex: (id: bigint): number => Number((id * 37n) % 101n) };
    expect(majorityCommitted(voters, acked)).toBe(50);
  });

  test("of a joint quorum is the lower of the two, whichever comes first", () => {
    const prng = new Prng(2);
    for (let i = 0; i < 5_000; i++) {
      const [a, b, acked] = [drawIds(prng, 5), drawIds(prng, 5), ackedFrom(drawIndexes(prng))];
      const joint = jointCommitted(a, b, acked);
      expect(joint).toBe(Math.min(slowMajorityCommitted(a, acked), slowMajorityCommitted(b, acked)));
      expect(jointCommitted(b, a, acked)).toBe(joint);
    }
  });
});

describe("votes", () => {
  test("a result never changes once it is known, whatever the missing votes are", () => {
    const prng = new Prng(3);
    for (let i = 0; i < 5_000; i++) {
      const [a, b] = [drawIds(prng, 5), drawIds(prng, 5)];
      const votes = new Map<bigint, boolean>();
      let settled = jointVote(a, b, votes);
      for (const id of jointIds(a, b)) {
        votes.set(id, prng.chance(0.5));
        const now = jointVote(a, b, votes);
        if (settled !== "VotePending") expect(now).toBe(settled);
        settled = now;
      }
      expect(settled).not.toBe("VotePending");
    }
  });

  test("strangers do not count, and the empty group agrees", () => {
    expect(majorityVote([1n], new Map([[2n, true]]))).toBe("VotePending");
    expect(majorityVote([], new Map())).toBe("VoteWon");
    expect(majorityCommitted([], ackedFrom(new Map()))).toBe(Infinity);
  });
});
