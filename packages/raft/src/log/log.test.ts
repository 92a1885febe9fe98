import { AssertionError, Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { MemoryLogStorage } from "../memory-log-storage.js";
import { entriesOf } from "../testing/raft-fixture.js";
import { type Entry, EntryType, createEntry, emptyBytes, entryBytes } from "../types/entry.js";
import { emptyConfState } from "../types/conf-change.js";
import { EntryRun } from "./entry-run.js";
import { RaftLog } from "./raft-log.js";
import { Unstable } from "./unstable.js";

const entry = (index: number, term: number, size = 0): Entry =>
  createEntry(EntryType.EntryNormal, term, index, size === 0 ? emptyBytes : new Uint8Array(size));

describe("encoded size of an entry", () => {
  test.each([
    [entry(1, 1), 6],
    [entry(127, 127), 6],
    [entry(128, 127), 7],
    [entry(2 ** 28, 1), 10],
    [entry(2 ** 35, 1), 11],
    [entry(Number.MAX_SAFE_INTEGER, 1), 13],
    [entry(1, 1, 1), 9],
    [entry(1, 1, 127), 135],
    [entry(1, 1, 128), 137],
  ])("%o: %d bytes", (one, bytes) => {
    expect(entryBytes(one)).toBe(bytes);
  });
});

describe("entry run", () => {
  test("behaves like a plain list over long random histories", () => {
    const prng = new Prng(1);
    const run = new EntryRun(1);
    let twin: Entry[] = [];
    let first = 1;
    for (let i = 0; i < 3_000; i++) {
      const next = first + twin.length;
      const choice = prng.below(10);
      if (choice < 5) {
        const fresh = entriesOf(
          Array.from({ length: prng.below(400) }, () => i),
          next,
        );
        const from = prng.below(2) * Math.min(1, fresh.length);
        const shifted = from === 1 ? [entry(0, 0), ...fresh] : fresh;
        run.push(shifted, from);
        twin.push(...fresh);
      } else if (choice < 7) {
        const cut = next - prng.below(Math.min(50, twin.length + 1));
        run.truncate(cut);
        twin.length = cut - first;
      } else if (choice < 9) {
        const cut = first + prng.below(twin.length + 1);
        run.dropBefore(cut);
        twin = twin.slice(cut - first);
        first = cut;
      }
      expect([run.first, run.next, run.length]).toEqual([first, first + twin.length, twin.length]);
      const lo = first + prng.below(twin.length + 1);
      const hi = lo + prng.below(first + twin.length - lo + 1);
      expect(run.slice(lo, hi)).toEqual(twin.slice(lo - first, hi - first));
    }
  });

  test.each([
    [0, 1],
    [6, 1],
    [11, 1],
    [12, 2],
    [17, 2],
    [18, 3],
    [Infinity, 3],
  ])("cut to %d bytes, three entries of 6 are %d", (bytesMax, count) => {
    const run = new EntryRun(1);
    run.push(entriesOf([1, 1, 1]), 0);
    expect(run.sliceLimited(1, 4, bytesMax)).toHaveLength(count);
  });

  test("gaps and positions outside are our mistakes", () => {
    const run = new EntryRun(5);
    expect(() => run.push([entry(6, 1)], 0)).toThrow(AssertionError);
    expect(() => run.at(5)).toThrow(AssertionError);
    expect(() => run.slice(4, 5)).toThrow(AssertionError);
    expect(() => run.truncate(6)).toThrow(AssertionError);
  });

  test("what was sliced is not touched by later changes", () => {
    const run = new EntryRun(1);
    run.push(entriesOf([1, 1, 1]), 0);
    const slice = run.slice(1, 4);
    run.truncate(2);
    run.push(entriesOf([2, 2], 2), 0);
    expect(slice.map((one) => one.term)).toEqual([1, 1, 1]);
  });
});

describe("unstable", () => {
  function create(terms: readonly number[], inProgress = 0): Unstable {
    const unstable = new Unstable(5, null);
    const entries = entriesOf(terms, 5);
    if (inProgress > 0) unstable.truncateAndAppend(entries.slice(0, inProgress), 0);
    unstable.acceptInProgress();
    if (entries.length > inProgress) unstable.truncateAndAppend(entries, inProgress);
    return unstable;
  }

  test.each([
    // confirmed index, term -> first, left, in progress
    [5, 1, 6, 2, 7],
    [6, 1, 7, 1, 7],
    [7, 1, 8, 0, 8],
    [5, 2, 5, 3, 7], // another term: overwritten meanwhile
    [4, 1, 5, 3, 7], // long gone
    [8, 1, 5, 3, 7], // never here
  ])(
    "confirmed (%d, term %d): first %d, %d left, in progress up to %d",
    (index, term, first, left, inProgress) => {
      const unstable = create([1, 1, 1], 2);
      unstable.stableTo(index, term);
      expect([unstable.first, unstable.length, unstable.offsetInProgress]).toEqual([first, left, inProgress]);
    },
  );

  test.each([
    // appended from, terms -> first, terms there, in progress
    [8, [2], 5, [1, 1, 1, 2], 7],
    [7, [2, 2], 5, [1, 1, 2, 2], 7],
    [6, [2], 5, [1, 2], 6],
    [5, [2, 2], 5, [2, 2], 5],
    [4, [2], 4, [2], 4],
  ] as const)(
    "appending from %d terms %j: first %d, terms %j, in progress up to %d",
    (from, terms, first, there, inProgress) => {
      const unstable = create([1, 1, 1], 2);
      unstable.truncateAndAppend(entriesOf(terms, from), 0);
      expect(unstable.first).toBe(first);
      expect(unstable.slice(unstable.first, unstable.next, Infinity).map((one) => one.term)).toEqual(there);
      expect(unstable.offsetInProgress).toBe(inProgress);
    },
  );

  test("a snapshot answers for its own position only, and is confirmed by index", () => {
    const unstable = create([1, 1]);
    const snapshot = { data: emptyBytes, metadata: { confState: emptyConfState, index: 9, term: 3 } };
    unstable.restore(snapshot);
    expect([unstable.term(9), unstable.term(8), unstable.lastIndex(), unstable.first]).toEqual([
      3,
      null,
      9,
      10,
    ]);
    expect(unstable.nextSnapshot()).toBe(snapshot);
    unstable.acceptInProgress();
    expect(unstable.nextSnapshot()).toBeNull();
    unstable.stableSnapshotTo(8);
    expect(unstable.snapshot).toBe(snapshot);
    unstable.stableSnapshotTo(9);
    expect(unstable.snapshot).toBeNull();
  });
});

function createLog(terms: readonly number[], stable = terms.length): RaftLog {
  const storage = new MemoryLogStorage();
  storage.append(entriesOf(terms.slice(0, stable)));
  const log = new RaftLog(storage, Infinity, null);
  log.append(entriesOf(terms), stable);
  return log;
}

describe("log", () => {
  test.each([
    [100, 2, 100],
    [5, 6, 5],
    [5, 5, 5],
    [5, 4, 2],
    [5, 2, 2],
    [5, 1, 0],
    [1, 2, 1],
    [1, 1, 0],
    [0, 0, 0],
  ])("terms 2,2,5,5,5: the best match for (%d, term %d) is at %d", (index, term, expected) => {
    expect(createLog([2, 2, 5, 5, 5]).findConflictByTerm(index, term).index).toBe(expected);
    expect(createLog([2, 2, 5, 5, 5], 2).findConflictByTerm(index, term).index).toBe(expected);
  });

  test.each([
    [30, 3, 30],
    [14, 9, 14],
    [14, 4, 14],
    [14, 3, 12],
    [14, 2, 9],
    [11, 5, 11],
    [10, 5, 10],
    [10, 3, 10],
    [10, 2, 9],
    [9, 2, 9],
    [4, 2, 4],
    [0, 0, 0],
  ])(
    "compacted at 10, terms 3,3,3,4,4,4: the best match for (%d, term %d) is at %d",
    (index, term, expected) => {
      const storage = new MemoryLogStorage();
      storage.applySnapshot({
        data: emptyBytes,
        metadata: { confState: emptyConfState, index: 10, term: 3 },
      });
      storage.append(entriesOf([3, 3, 4, 4, 4], 11));
      expect(new RaftLog(storage, Infinity, null).findConflictByTerm(index, term).index).toBe(expected);
    },
  );

  test.each([
    { terms: [1, 1, 1], prev: [3, 3], append: [], commit: 3, last: null, committed: 0 }, // no match
    { terms: [1, 1, 1], prev: [2, 1], append: [4], commit: 2, last: 3, committed: 2 }, // the leader's commit is the limit
    { terms: [1, 2, 3], prev: [3, 3], append: [4], commit: 9, last: 4, committed: 4 }, // the last new entry is the limit
    { terms: [1, 2, 3], prev: [1, 1], append: [], commit: 3, last: 1, committed: 1 }, // not our own last entry
    { terms: [1, 2, 3], prev: [0, 0], append: [1, 2], commit: 3, last: 2, committed: 2 }, // nothing new, nothing cut
  ])("$terms, after $prev append $append, commit $commit: last $last, committed $committed", (one) => {
    const log = createLog(one.terms);
    const [index = 0, term = 0] = one.prev;
    expect(log.maybeAppend({ index, term }, entriesOf(one.append, index + 1), one.commit)).toBe(one.last);
    expect(log.committed).toBe(one.committed);
  });

  test("a conflict at or below the commit index stops the node", () => {
    const log = createLog([1, 1, 1]);
    log.commitTo(2);
    expect(() => log.maybeAppend({ index: 1, term: 1 }, entriesOf([2], 2), 2)).toThrow(AssertionError);
    expect(() => log.append(entriesOf([2], 2))).toThrow(AssertionError);
    expect(() => log.commitTo(4)).toThrow("Was the raft log corrupted, truncated, or lost?");
    expect(() => log.appliedTo(3, 0)).toThrow(AssertionError);
  });

  test("reads over the border between storage and tail equal reads of one list (all ranges and limits)", () => {
    const all = entriesOf([1, 1, 1, 2, 2, 3]);
    for (let stable = 0; stable <= 6; stable++) {
      const log = createLog([1, 1, 1, 2, 2, 3], stable);
      const twin = new EntryRun(1);
      twin.push(all, 0);
      for (let lo = 1; lo <= 7; lo++) {
        for (let hi = lo; hi <= 7; hi++) {
          for (const bytesMax of [0, 6, 12, 13, 18, 24, Infinity]) {
            const expected = lo === hi ? [] : twin.sliceLimited(lo, hi, bytesMax);
            expect(log.slice(lo, hi, bytesMax)).toEqual(expected);
          }
        }
      }
    }
  });

  test("pages of committed entries follow each other without gaps, and pause at the limit", () => {
    const storage = new MemoryLogStorage();
    storage.append(entriesOf([1, 1, 1, 1, 1]));
    const log = new RaftLog(storage, 13, null); // two entries of 6 bytes
    log.commitTo(5);
    const applied: number[] = [];
    while (log.hasNextCommitted(true)) {
      const page = log.nextCommitted(true);
      log.acceptApplying(page, true);
      expect(log.hasNextCommitted(true)).toBe(false); // cut by the limit: wait
      applied.push(...page.map((one) => one.index));
      log.appliedTo(applied.at(-1) ?? 0, log.applyingBytesOf(page));
    }
    expect(applied).toEqual([1, 2, 3, 4, 5]);
  });

  test("with asynchronous writes only stable entries are handed out", () => {
    const log = createLog([1, 1, 1], 1);
    log.commitTo(3);
    expect(log.nextCommitted(false).map((one) => one.index)).toEqual([1]);
    expect(log.nextCommitted(true).map((one) => one.index)).toEqual([1, 2, 3]);
  });
});

describe("memory storage", () => {
  function create(): MemoryLogStorage {
    const storage = new MemoryLogStorage();
    storage.applySnapshot({ data: emptyBytes, metadata: { confState: emptyConfState, index: 3, term: 3 } });
    storage.append(entriesOf([4, 5], 4));
    return storage;
  }

  test.each([
    [2, "compacted"],
    [3, 3],
    [4, 4],
    [5, 5],
    [6, "unavailable"],
  ])("term of %d: %s", (index, expected) => {
    expect(create().term(index)).toBe(expected);
  });

  test.each([
    [2, 5, "compacted"],
    [3, 4, "compacted"],
    [4, 7, "unavailable"],
    [4, 5, [4]],
    [4, 6, [4, 5]],
  ])("entries [%d, %d): %j", (lo, hi, expected) => {
    const found = create().entries(lo, hi, Infinity);
    expect(typeof found === "string" ? found : found.map((one) => one.term)).toEqual(expected);
  });

  test.each([
    [[1, 2], 1, [4, 5]], // all compacted already
    [[3, 4, 6], 3, [4, 6]], // overlaps what is compacted and what is there
    [[6, 6], 4, [6, 6]],
    [[5], 4, [5]], // truncates
    [[7], 6, [4, 5, 7]],
  ])("appending terms %j from %d leaves %j", (terms, from, expected) => {
    const storage = create();
    storage.append(entriesOf(terms, from));
    const found = storage.entries(4, storage.lastIndex() + 1, Infinity);
    expect(typeof found === "string" ? found : found.map((one) => one.term)).toEqual(expected);
  });

  test("a gap is our mistake, an old snapshot or compaction is refused", () => {
    const storage = create();
    expect(() => storage.append(entriesOf([7], 7))).toThrow("missing log entries between 5 and 7");
    expect(
      storage.applySnapshot({ data: emptyBytes, metadata: { confState: emptyConfState, index: 3, term: 3 } }),
    ).toBe("out-of-date");
    expect(storage.createSnapshot(3, null, emptyBytes)).toBe("out-of-date");
    expect(storage.compact(3)).toBe("compacted");
    expect(() => storage.compact(6)).toThrow(AssertionError);
  });

  test("a snapshot keeps the entries until they are compacted", () => {
    const storage = create();
    expect(storage.createSnapshot(4, null, emptyBytes)).toMatchObject({ metadata: { index: 4, term: 4 } });
    expect([storage.firstIndex(), storage.lastIndex()]).toEqual([4, 5]);
    expect(storage.compact(4)).toBe("done");
    expect([storage.firstIndex(), storage.term(4), storage.term(5)]).toEqual([5, 4, 5]);
  });
});
