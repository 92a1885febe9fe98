import { expect, test } from "vitest";
import { CompactionRunner } from "./compaction-runner.js";

test("frees in steps with pauses, waits for open reads, and rests when it is done", () => {
  const timers: (() => void)[] = [];
  const lines: string[] = [];
  let freed = 0;
  // What each step does: some freed and more to free; nothing because a read is open; the last of it.
  const plan = [true, true, false, false];
  const store = {
    compactRevision: 7,
    finishedCompactRevision: -1,
    compactStep(budgetCount: number): boolean {
      expect(budgetCount).toBe(1000);
      const more = plan.shift() ?? false;
      if (plan.length === 0) this.finishedCompactRevision = 7;
      return more;
    },
  };
  const runner = new CompactionRunner({
    store,
    scheduler: {
      soon: () => undefined,
      every: () => () => undefined,
      after: (delayMs, task) => {
        expect(delayMs).toBe(10);
        timers.push(task);
        return () => undefined;
      },
      yieldTurn: () => Promise.resolve(),
    },
    report: { info: (message) => lines.push(message), warn: () => undefined },
    batchCount: 1000,
    pauseMs: 10,
    onFreed: () => {
      freed += 1;
    },
    onFailed: (error) => {
      throw error;
    },
  });
  runner.wake();
  runner.wake();
  expect(timers).toHaveLength(1);
  for (let task = timers.shift(); task !== undefined; task = timers.shift()) task();
  expect(freed).toBe(4);
  expect(lines).toEqual(["finished scheduled compaction"]);
  runner.wake();
  expect(timers).toHaveLength(0);
});
