import { describe, expect, it } from "vitest";
import { canWrite, countVotes, describeVotes, majorityOf } from "./quorum.js";
import type { Seat } from "./quorum.js";

/** `H` healthy voter, `d` voter that is down, `L` healthy learner, `l` learner that is down. */
function seats(picture: string): Seat[] {
  return [...picture].map((letter, at) => ({
    id: BigInt(at + 1),
    learner: letter.toLowerCase() === "l",
    healthy: letter === letter.toUpperCase(),
  }));
}

describe("votes", () => {
  it("need more than half of the voters", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(majorityOf)).toEqual([1, 2, 2, 3, 3, 4, 4]);
  });

  it.each([
    ["H", { voters: 1, healthy: 1, majority: 1, spare: 0, tolerance: 0 }],
    ["HH", { voters: 2, healthy: 2, majority: 2, spare: 0, tolerance: 0 }],
    ["HHH", { voters: 3, healthy: 3, majority: 2, spare: 1, tolerance: 1 }],
    ["HHd", { voters: 3, healthy: 2, majority: 2, spare: 0, tolerance: 1 }],
    ["Hdd", { voters: 3, healthy: 1, majority: 2, spare: -1, tolerance: 1 }],
    ["HHHHL", { voters: 4, healthy: 4, majority: 3, spare: 1, tolerance: 1 }],
    ["HHHddll", { voters: 5, healthy: 3, majority: 3, spare: 0, tolerance: 2 }],
    ["", { voters: 0, healthy: 0, majority: 1, spare: -1, tolerance: 0 }],
  ])("of %s", (picture, votes) => {
    expect(countVotes(seats(picture))).toEqual(votes);
  });

  it("of learners alone write nothing", () => {
    expect(canWrite(countVotes(seats("LL")))).toBe(false);
  });

  it.each([
    ["HHH", "All 3 voters answer. One more may fail: the majority is 2."],
    ["HHHHH", "All 5 voters answer. Two more may fail: the majority is 3."],
    ["HHd", "2 of 3 voters answer. None may fail: the majority is 2."],
    ["Hdd", "1 of 3 voters answers; 2 are needed. Nothing can be written until 1 more voter is back."],
    ["Hdddd", "1 of 5 voters answers; 3 are needed. Nothing can be written until 2 more voters are back."],
    ["H", "A single voter: when it is down, so is the cluster."],
    ["", "No voting member is known."],
  ])("of %s are told as a sentence", (picture, sentence) => {
    expect(describeVotes(countVotes(seats(picture)))).toBe(sentence);
  });
});
