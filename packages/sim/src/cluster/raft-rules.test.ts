import { createEntry, createMessage, EntryType, MessageType, type Message } from "@quorate/raft";
import { expect, test } from "vitest";
import { RaftRules } from "./raft-rules.js";

interface Sent {
  readonly from: bigint;
  readonly term: number;
  /** What goes before: index and term. */
  readonly prev: readonly [number, number];
  readonly commit: number;
  /** Terms and texts of what follows. */
  readonly entries?: readonly (readonly [number, string])[];
}

function append({ from, term, prev: [index, logTerm], commit, entries = [] }: Sent): Message {
  const texts = entries.map(([entryTerm, text], i) =>
    createEntry(EntryType.EntryNormal, entryTerm, index + 1 + i, new TextEncoder().encode(text)),
  );
  return createMessage({
    type: MessageType.MsgApp,
    ...{ from, to: 9n, term, index, logTerm, commit, entries: texts },
  });
}

function violations(...messages: readonly Sent[]): readonly string[] {
  const rules = new RaftRules();
  for (const message of messages) rules.look(append(message));
  return rules.violations;
}

const FIRST: Sent = { from: 1n, term: 2, prev: [4, 1], commit: 4, entries: [[2, "a"]] };

test("a leader commits, and the next one replaces what was not committed", () => {
  expect(
    violations(
      FIRST,
      { ...FIRST, commit: 5 },
      { from: 1n, term: 2, prev: [5, 2], commit: 5, entries: [[2, "lost"]] },
      { from: 2n, term: 3, prev: [5, 2], commit: 5, entries: [[3, "b"]] },
      { from: 2n, term: 3, prev: [6, 3], commit: 6 },
    ),
  ).toEqual([]);
});

test("a term with two leaders", () => {
  expect(violations(FIRST, { ...FIRST, from: 2n })).toEqual(["term 2 has two leaders: 1 and 2"]);
});

test("another entry with the same index and term", () => {
  const other: Sent = { from: 2n, term: 3, prev: [4, 1], commit: 4, entries: [[2, "b"]] };
  expect(violations(FIRST, other)).toEqual(["2 has another entry 5 of term 2 than was sent before"]);
});

test.each<[string, Sent]>([
  ["what it follows", { from: 2n, term: 3, prev: [5, 3], commit: 5 }],
  ["one of its entries", { from: 2n, term: 3, prev: [4, 1], commit: 5, entries: [[3, "b"]] }],
])("an index that is committed twice, by %s", (_, second) => {
  expect(violations({ ...FIRST, commit: 5 }, second)).toEqual([
    "index 5 is committed with term 2, and with term 3 for 2",
  ]);
});

test("a member that has applied something else than what was committed", () => {
  const rules = new RaftRules();
  rules.look(append({ ...FIRST, commit: 5 }));
  rules.lookAtCommitted("m2", 5, 2);
  expect(rules.violations).toEqual([]);
  rules.lookAtCommitted("m3", 5, 3);
  expect(rules.violations).toEqual(["index 5 is committed with term 2, and with term 3 for m3"]);
});
