import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Newcomers } from "./newcomers.js";

const BUDGET_MS = 2;

test("work is done after the event, in order, and only so much of it before others are looked at", async () => {
  let nowMs = 0;
  const done: number[] = [];
  const newcomers = new Newcomers(() => nowMs, BUDGET_MS);
  for (let i = 0; i < 10; i++)
    newcomers.run(() => {
      done.push(i);
      nowMs += 1;
    });
  expect([done, newcomers.waiting]).toEqual([[], 10]);
  const seen: number[] = [];
  for (let i = 0; i < 8; i++) {
    await turn();
    seen.push(done.length);
  }
  expect(seen.slice(0, 2)).not.toContain(10);
  for (const [i, count] of seen.entries())
    expect(count - (seen[i - 1] ?? 0)).toBeLessThanOrEqual(2 * BUDGET_MS);
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(newcomers.waiting).toBe(0);
});

test("what its ticks take counts as well", async () => {
  let nowMs = 0;
  let ticks = 0;
  const newcomers = new Newcomers(() => nowMs, BUDGET_MS);
  for (let i = 0; i < 4; i++)
    newcomers.run(() =>
      process.nextTick(() => {
        ticks += 1;
        nowMs += BUDGET_MS;
      }),
    );
  await turn();
  expect(ticks).toBeLessThan(4);
  for (let i = 0; i < 6; i++) await turn();
  expect(ticks).toBe(4);
});

test("work that comes while work is done waits for its turn", async () => {
  const done: string[] = [];
  const newcomers = new Newcomers(() => 0, BUDGET_MS);
  newcomers.run(() => {
    newcomers.run(() => void done.push("inner"));
    done.push("outer");
  });
  newcomers.run(() => void done.push("second"));
  await turn();
  await turn();
  expect(done).toEqual(["outer", "second", "inner"]);
});
