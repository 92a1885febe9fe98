import { emptyHardState } from "@quorate/raft";
import { describe, expect, test } from "vitest";
import { CorruptionError, OperationalError } from "../errors.js";
import {
  appended,
  createMemoryDisk,
  settle,
  smallLimits,
  testConfState,
  testEntries,
  testEntry,
  testMetadata,
  testState,
  wideLimits,
} from "../testing/wal-fixtures.js";
import type { MemoryFiles } from "../vfs/memory-files.js";
import { createWal, openWal, walExists } from "./create-wal.js";
import { readLog } from "./log-contents.js";
import type { SegmentName } from "./segment-name.js";
import { parseSegmentName } from "./segment-name.js";
import { readSegment } from "./segment-reader.js";
import type { Wal } from "./wal.js";

const DIR = "/member/wal";

async function filledLog(count: number, limits = smallLimits): Promise<{ files: MemoryFiles; wal: Wal }> {
  const files = await createMemoryDisk();
  const wal = await createWal(files, DIR, testMetadata, limits);
  for (let i = 1; i <= count; i++)
    await appended(wal, { entries: [testEntry(i, 1)], hardState: testState(1, i) });
  return { files, wal };
}

describe("log", () => {
  test("is empty when new, and knows its node", async () => {
    const files = await createMemoryDisk();
    expect(await walExists(files, DIR)).toBe(false);
    const wal = await createWal(files, DIR, testMetadata, smallLimits);
    await wal.close();
    expect(await walExists(files, DIR)).toBe(true);
    const log = await openWal(files, DIR, undefined, smallLimits);
    expect(log.metadata).toEqual(testMetadata);
    expect(log.entries).toEqual([]);
    expect(log.hardState).toEqual(emptyHardState);
    expect(log.snapshot).toEqual({ index: 0, term: 0, confState: undefined });
    await log.wal.close();
  });

  test("gives back what was appended, across many segments and reopenings", async () => {
    const files = await createMemoryDisk();
    let wal = await createWal(files, DIR, testMetadata, smallLimits);
    for (let round = 0; round < 6; round++) {
      for (let i = 1; i <= 20; i++) {
        await appended(wal, {
          entries: [testEntry(round * 20 + i, round + 1)],
          hardState: testState(round + 1, 0),
        });
      }
      await wal.close();
      const log = await openWal(files, DIR, undefined, smallLimits);
      expect(log.tornBytes).toBe(0);
      expect(log.entries.map((entry) => entry.index)).toEqual(
        Array.from({ length: round * 20 + 20 }, (_, i) => i + 1),
      );
      expect(log.entries.map((entry) => Buffer.from(entry.data).toString())).toEqual(
        log.entries.map((entry) => Buffer.from(testEntry(entry.index, entry.term).data).toString()),
      );
      expect(log.hardState).toEqual(testState(round + 1, 0));
      wal = log.wal;
    }
    expect(wal.segmentNames.length).toBeGreaterThan(3);
    await wal.close();
  });

  test("names a segment after its sequence and its first entry, also when it is cut within a batch", async () => {
    const { files, wal } = await filledLog(40);
    await appended(wal, { entries: testEntries(41, 120, 1) });
    await wal.close();
    expect(wal.segmentNames.length).toBeGreaterThan(3);
    for (const [i, name] of wal.segmentNames.entries()) {
      const segment = parseSegmentName(name) as SegmentName;
      expect(segment.sequence).toBe(i);
      const path = `${DIR}/${name}`;
      const contents = await readSegment(await files.open(path, "read"), segment, { path, last: true });
      expect(segment.firstIndex).toBe(i === 0 ? 0 : contents.entries[0]?.index);
    }
  });

  test("writes everything that arrives during a write as one group, and answers in order", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, wideLimits);
    const order: number[] = [];
    for (let i = 1; i <= 10; i++) wal.append({ entries: [testEntry(i, 1)] }, () => order.push(i));
    expect(order).toEqual([]);
    await settle(1);
    expect(order).toEqual([1]);
    await settle(1);
    expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await wal.close();
  });

  test("refuses an append when the queue is full and takes it again afterwards", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, smallLimits);
    let index = 1;
    let answered = 0;
    while (wal.append({ entries: [testEntry(index, 1, 1000)] }, () => answered++)) index++;
    expect(wal.queuedBytes).toBeGreaterThanOrEqual(smallLimits.queueBytesMax);
    await wal.flush();
    expect(answered).toBe(index - 1);
    await appended(wal, { entries: [testEntry(index, 1)] });
    await wal.close();
    expect((await readLog(files, DIR, undefined)).entries.length).toBe(index);
  });

  test("answers a batch without records only after what came before it", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, wideLimits);
    const order: string[] = [];
    wal.append({ entries: [] }, () => order.push("idle"));
    wal.append({ entries: [testEntry(1, 1)] }, () => order.push("first"));
    wal.append({ entries: [] }, () => order.push("behind first"));
    wal.append({ entries: [testEntry(2, 1)] }, () => order.push("second"));
    await wal.flush();
    expect(order).toEqual(["idle", "first", "behind first", "second"]);
    await wal.close();
  });

  test("lets later entries replace the tail, also across segments", async () => {
    const { files, wal } = await filledLog(40);
    await appended(wal, { entries: testEntries(18, 22, 2), hardState: testState(2, 17) });
    await wal.close();
    const log = await readLog(files, DIR, undefined);
    expect(log.entries.map((entry) => entry.term)).toEqual([...Array(17).fill(1), 2, 2, 2, 2]);
    expect(log.hardState).toEqual(testState(2, 17));
  });

  test("holds a lazily recorded state for the next append, and for close", async () => {
    const { files, wal } = await filledLog(3, wideLimits);
    wal.appendLazily(testState(1, 2));
    wal.appendLazily(testState(1, 3));
    await wal.close();
    expect((await readLog(files, DIR, undefined)).hardState).toEqual(testState(1, 3));
  });

  test("takes nothing more once it is being closed, and finishes what it had taken", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, wideLimits);
    const answers = [
      appended(wal, { entries: [testEntry(1, 1)] }),
      appended(wal, { entries: [testEntry(2, 1)] }),
    ];
    const closed = wal.close();
    await expect(appended(wal, { entries: [testEntry(3, 1)] })).rejects.toMatchObject({ code: "closed" });
    await Promise.all([...answers, closed, wal.close()]);
    expect((await readLog(files, DIR, undefined)).entries.length).toBe(2);
  });

  test("refuses a snapshot record without members", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, wideLimits);
    const snapshot = { index: 5, term: 1, confState: undefined };
    expect(() => wal.append({ entries: [], snapshot }, () => {})).toThrow(/needs the configuration/);
    await wal.close();
  });

  test("splits a batch that is larger than a group or a segment", async () => {
    const files = await createMemoryDisk();
    const wal = await createWal(files, DIR, testMetadata, smallLimits);
    await appended(wal, { entries: testEntries(1, 200, 3, 100), hardState: testState(3, 100) });
    await appended(wal, { entries: [testEntry(200, 3, 20_000)] });
    await appended(wal, { entries: [testEntry(201, 3)] });
    await wal.close();
    const log = await readLog(files, DIR, undefined);
    expect(log.entries.length).toBe(201);
    expect(log.entries[199]?.data.length).toBe(20_000);
    expect(log.segments.length).toBeGreaterThan(5);
  });
});

describe("log start", () => {
  test("is the newest snapshot record that the commit index covers", async () => {
    const { files, wal } = await filledLog(40);
    const snapshot = { index: 30, term: 1, confState: testConfState };
    await appended(wal, { entries: [], snapshot });
    await appended(wal, { entries: [], snapshot: { index: 45, term: 1, confState: testConfState } });
    await wal.close();
    const log = await readLog(files, DIR, undefined);
    expect(log.snapshot).toEqual(snapshot);
    expect(log.entries.map((entry) => entry.index)).toEqual([31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
  });

  test("can be asked for, and must then be in the log", async () => {
    const { files, wal } = await filledLog(20);
    await appended(wal, { entries: [], snapshot: { index: 10, term: 1, confState: testConfState } });
    await wal.close();
    expect((await readLog(files, DIR, { index: 0, term: 0 })).entries.length).toBe(20);
    expect((await readLog(files, DIR, { index: 10, term: 1 })).entries[0]?.index).toBe(11);
    await expect(readLog(files, DIR, { index: 10, term: 2 })).rejects.toThrow(OperationalError);
    await expect(readLog(files, DIR, { index: 11, term: 1 })).rejects.toMatchObject({ code: "missing" });
  });

  test("may follow an installed snapshot that lies ahead of every entry", async () => {
    const { files, wal } = await filledLog(5, wideLimits);
    const snapshot = { index: 100, term: 4, confState: testConfState };
    await appended(wal, { entries: testEntries(101, 103, 4), snapshot, hardState: testState(4, 101) });
    await wal.close();
    const log = await readLog(files, DIR, undefined);
    expect(log.snapshot).toEqual(snapshot);
    expect(log.entries.map((entry) => entry.index)).toEqual([101, 102]);
    await expect(readLog(files, DIR, { index: 0, term: 0 })).rejects.toThrow(/entry 101 follows entry 5/);
  });

  test("does not need the segments before it", async () => {
    const { files, wal } = await filledLog(60);
    await appended(wal, { entries: [], snapshot: { index: 50, term: 1, confState: testConfState } });
    wal.releaseTo(50);
    expect(await wal.purge(1)).toBeGreaterThan(0);
    expect(await wal.purge(1)).toBe(0);
    await wal.close();
    expect(await files.list(DIR)).toEqual(wal.segmentNames);
    const log = await openWal(files, DIR, undefined, smallLimits);
    expect(log.entries.map((entry) => entry.index)).toEqual([51, 52, 53, 54, 55, 56, 57, 58, 59, 60]);
    await appended(log.wal, { entries: [testEntry(61, 1)] });
    await log.wal.close();
  });
});

describe("purge", () => {
  /** Eleven segments whose first indexes are 0, 1, ..., 10. */
  async function elevenSegments(disk?: MemoryFiles): Promise<Wal> {
    const files = disk ?? (await createMemoryDisk());
    const wal = await createWal(files, DIR, testMetadata, { ...smallLimits, segmentCutBytes: 1 });
    for (let i = 0; i <= 9; i++) await appended(wal, { entries: [testEntry(Math.max(i, 1), 1)] });
    await appended(wal, { entries: [testEntry(10, 1)] });
    return wal;
  }
  const firstIndexes = (wal: Wal): number[] =>
    wal.segmentNames.map((name) => Number.parseInt(name.slice(17, 33), 16));

  test("keeps the newest segment that starts below the released index, and all behind it", async () => {
    const wal = await elevenSegments();
    const before = firstIndexes(wal);
    wal.releaseTo(5);
    await wal.purge(1);
    const firstKept = before.findLast((index) => index < 5) as number;
    expect(firstIndexes(wal)).toEqual(before.filter((index) => index >= firstKept));
    wal.releaseTo(15);
    await wal.purge(1);
    expect(firstIndexes(wal)).toEqual([10]);
    await wal.close();
  });

  test("a segment that can't be deleted stays the oldest: deleting its successor would leave a gap", async () => {
    const files = await createMemoryDisk();
    const wal = await elevenSegments(files);
    const oldest = wal.segmentNames[0];
    const remove = files.remove.bind(files);
    files.remove = () => Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM" }));
    wal.releaseTo(5);
    await expect(wal.purge(1)).rejects.toMatchObject({ code: "io" });
    expect(wal.segmentNames[0]).toBe(oldest);
    files.remove = remove;
    await wal.purge(1);
    expect(wal.segmentNames[0]).not.toBe(oldest);
    expect(await files.list(DIR)).toEqual(expect.arrayContaining(wal.segmentNames));
    expect(await files.list(DIR)).not.toContain(oldest);
    await wal.close();
  });

  test("keeps as many as it is told to", async () => {
    const wal = await elevenSegments();
    wal.releaseTo(15);
    await wal.purge(5);
    expect(wal.segmentNames.length).toBe(5);
    await wal.close();
  });
});

describe("damage", () => {
  test("is refused with file and offset when a bit flips in any byte of a middle record", async () => {
    const { files, wal } = await filledLog(60);
    await wal.close();
    const first = `${DIR}/${wal.segmentNames[1] as string}`;
    const bytes = files.contents(first);
    for (let offset = 200; offset < 400; offset++) {
      bytes[offset] = (bytes[offset] as number) ^ 0x10;
      const error: unknown = await readLog(files, DIR, undefined).catch((thrown: unknown) => thrown);
      bytes[offset] = (bytes[offset] as number) ^ 0x10;
      expect(error).toBeInstanceOf(CorruptionError);
      const { file, offset: found, message } = error as CorruptionError;
      expect(file).toBe(first);
      expect(found).toBeLessThanOrEqual(offset);
      expect(found).toBeGreaterThan(offset - 128);
      expect(message).toContain("restore this member");
    }
    expect((await readLog(files, DIR, undefined)).entries.length).toBe(60);
  });

  test("is refused when a segment is missing", async () => {
    const { files, wal } = await filledLog(60);
    await wal.close();
    await files.remove(`${DIR}/${wal.segmentNames[1] as string}`);
    await expect(readLog(files, DIR, undefined)).rejects.toThrow(/the segment before it is missing/);
  });

  test("is refused when a segment of another log was put in place", async () => {
    const { files, wal } = await filledLog(60);
    await wal.close();
    const other = await filledLog(59);
    await appended(other.wal, { entries: [testEntry(60, 2)] });
    await other.wal.close();
    const name = wal.segmentNames[1] as string;
    const swapped = files.contents(`${DIR}/${name}`);
    swapped.set(new Uint8Array(8).fill(0x11), 8);
    await expect(readLog(files, DIR, undefined)).rejects.toThrow(CorruptionError);
  });

  test("is refused when the commit index lies behind the last entry", async () => {
    const { files, wal } = await filledLog(5, wideLimits);
    await appended(wal, { entries: [], hardState: testState(1, 9) });
    await wal.close();
    await expect(readLog(files, DIR, undefined)).rejects.toThrow(
      /commit index 9 lies behind the last entry 5/,
    );
  });

  test("is refused when a zeroed frame is followed by more than one write can hold", async () => {
    const { files, wal } = await filledLog(3, { ...wideLimits, segmentCutBytes: 64e6, queueBytesMax: 64e6 });
    await appended(wal, { entries: testEntries(4, 24, 1, 1_000_000) });
    await wal.close();
    const path = `${DIR}/${wal.segmentNames[0] as string}`;
    files.contents(path).fill(0, 64, 256);
    await expect(readLog(files, DIR, undefined)).rejects.toThrow(/too many for one write|more bytes follow/);
  });

  test("creation refuses a folder that holds anything", async () => {
    const files = await createMemoryDisk();
    await files.makeDirectory(DIR);
    await (await files.open(`${DIR}/notes.txt`, "create")).close();
    await expect(createWal(files, DIR, testMetadata, smallLimits)).rejects.toMatchObject({ code: "foreign" });
    expect(await files.list(DIR)).toEqual(["notes.txt"]);
  });

  test("a log that was never created is missing, not damaged", async () => {
    const files = await createMemoryDisk();
    await files.makeDirectory(DIR);
    await expect(openWal(files, DIR)).rejects.toMatchObject({ code: "missing" });
  });
});
