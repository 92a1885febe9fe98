import { expect, test } from "vitest";
import { checkSet } from "./check-set.js";
import type { SetOperation } from "./set-history.js";

const add = (element: number, atMs: number, outcome: "ok" | "failed" | "unknown" = "ok"): SetOperation => ({
  kind: "add",
  element,
  outcome,
  startMs: atMs,
  endMs: atMs + 1,
});
const read = (atMs: number, ...elements: number[]): SetOperation => ({
  kind: "read",
  elements,
  startMs: atMs,
  endMs: atMs + 1,
});

const GOOD: readonly SetOperation[] = [
  add(1, 0),
  add(2, 2, "unknown"),
  read(4, 1),
  add(3, 6, "failed"),
  read(8, 1, 2),
  add(4, 8.5),
  read(10, 1, 2, 4),
];

test("a good history is good", () => {
  expect(checkSet(GOOD)).toEqual([]);
});

test.each([
  ["an acknowledged element is missing", read(12, 2, 4), /^1 was there/],
  ["an element that was seen is missing", read(12, 1, 4), /^2 was there/],
  ["a refused element is there", read(12, 1, 2, 3, 4), /was refused/],
  ["an element that nobody added", read(12, 1, 2, 4, 9), /nobody added it/],
])("%s", (_, operation, expected) => {
  expect(checkSet([...GOOD, operation])[0]).toMatch(expected);
});

test("an element from the future", () => {
  expect(checkSet([read(0, 1), add(1, 5)])[0]).toMatch(/was added later/);
});
