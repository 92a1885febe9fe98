import { createEntry, emptyConfState, EntryType, MemoryLogStorage } from "@quorate/raft";
import { expect, test } from "vitest";
import {
  LogTrimmer,
  MARK_BYTES_MIN,
  MARK_INTERVAL_MS,
  TAIL_BYTES_MAX,
  TAIL_ENTRIES_MAX,
} from "./log-trimmer.js";

interface Bed {
  readonly trimmer: LogTrimmer;
  readonly storage: MemoryLogStorage;
  /** What happened, in order. */
  readonly steps: string[];
  readonly failures: unknown[];
  readonly time: { nowMs: number };
  readonly disk: { flush: () => Promise<void> };
  readonly change: { index: number };
  /** Applies entries up to `index`, each with `bytes` of payload. */
  applyTo(index: number, bytes: number): void;
}

function createBed(options: { catchUpEntries?: number; hasFollowers?: boolean } = {}): Bed {
  const steps: string[] = [];
  const storage = new MemoryLogStorage();
  const failures: unknown[] = [];
  let applied = 0;
  const time = { nowMs: 0 };
  const change = { index: 0 };
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
      catchUpEntries: options.catchUpEntries ?? 400,
      hasFollowers: () => options.hasFollowers ?? true,
      confState: () => emptyConfState,
      confIndex: () => change.index,
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
    change,
    applyTo: (index, bytes) => {
      for (applied += 1; applied <= index; applied++) {
        storage.append([createEntry(EntryType.EntryNormal, 1, applied, new Uint8Array(0))]);
        trimmer.count(applied, bytes);
      }
      applied = index;
      trimmer.progress(applied);
    },
  };
}

/** Where the marks lie. */
function marks(bed: Bed): number[] {
  return bed.steps.filter((step) => step.startsWith("mark")).map((step) => Number(step.slice(5)));
}

test("a mark comes after the flush and the commit index, and before the release", async () => {
  const bed = createBed();
  bed.time.nowMs = MARK_INTERVAL_MS;
  bed.applyTo(1000, 10);
  await bed.trimmer.finish(1000);
  expect(bed.steps.slice(0, 4)).toEqual(["flush", "commit", "mark 600", "release 600"]);
});

test("the end leaves what was applied in the store and known as committed, also without a new mark", async () => {
  const bed = createBed();
  bed.applyTo(10, 10);
  await bed.trimmer.finish(10);
  expect(bed.steps).toEqual(["flush", "commit"]);
});

test("a mark lies where the tail in memory begins, so that a member that starts anew has the tail", async () => {
  const bed = createBed();
  bed.applyTo(1500, 10);
  await bed.trimmer.finish(1500);
  expect(marks(bed)).toEqual([bed.storage.firstIndex() - 1]);
});

test("a mark never lies before the last change of the configuration, which is the one it carries", async () => {
  const bed = createBed();
  bed.applyTo(1500, 10);
  bed.change.index = 1400;
  await bed.trimmer.finish(1500);
  expect(marks(bed)).toEqual([1400]);
});

test("many small entries wait for the interval, much log does not", async () => {
  const small = createBed();
  small.applyTo(5000, 10);
  expect(small.steps).toEqual([]);
  small.time.nowMs = MARK_INTERVAL_MS;
  small.applyTo(5100, 10);
  await small.trimmer.finish(5100);
  expect(marks(small)).toEqual([4700]);

  const large = createBed();
  large.applyTo(1000, MARK_BYTES_MIN / 1000);
  await large.trimmer.finish(1000);
  expect(marks(large)).toHaveLength(1);
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
  await bed.trimmer.finish(3000);
  expect(marks(bed)).toEqual([600, 2600]);
});

test("a store that can't be flushed leaves the log as it is, and the member hears of it", async () => {
  const bed = createBed();
  const failure = new Error("no space");
  bed.disk.flush = () => Promise.reject(failure);
  bed.time.nowMs = MARK_INTERVAL_MS;
  bed.applyTo(1000, 10);
  await expect(bed.trimmer.finish(1000)).rejects.toBe(failure);
  expect(bed.failures).toEqual([failure]);
  expect(bed.steps).toEqual(["flush", "flush"]);
});

test("the tail in memory keeps what followers may need, and no more", () => {
  const bed = createBed();
  bed.applyTo(10_000, 10);
  expect(bed.storage.firstIndex()).toBe(9601);
});

test("by default followers get more than the flag says, as long as it fits", () => {
  const lonely = createBed({ catchUpEntries: 5000, hasFollowers: false });
  lonely.applyTo(20_000, 10);
  expect(lonely.storage.firstIndex()).toBeGreaterThan(14_000);
  const leader = createBed({ catchUpEntries: 5000 });
  leader.applyTo(TAIL_ENTRIES_MAX + 10_000, 10);
  expect(leader.storage.firstIndex()).toBeGreaterThan(9000);
  expect(leader.storage.firstIndex()).toBeLessThanOrEqual(10_001);
});

test("what a follower will want after its database stays until it is let go", () => {
  const bed = createBed();
  bed.applyTo(1000, 10);
  const letGo = bed.trimmer.hold(900);
  bed.applyTo(5000, 10);
  expect(bed.storage.firstIndex()).toBeLessThanOrEqual(901);
  letGo();
  bed.applyTo(5100, 10);
  expect(bed.storage.firstIndex()).toBe(4701);
});

test("raft has a state to send instead of what was forgotten", () => {
  const bed = createBed();
  bed.applyTo(5000, 10);
  expect(bed.storage.snapshot().metadata.index).toBeGreaterThanOrEqual(bed.storage.firstIndex() - 1);
});

test("large entries are kept by their bytes", () => {
  const bed = createBed();
  bed.applyTo(1500, TAIL_BYTES_MAX / 500);
  expect(bed.storage.firstIndex()).toBeGreaterThan(500);
  expect(bed.storage.lastIndex()).toBe(1500);
});
