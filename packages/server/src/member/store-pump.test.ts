import { expect, test } from "vitest";
import type { SchedulerPort } from "./ports.js";
import { StorePump } from "./store-pump.js";

/** A scheduler whose only timer the test fires, and a store whose batches the test completes. */
function createBed(): {
  readonly pump: StorePump;
  readonly store: { needsBackpressure: boolean; batches: number; gathered: boolean };
  fire(): boolean;
  complete(error?: Error): Promise<void>;
  readonly failures: unknown[];
} {
  let timer: (() => void) | undefined;
  let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const failures: unknown[] = [];
  const scheduler: SchedulerPort = {
    soon: () => undefined,
    every: () => () => undefined,
    after: (_delayMs, task) => {
      timer = task;
      return () => {
        timer = undefined;
      };
    },
    yieldTurn: () => Promise.resolve(),
  };
  const store = {
    needsBackpressure: false,
    batches: 0,
    gathered: true,
    pump(): Promise<void> | undefined {
      if (!this.gathered) return undefined;
      this.batches += 1;
      return new Promise((resolve, reject) => (settle = { resolve, reject }));
    },
  };
  return {
    pump: new StorePump({ store }, scheduler, (error) => failures.push(error)),
    store,
    failures,
    fire: () => {
      const task = timer;
      timer = undefined;
      task?.();
      return task !== undefined;
    },
    complete: async (error) => {
      if (error === undefined) settle?.resolve();
      else settle?.reject(error);
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test("changes are written after a delay, one batch at a time", async () => {
  const bed = createBed();
  bed.pump.wake();
  bed.pump.wake();
  expect(bed.store.batches).toBe(0);
  expect(bed.fire()).toBe(true);
  expect(bed.store.batches).toBe(1);
  bed.pump.wake();
  expect(bed.fire()).toBe(false);
  await bed.complete();
  expect(bed.fire()).toBe(true);
  expect(bed.store.batches).toBe(2);
});

test("a store that has too much is written at once", () => {
  const bed = createBed();
  bed.store.needsBackpressure = true;
  bed.pump.wake();
  expect(bed.store.batches).toBe(1);
});

test("a failed batch is told once, and a stopped pump does nothing", async () => {
  const bed = createBed();
  bed.pump.wake();
  bed.fire();
  await bed.complete(new Error("disk"));
  expect(bed.failures).toEqual([new Error("disk")]);
  const other = createBed();
  other.pump.wake();
  other.pump.stop();
  expect(other.fire()).toBe(false);
});

test("a flush of somebody else that leaves too much is followed by another look", () => {
  const bed = createBed();
  bed.store.gathered = false;
  bed.store.needsBackpressure = true;
  bed.pump.wake();
  expect(bed.store.batches).toBe(0);
  bed.store.gathered = true;
  expect(bed.fire()).toBe(true);
  expect(bed.store.batches).toBe(1);
});
