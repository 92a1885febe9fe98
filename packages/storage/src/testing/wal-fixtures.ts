/** What the log's tests share: small limits, entries that tell who they are, and a log filled to order. */
import type { Entry, HardState } from "@quorate/raft";
import { EntryType, createEntry } from "@quorate/raft";
import { MemoryFiles } from "../vfs/memory-files.js";
import type { FileSystem } from "../vfs/file-system.js";
import type { WalLimits } from "../wal/limits.js";
import type { Wal, WalBatch } from "../wal/wal.js";

/** Segments of a few records, so that every test meets a cut. */
export const smallLimits: WalLimits = {
  segmentCutBytes: 2048,
  segmentBytes: 4096,
  firstFillBytes: 512,
  fillChunkBytes: 512,
  fillAheadBytes: 1024,
  prepareAtBytes: 1024,
  groupBytesMax: 1024,
  queueBytesMax: 64 * 1024,
  pooledBytesMax: 8 * 1024,
};

/** Segments that no test fills. */
export const wideLimits: WalLimits = {
  ...smallLimits,
  segmentCutBytes: 1024 * 1024,
  segmentBytes: 64 * 1024,
  prepareAtBytes: 1024 * 1024,
};

export const testMetadata = { nodeId: 0xfedcba9876543210n, clusterId: 0x1234n };
export const testConfState = {
  voters: [1n, 2n ** 64n - 1n],
  learners: [3n],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** An entry whose payload says its index and term, `byteCount` long. */
export function testEntry(index: number, term: number, byteCount: number = 40): Entry {
  const data = Buffer.alloc(byteCount, `entry ${index} of term ${term};`);
  return createEntry(EntryType.EntryNormal, term, index, data);
}

export function testEntries(from: number, to: number, term: number, byteCount?: number): Entry[] {
  return Array.from({ length: to - from }, (_, i) => testEntry(from + i, term, byteCount));
}

export function testState(term: number, commit: number): HardState {
  return { term, vote: 2n ** 64n - 2n, commit };
}

/** A folder for a log, with its parent on the platter. */
export async function createMemoryDisk(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await prepareParent(files);
  return files;
}

export async function prepareParent(files: FileSystem): Promise<void> {
  await files.makeDirectory("/member");
  await files.syncDirectory("");
}

export function appended(wal: Wal, batch: WalBatch): Promise<void> {
  return new Promise((resolve, reject) => {
    const taken = wal.append(batch, (error) => (error === undefined ? resolve() : reject(error)));
    if (!taken) reject(new Error("the queue is full"));
  });
}

/** Lets everything that is under way in memory come to rest. */
export async function settle(turns: number = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
