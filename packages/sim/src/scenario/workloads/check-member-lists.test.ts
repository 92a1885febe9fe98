import { expect, test } from "vitest";
import { checkMemberLists, type MemberListing } from "./check-member-lists.js";

/** Voters by name, learners in capitals. */
function listing(startMs: number, endMs: number, names: string): MemberListing {
  const members = [...names].map((name) => ({
    id: name.toLowerCase(),
    isLearner: name !== name.toLowerCase(),
  }));
  return { members, startMs, endMs };
}

test("a member that is added, promoted and removed", () => {
  const lists = ["ab", "abC", "abc", "ac"].map((names, i) => listing(i * 10, i * 10 + 5, names));
  expect(checkMemberLists(lists)).toEqual([]);
});

test("answers at the same time may be of different age", () => {
  expect(checkMemberLists([listing(0, 10, "abc"), listing(5, 20, "ab"), listing(25, 30, "abc")])).toEqual([]);
});

test.each([
  ["one that comes back", ["abc", "ab", "abc"], /member c is a voter .* was removed before/],
  ["a voter that is a learner again", ["abc", "abC"], /member c is a learner .* was a voter before/],
])("%s", (_, all, expected) => {
  expect(checkMemberLists(all.map((names, i) => listing(i * 10, i * 10 + 5, names)))[0]).toMatch(expected);
});
