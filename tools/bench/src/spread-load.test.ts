import { expect, test } from "vitest";
import { splitEvenly } from "./spread-load.js";

test("parts differ by at most one and add up", () => {
  expect(splitEvenly(100, 3)).toEqual([33, 33, 34]);
  expect(splitEvenly(9, 3)).toEqual([3, 3, 3]);
  expect(splitEvenly(2, 3)).toEqual([0, 1, 1]);
  expect(splitEvenly(7, 1)).toEqual([7]);
});
