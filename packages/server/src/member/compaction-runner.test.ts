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
    hashCompaction: () => undefined,
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

test("frees nothing before what the compaction leaves has been hashed", async () => {
  const timers: (() => void)[] = [];
  const lines: string[] = [];
  const steps: number[] = [];
  let settle: (hash: { hash: number; revision: number; compactRevision: number }) => void = () => undefined;
  let asked = 0;
  let pauseHash: (rowCount: number) => Promise<void> = () => Promise.resolve();
  let turns = 0;
  const store = {
    compactRevision: 7,
    finishedCompactRevision: -1,
    hashCompaction: (pause: (rowCount: number) => Promise<void>) => {
      asked += 1;
      if (asked === 1) pauseHash = pause;
      if (asked > 1) return undefined;
      return new Promise<{ hash: number; revision: number; compactRevision: number }>(
        (resolve) => (settle = resolve),
      );
    },
    compactStep(budgetCount: number): boolean {
      steps.push(budgetCount);
      this.finishedCompactRevision = 7;
      return false;
    },
  };
  const runner = new CompactionRunner({
    store,
    scheduler: {
      soon: () => undefined,
      every: () => () => undefined,
      after: (_delayMs, task) => {
        timers.push(task);
        return () => undefined;
      },
      yieldTurn: () => {
        turns += 1;
        return Promise.resolve();
      },
    },
    report: { info: (message) => lines.push(message), warn: () => undefined },
    batchCount: 1000,
    pauseMs: 10,
    onFreed: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  runner.wake();
  timers.shift()?.();
  runner.wake();
  expect({ timers: timers.length, steps, asked }).toEqual({ timers: 0, steps: [], asked: 1 });
  // A turn while fewer rows than a batch were hashed, a pause then.
  await pauseHash(512);
  const paused = pauseHash(512);
  expect({ turns, timers: timers.length }).toEqual({ turns: 1, timers: 1 });
  timers.shift()?.();
  await paused;
  settle({ hash: 5, revision: 7, compactRevision: -1 });
  await Promise.resolve();
  timers.shift()?.();
  expect(steps).toEqual([1000]);
  expect(lines).toEqual(["storing new hash", "finished scheduled compaction"]);
});
