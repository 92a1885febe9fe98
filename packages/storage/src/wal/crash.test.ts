/**
 * The promise of the log, tried at every point where it could break: whatever was acknowledged is there after the crash,
 * whatever is there was once appended, in order, and the log goes on from there.
 */
import type { Entry } from "@quorate/raft";
import { Prng } from "@quorate/std";
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
} from "../testing/wal-fixtures.js";
import type { Fault, Tear } from "../vfs/faulty-files.js";
import { FaultyFiles, tearAfter, tearNothing } from "../vfs/faulty-files.js";
import type { MemoryFiles } from "../vfs/memory-files.js";
import { createWal, openWal, walExists } from "./create-wal.js";
import type { Wal, WalBatch } from "./wal.js";

const DIR = "/member/wal";

/** A life of a log: overwritten tails, snapshots, empty and large entries, several cuts, one purge. */
const BATCHES: readonly WalBatch[] = [
  { entries: testEntries(1, 4, 1), hardState: testState(1, 0) },
  { entries: testEntries(4, 9, 1, 150), hardState: testState(1, 3) },
  { entries: [testEntry(9, 1, 0)] },
  { entries: testEntries(7, 12, 2, 90), hardState: testState(2, 6) },
  { entries: [], snapshot: { index: 5, term: 1, confState: testConfState } },
  { entries: [testEntry(12, 2, 1500)], hardState: testState(2, 11) },
  { entries: testEntries(13, 30, 2, 60) },
  { entries: [], hardState: testState(3, 29) },
  { entries: testEntries(30, 36, 3, 300), hardState: testState(3, 29) },
];

interface Life {
  readonly inner: MemoryFiles;
  readonly files: FaultyFiles;
  acknowledged: number;
  failed: number;
  wal: Wal | undefined;
}

/** Lives until the end or the fault. Every other batch is appended without waiting, so that groups form. */
async function live(faultAt: number, fault: Fault, batches: readonly WalBatch[] = BATCHES): Promise<Life> {
  const inner = await createMemoryDisk();
  const life: Life = {
    inner,
    files: new FaultyFiles(inner, faultAt, fault),
    acknowledged: 0,
    failed: 0,
    wal: undefined,
  };
  const run = async (): Promise<void> => {
    const wal = await createWal(life.files, DIR, testMetadata, smallLimits);
    life.wal = wal;
    for (const [i, batch] of batches.entries()) {
      const answered = appended(wal, batch).then(
        () => void life.acknowledged++,
        () => void life.failed++,
      );
      if (i % 2 === 0 || batch.snapshot !== undefined) await answered;
      if (batch.snapshot !== undefined && wal.failure === undefined) {
        wal.releaseTo(batch.snapshot.index);
        await wal.purge(2).catch(() => 0);
      }
    }
    await wal.close();
  };
  const end = run().catch(() => {});
  let over = false;
  void end.then(() => (over = true));
  for (let turns = 0; !over && !life.files.crashed && turns < 10_000; turns++) await settle(1);
  await settle(3);
  return life;
}

/** What the log may hold after a crash: the result of any number of records from the acknowledged ones on. */
function admissible(acknowledged: number, batches: readonly WalBatch[]): Set<string> {
  const results = new Set<string>();
  let log: Entry[] = [];
  for (const [i, batch] of batches.entries()) {
    for (const entry of batch.entries) {
      if (i >= acknowledged) results.add(describeEntries(log));
      log = [...log.slice(0, entry.index - 1), entry];
    }
  }
  return results.add(describeEntries(log));
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${entry.index}/${entry.term}/${entry.data.length}`).join(" ");
}

/** Opens what the crash left, compares with the promise, and lets life go on. */
async function checkAfterCrash(
  disk: MemoryFiles,
  acknowledged: number,
  label: string,
  batches: readonly WalBatch[] = BATCHES,
): Promise<void> {
  if (!(await walExists(disk, DIR))) {
    expect(acknowledged, label).toBe(0);
    const wal = await createWal(disk, DIR, testMetadata, smallLimits);
    await wal.close();
    return;
  }
  const fromSnapshot = await openWal(disk, DIR, undefined, smallLimits);
  const start = fromSnapshot.snapshot;
  const promised = [...admissible(acknowledged, batches)].map((text) =>
    text
      .split(" ")
      .filter((entry) => entry !== "" && Number.parseInt(entry, 10) > start.index)
      .join(" "),
  );
  expect(promised, label).toContain(describeEntries(fromSnapshot.entries));
  const states = batches.slice(0, acknowledged).filter((batch) => batch.hardState !== undefined);
  expect(fromSnapshot.hardState.term, label).toBeGreaterThanOrEqual(states.at(-1)?.hardState?.term ?? 0);
  expect(fromSnapshot.metadata, label).toEqual(testMetadata);

  const next = start.index + fromSnapshot.entries.length + 1;
  await appended(fromSnapshot.wal, {
    entries: testEntries(next, next + 3, 9),
    hardState: testState(9, next),
  });
  await fromSnapshot.wal.close();
  const again = await openWal(disk, DIR, undefined, smallLimits);
  expect(again.tornBytes, label).toBe(0);
  expect(again.entries.at(-1)?.index, label).toBe(next + 2);
  expect(again.hardState, label).toEqual(testState(9, next));
  await again.wal.close();
}

async function changesOfALife(): Promise<number> {
  const life = await live(Number.POSITIVE_INFINITY, { kind: "crash", tear: tearNothing });
  expect(life.acknowledged).toBe(BATCHES.length);
  return life.files.changeCount;
}

/** Keeps some of the disk's sectors and not others; within one, a write is there or is not. */
function sectorTear(seed: number): Tear {
  const prng = new Prng(seed);
  const kept = Array.from({ length: 64 }, () => prng.chance(0.5));
  return (index, _, position) => kept[Math.floor((position + index) / 512) % 64] as boolean;
}

describe("a crash", () => {
  const tears: [string, Tear][] = [
    ["nothing written", tearNothing],
    ["one byte", tearAfter(1)],
    ["half a frame head", tearAfter(5)],
    ["100 bytes", tearAfter(100)],
    ["one sector", tearAfter(512)],
    ["all but a byte", (index, length) => index < length - 1],
    ["everything written", () => true],
  ];
  for (const [name, tear] of tears) {
    test(`at every change of the disk loses nothing acknowledged (${name} of the write under way)`, async () => {
      const changes = await changesOfALife();
      expect(changes).toBeGreaterThan(30);
      for (let at = 0; at < changes; at++) {
        const life = await live(at, { kind: "crash", tear });
        for (const names of ["lost", "kept"] as const) {
          await checkAfterCrash(
            life.inner.crashed(names),
            life.acknowledged,
            `crash at change ${at}, names ${names}`,
          );
        }
      }
    });
  }

  test("with the last group torn at every length loses nothing acknowledged", async () => {
    const disk = await createMemoryDisk();
    const wal = await createWal(disk, DIR, testMetadata, { ...smallLimits, segmentCutBytes: 8192 });
    for (const batch of BATCHES.slice(0, 3)) await appended(wal, batch);
    const path = `${DIR}/${wal.segmentNames[0] as string}`;
    const before = disk.contents(path).slice();
    await appended(wal, BATCHES[3] as WalBatch);
    await wal.close();
    const after = disk.contents(path).slice();
    const from = before.findLastIndex((byte) => byte !== 0) + 1;
    const to = after.findLastIndex((byte) => byte !== 0) + 1;
    expect(to - from).toBeGreaterThan(500);
    for (let end = from; end <= to; end++) {
      const torn = disk.crashed("kept");
      torn.contents(path).fill(0, end);
      await checkAfterCrash(torn, 3, `tail torn at byte ${end}`);
    }
  });

  test("that loses any sectors of the last group loses nothing acknowledged (200 seeds)", async () => {
    const disk = await createMemoryDisk();
    const wal = await createWal(disk, DIR, testMetadata, { ...smallLimits, segmentCutBytes: 16384 });
    for (const batch of BATCHES.slice(0, 5)) await appended(wal, batch);
    const path = `${DIR}/${wal.segmentNames[0] as string}`;
    const before = disk.contents(path).slice();
    const batch: WalBatch = { entries: testEntries(12, 24, 2, 400), hardState: testState(2, 11) };
    await appended(wal, batch);
    await wal.close();
    const length = before.findLastIndex((byte) => byte !== 0) + 1;
    for (let seed = 0; seed < 200; seed++) {
      const torn = disk.crashed("kept");
      const bytes = torn.contents(path);
      const prng = new Prng(seed);
      for (let sector = Math.floor(length / 512); sector * 512 < bytes.length; sector++) {
        if (prng.chance(0.5)) continue;
        const sectorBytes = bytes.subarray(sector * 512, sector * 512 + 512);
        sectorBytes.fill(0);
        sectorBytes.set(before.subarray(sector * 512, sector * 512 + 512));
      }
      const log = await openWal(torn, DIR, { index: 0, term: 0 }, smallLimits);
      const all = [...testEntries(1, 7, 1), ...testEntries(7, 12, 2), ...testEntries(12, 24, 2)];
      const indexes = all.map((entry) => `${entry.index}/${entry.term}`);
      const found = log.entries.map((entry) => `${entry.index}/${entry.term}`);
      expect(found.length).toBeGreaterThanOrEqual(11);
      expect(found).toEqual(indexes.slice(0, found.length));
      await log.wal.close();
    }
  });

  test("in the middle of recovery leaves a log that can be recovered again", async () => {
    const life = await live(25, { kind: "crash", tear: tearAfter(40) });
    const image = life.inner.crashed("lost");
    for (let at = 0; at < 12; at++) {
      for (const tear of [tearNothing, tearAfter(20), sectorTear(at)]) {
        const disk = image.crashed("kept");
        const second = new FaultyFiles(disk, at, { kind: "crash", tear });
        void openWal(second, DIR, undefined, smallLimits).then(
          (log) => log.wal.close(),
          () => {},
        );
        await settle(30);
        await checkAfterCrash(disk.crashed("lost"), life.acknowledged, `second crash at change ${at}`);
      }
    }
  });
});

/** Random appends that a raft member could make: what is committed is never overwritten, snapshots lie below it. */
function randomBatches(prng: Prng): WalBatch[] {
  const batches: WalBatch[] = [];
  let [last, commit, term] = [0, 0, 1];
  for (let i = 4 + prng.below(12); i > 0; i--) {
    if (prng.chance(0.2)) term++;
    if (prng.chance(0.15) && commit > 0) {
      const snapshot = { index: 1 + prng.below(commit), term: 1, confState: testConfState };
      batches.push({ entries: [], snapshot });
      continue;
    }
    const from = prng.chance(0.25) ? commit + 1 + prng.below(last - commit + 1) : last + 1;
    const to = from + (prng.chance(0.1) ? 0 : 1 + prng.below(12));
    if (to > from) last = to - 1;
    commit += prng.below(last - commit + 1);
    const hardState = prng.chance(0.6) || commit === last ? testState(term, commit) : undefined;
    if (hardState === undefined)
      commit = batches.findLast((batch) => batch.hardState)?.hardState?.commit ?? 0;
    batches.push({ entries: testEntries(from, to, term, prng.below(300)), hardState });
  }
  return batches;
}

describe("random lives", () => {
  test("end in random crashes and lose nothing acknowledged (1000 seeds)", async () => {
    for (let seed = 0; seed < 1000; seed++) {
      const prng = new Prng(seed);
      const batches = randomBatches(prng);
      const tear = prng.chance(0.5) ? tearAfter(prng.below(3000)) : sectorTear(seed);
      const life = await live(prng.below(60), { kind: "crash", tear }, batches);
      const names = prng.pick(["lost", "kept"] as const);
      await checkAfterCrash(life.inner.crashed(names), life.acknowledged, `seed ${seed}`, batches);
    }
  });
});

describe("a failing disk", () => {
  for (const code of ["ENOSPC", "EIO"]) {
    for (const once of [true, false]) {
      test(`fails every waiter, acknowledges nothing more, and keeps what was acknowledged (${code}, once: ${once})`, async () => {
        const changes = await changesOfALife();
        let failures = 0;
        for (let at = 0; at < changes; at++) {
          const life = await live(at, { kind: "error", code, tear: tearAfter(30), once });
          failures += life.failed;
          if (life.wal !== undefined) {
            expect(life.acknowledged + life.failed, `fault at change ${at}`).toBe(BATCHES.length);
            if (life.failed > 0) {
              expect(life.wal.failure?.code).toBe(code === "ENOSPC" ? "no-space" : "io");
              await expect(appended(life.wal, { entries: [] })).rejects.toBe(life.wal.failure);
            }
          }
          await checkAfterCrash(life.inner.crashed("kept"), life.acknowledged, `fault at change ${at}`);
        }
        expect(failures).toBeGreaterThan(0);
      });
    }
  }

  test("a failed creation leaves no folder behind", async () => {
    for (let at = 0; at < 6; at++) {
      const life = await live(at, { kind: "error", code: "ENOSPC", tear: tearNothing, once: true });
      if (life.wal === undefined) expect(await life.inner.list("/member")).toEqual([]);
    }
  });
});
