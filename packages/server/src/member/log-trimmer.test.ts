import { createEntry, emptyConfState, EntryType, MemoryLogStorage } from "@quorate/raft";
import { expect, test } from "vitest";
import { LogTrimmer, MARK_BYTES_MIN, MARK_INTERVAL_MS, TAIL_BYTES_MAX } from "./log-trimmer.js";

interface Bed {
  readonly trimmer: LogTrimmer;
  readonly storage: MemoryLogStorage;
  /** What happened, in order. */
  readonly steps: string[];
  readonly failures: unknown[];
  readonly time: { nowMs: number };
  readonly disk: { flush: () => Promise<void> };
  /** Applies entries up to `index`, each with `bytes` of payload. */
  applyTo(index: number, bytes: number): void;
}

function createBed(): Bed {
  const steps: string[] = [];
  const storage = new MemoryLogStorage();
  const failures: unknown[] = [];
  let applied = 0;
  const time = { nowMs: 0 };
  const disk = { flush: (): Promise<void> => Promise.resolve() };
  const trimmer = new LogTrimmer(
    {
      store: {
        flushDurable: async () => {
          steps.push("flush");
          await disk.flush();
        },
      },
      storage,
      log: {
        append: () => undefined,
        saveSnapshot: ({ index }) => {
          steps.push(`mark ${index}`);
          return Promise.resolve();
        },
        releaseBelow: (index) => void steps.push(`release ${index}`),
        close: () => Promise.resolve(),
      },
      clock: { monotonicMs: () => time.nowMs, unixMs: () => 0 },
      report: { info: () => undefined, warn: () => undefined },
      snapshotCountEntries: 1000,
      catchUpEntries: 2000,
      confState: () => emptyConfState,
      writeCommitIndex: () => void steps.push("commit"),
      onFailed: (error) => void failures.push(error),
    },
    0,
  );
  return {
    trimmer,
    storage,
    steps,
    failures,
    time,
    disk,
    applyTo: (index, bytes) => {
      for (applied += 1; applied <= index; applied++) {
        storage.append([createEntry(EntryType.EntryNormal, 1, applied, new Uint8Array(0))]);
        trimmer.count(applied, bytes);
      }
      applied = index;
      trimmer.progress(applied, 1);
    },
  };
}

test("a mark comes after the flush and the commit index, and before the release", async () => {
  const bed = createBed();
  bed.time.nowMs = MARK_INTERVAL_MS;
  bed.applyTo(1000, 10);
  await bed.trimmer.finish(1000, 1);
  expect(bed.steps).toEqual(["flush", "commit", "mark 1000", "release 1000"]);
});

test("many small entries wait for the interval, much log does not", async () => {
  const small = createBed();
  small.applyTo(5000, 10);
  expect(small.steps).toEqual([]);
  small.time.nowMs = MARK_INTERVAL_MS;
  small.applyTo(5001, 10);
  await small.trimmer.finish(5001, 1);
  expect(small.steps.filter((step) => step.startsWith("mark"))).toEqual(["mark 5001"]);

  const large = createBed();
  large.applyTo(1000, MARK_BYTES_MIN / 1000);
  await large.trimmer.finish(1000, 1);
  expect(large.steps).toContain("mark 1000");
});

test("no mark is made while one is being made", async () => {
  const bed = createBed();
  let flushed = (): void => undefined;
  bed.disk.flush = () => new Promise((resolve) => (flushed = resolve));
  bed.time.nowMs = MARK_INTERVAL_MS;
  bed.applyTo(1000, 10);
  bed.time.nowMs *= 2;
  bed.applyTo(3000, 10);
  expect(bed.steps).toEqual(["flush"]);
  bed.disk.flush = () => Promise.resolve();
  flushed();
  await bed.trimmer.finish(3000, 1);
  expect(bed.steps.filter((step) => step.startsWith("mark"))).toEqual(["mark 1000", "mark 3000"]);
});

test("a store that can't be flushed leaves the log as it is, and the member hears of it", async () => {
  const bed = createBed();
  const failure = new Error("no space");
  bed.disk.flush = () => Promise.reject(failure);
  bed.time.nowMs = MARK_INTERVAL_MS;
  bed.applyTo(1000, 10);
  await expect(bed.trimmer.finish(1000, 1)).rejects.toBe(failure);
  expect(bed.failures).toEqual([failure]);
  expect(bed.steps).toEqual(["flush", "flush"]);
});

test("the tail in memory keeps what followers may need, and no more", () => {
  const bed = createBed();
  bed.applyTo(10_000, 10);
  expect(bed.storage.firstIndex()).toBeLessThanOrEqual(8001);
  expect(bed.storage.firstIndex()).toBeGreaterThan(7000);
});

test("large entries are kept by their bytes", () => {
  const bed = createBed();
  bed.applyTo(1500, TAIL_BYTES_MAX / 500);
  expect(bed.storage.firstIndex()).toBeGreaterThan(500);
  expect(bed.storage.lastIndex()).toBe(1500);
});
