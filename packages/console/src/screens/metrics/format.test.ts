import { expect, test } from "vitest";
import { formatMarks } from "./format.js";

const marks = (count: number, stepSeconds: number): number[] =>
  Array.from({ length: count }, (_, at) => new Date(2026, 5, 1, 7, 49).getTime() / 1000 + at * stepSeconds);

test.each([
  ["half a minute", marks(7, 30), ["07:49:00", "07:49:30", "07:50:00"]],
  ["a minute", marks(7, 60), ["07:49", "07:50", "07:51"]],
  ["three hours", marks(12, 10_800), ["06-01 07:49", "06-01 10:49", "06-01 13:49"]],
  ["one second", marks(2, 1), ["07:49:00", "07:49:01"]],
])("marks that are %s apart all say another time", (_, times, first) => {
  const texts = formatMarks(times);
  expect(texts.slice(0, 3)).toEqual(first);
  expect(new Set(texts).size).toBe(times.length);
});

test("one mark alone, or none, is no trouble", () => {
  expect(formatMarks(marks(1, 1))).toEqual(["07:49"]);
  expect(formatMarks([])).toEqual([]);
});
