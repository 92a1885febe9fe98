import { expect, test } from "vitest";
import { Prng } from "./prng.js";

test("the same seed gives the same sequence, another seed another one", () => {
  const take = (seed: number): number[] => {
    const prng = new Prng(seed);
    return Array.from({ length: 8 }, () => prng.uint32());
  };
  expect(take(7)).toEqual(take(7));
  expect(take(7)).not.toEqual(take(8));
});

test("below() covers its half-open range evenly", () => {
  const prng = new Prng(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[prng.below(10)]! += 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});
