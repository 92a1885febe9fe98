import { expect, test } from "vitest";
import { MemberRules, type MemberFacts } from "./member-rules.js";

const FACTS: MemberFacts = {
  life: 1,
  revision: 9,
  compactRevision: 3,
  appliedIndex: 20,
  committedIndex: 21,
  appliedTerm: 2,
  durableIndex: 15,
};

function violations(...moments: MemberFacts[]): readonly string[] {
  const rules = new MemberRules();
  for (const facts of moments) rules.look("m1", facts);
  return rules.violations;
}

test("a member that goes on, and begins again with what was durable", () => {
  const grown = { ...FACTS, revision: 12, appliedIndex: 24, committedIndex: 24 };
  expect(violations(FACTS, FACTS, grown, { ...FACTS, life: 2, revision: 5, appliedIndex: 15 })).toEqual([]);
});

test.each([
  ["a revision that falls", { revision: 8 }, "revision of m1 fell from 9 to 8"],
  ["a compaction that is taken back", { compactRevision: -1 }, "compactRevision of m1 fell from 3 to -1"],
  ["an applied index that falls", { appliedIndex: 19 }, "appliedIndex of m1 fell from 20 to 19"],
  [
    "a durable index that is lost",
    { life: 2, appliedIndex: 14 },
    "m1 began with index 14, and 15 was durable",
  ],
])("%s", (_, change, expected) => {
  expect(violations(FACTS, { ...FACTS, ...change })).toEqual([expected]);
});
