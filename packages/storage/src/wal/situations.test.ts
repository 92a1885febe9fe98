/** Situations of the log that are easy to get wrong. The list, with those that other tests cover, is docs/reference/situations.md. */
import { describe, expect, test } from "vitest";
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
import { FaultyFiles, tearNothing } from "../vfs/faulty-files.js";
import type { File, FileSystem, OpenMode } from "../vfs/file-system.js";
import type { MemoryFiles } from "../vfs/memory-files.js";
import { createWal, openWal, walExists } from "./create-wal.js";
import { readLog } from "./log-contents.js";
import { parseSegmentName, type SegmentName } from "./segment-name.js";
import { readSegment } from "./segment-reader.js";
import type { Wal } from "./wal.js";

const DIR = "/member/wal";

async function create(limits = wideLimits): Promise<{ files: MemoryFiles; wal: Wal; path: string }> {
  const files = await createMemoryDisk();
  const wal = await createWal(files, DIR, testMetadata, limits);
  return { files, wal, path: `${DIR}/${wal.segmentNames[0] as string}` };
}

/** Behind the last byte that is not zero. */
const usedBytes = (files: MemoryFiles, path: string): number =>
  files.contents(path).findLastIndex((byte) => byte !== 0) + 1;

describe("a save", () => {
  test("of nothing writes nothing, and one of a commit index alone waits for company", async () => {
    const { files, wal, path } = await create();
    await appended(wal, { entries: [testEntry(1, 1)], hardState: testState(1, 0) });
    const used = usedBytes(files, path);
    await appended(wal, { entries: [] });
    wal.appendLazily(testState(1, 1));
    expect([wal.queuedBytes, usedBytes(files, path)]).toEqual([0, used]);
    await appended(wal, { entries: [testEntry(2, 1)] });
    expect((await readLog(files, DIR, undefined)).hardState).toEqual(testState(1, 1));
    await wal.close();
  });

  test("of a commit index lies behind the entries that were saved before it, however they are torn", async () => {
    const { files, wal, path } = await create();
    await appended(wal, { entries: [testEntry(1, 1)], hardState: testState(1, 0) });
    const from = usedBytes(files, path);
    const waiting = appended(wal, { entries: testEntries(2, 6, 1) });
    wal.appendLazily(testState(1, 5));
    await waiting;
    await appended(wal, { entries: [testEntry(6, 1)] });
    await wal.close();
    const to = usedBytes(files, path);
    for (let end = from; end <= to; end++) {
      const torn = files.crashed("kept");
      torn.contents(path).fill(0, end);
      const log = await readLog(torn, DIR, undefined);
      expect(log.hardState.commit).toBeLessThanOrEqual(log.entries.length);
    }
  });
});

describe("opening to write", () => {
  test("leaves zeros behind the last whole record, so that what was there is not read as going on", async () => {
    const { files, wal, path } = await create();
    const ends: number[] = [];
    for (let i = 1; i <= 5; i++) {
      await appended(wal, { entries: [testEntry(i, 1, 600)] });
      ends.push(usedBytes(files, path));
    }
    await wal.close();
    // A crash that lost the sector with the head of entry 4 and kept entry 5 behind it.
    const [, , third = 0] = ends;
    const lost = Math.ceil(third / 8) * 8;
    files.contents(path).fill(0, lost, Math.ceil(lost / 512) * 512);
    const log = await openWal(files, DIR, undefined, wideLimits);
    expect(log.entries).toHaveLength(3);
    expect(log.tornBytes).toBeGreaterThan(0);
    expect(usedBytes(files, path)).toBeLessThanOrEqual(lost);
    // Of the same length as the lost one: an old entry 5 would come right behind it.
    await appended(log.wal, { entries: [testEntry(4, 2, 600)] });
    await log.wal.close();
    expect((await readLog(files, DIR, undefined)).entries.map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
    ]);
  });
});

/** Writes down which names appear and which folders are synced, and what each new name held at that moment. */
class WatchedFiles implements FileSystem {
  readonly events: string[] = [];
  readonly #inner: MemoryFiles;

  constructor(inner: MemoryFiles) {
    this.#inner = inner;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#inner.makeDirectory(path);
  }
  list(path: string): Promise<string[]> {
    return this.#inner.list(path);
  }
  exists(path: string): Promise<boolean> {
    return this.#inner.exists(path);
  }
  open(path: string, mode: OpenMode): Promise<File> {
    return this.#inner.open(path, mode);
  }
  remove(path: string): Promise<void> {
    return this.#inner.remove(path);
  }
  async rename(from: string, to: string): Promise<void> {
    if (to.endsWith(".wal")) {
      const segment = parseSegmentName(to.slice(to.lastIndexOf("/") + 1)) as SegmentName;
      const { metadata, hardState, entries } = await readSegment(
        await this.#inner.open(from, "read"),
        segment,
        {
          path: from,
          last: true,
        },
      );
      // None yet when it was the state that did not fit any more.
      const first = (entries[0]?.index ?? segment.firstIndex) === segment.firstIndex;
      this.events.push(
        `name ${[metadata?.nodeId === testMetadata.nodeId, hardState?.term === 1, first].join(" ")}`,
      );
    }
    await this.#inner.rename(from, to);
  }
  async syncDirectory(path: string): Promise<void> {
    this.events.push(`sync ${path}`);
    await this.#inner.syncDirectory(path);
  }
}

test("a new segment knows its node and the state, and has its name only when it is whole; then the folder is synced", async () => {
  const files = new WatchedFiles(await createMemoryDisk());
  const wal = await createWal(files, DIR, testMetadata, smallLimits);
  files.events.length = 0;
  for (let i = 1; i <= 60; i++) {
    const before = wal.segmentNames.length;
    await appended(wal, { entries: [testEntry(i, 1)], hardState: testState(1, 0) });
    // Acknowledged means that the name, too, is there to stay.
    if (wal.segmentNames.length > before) expect(files.events.at(-1)).toBe(`sync ${DIR}`);
  }
  await wal.close();
  expect(files.events.length).toBeGreaterThan(3);
  for (let i = 0; i < files.events.length; i += 2) {
    expect(files.events.slice(i, i + 2)).toEqual(["name true true true", `sync ${DIR}`]);
  }
});

describe("a data directory without a log", () => {
  test("that a crash during creation left is taken for new, not for damaged", async () => {
    const createAndCrash = async (at: number): Promise<{ files: FaultyFiles; disk: MemoryFiles }> => {
      const disk = await createMemoryDisk();
      const files = new FaultyFiles(disk, at, { kind: "crash", tear: tearNothing });
      // A crashed disk answers nothing any more, so nobody waits for it.
      void createWal(files, DIR, testMetadata, smallLimits);
      await settle(10);
      return { files, disk };
    };
    const changes = (await createAndCrash(Number.POSITIVE_INFINITY)).files.changeCount;
    expect(changes).toBeGreaterThan(4);
    for (let at = 0; at < changes; at++) {
      for (const names of ["lost", "kept"] as const) {
        const after = (await createAndCrash(at)).disk.crashed(names);
        const exists = await walExists(after, DIR);
        const wal = exists
          ? (await openWal(after, DIR, undefined, smallLimits)).wal
          : await createWal(after, DIR, testMetadata, smallLimits);
        await appended(wal, { entries: [testEntry(1, 1)] });
        await wal.close();
        expect((await readLog(after, DIR, undefined)).entries).toHaveLength(1);
        expect(await after.exists(`${DIR}.tmp`)).toBe(false);
      }
    }
  });

  test("in which an earlier creation left rubbish gets a log, and the rubbish goes", async () => {
    const files = await createMemoryDisk();
    await files.makeDirectory(`${DIR}.tmp`);
    for (const name of ["0000000000000000-0000000000000000.wal", "notes.txt"]) {
      const file = await files.open(`${DIR}.tmp/${name}`, "create");
      await file.truncate(100);
    }
    expect(await walExists(files, DIR)).toBe(false);
    const wal = await createWal(files, DIR, testMetadata, smallLimits);
    await appended(wal, { entries: [], snapshot: { index: 7, term: 1, confState: testConfState } });
    await wal.close();
    expect((await files.list("/member")).sort()).toEqual(["wal"]);
    expect(await files.list(DIR)).toEqual(wal.segmentNames);
  });

  test("but with preparations of a log that was going on opens without them", async () => {
    const { files, wal } = await create(smallLimits);
    await appended(wal, { entries: [testEntry(1, 1)] });
    await wal.close();
    for (const name of ["0.tmp", "1.tmp"]) await (await files.open(`${DIR}/${name}`, "create")).truncate(64);
    const log = await openWal(files, DIR, undefined, smallLimits);
    expect(log.entries).toHaveLength(1);
    await log.wal.close();
    expect(await files.list(DIR)).toEqual(wal.segmentNames);
  });
});
