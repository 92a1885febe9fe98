/** What a store is told when it opens, and what it tells of itself. */
import type { CommitListener } from "./store-api.js";
import type { WriteBehindLimits } from "./write-behind.js";

export interface StoreOptions {
  /** Lets other work of the process run; awaited between chunks of long work. */
  readonly yieldTurn: () => Promise<void>;
  /** Memory for encoded records; what the engine does not have yet may exceed it. */
  readonly cacheBytesMax?: number;
  /** `needsBackpressure` beyond this many bytes not in the engine. */
  readonly unwrittenBytesMax?: number;
  /** An engine batch ends with the first entry that brings it to this many rows ... */
  readonly batchRowsMax?: number;
  /** ... or bytes. */
  readonly batchBytesMax?: number;
  /** Hash what each compaction leaves (see `CompactionHashes`); the driver then calls `hashCompaction`. */
  readonly hashCompactions?: boolean;
  readonly onCommit?: CommitListener;
}

export const CACHE_BYTES_MAX: number = 64 * 1024 * 1024;
const UNWRITTEN_BYTES_MAX: number = 64 * 1024 * 1024;
const BATCH_ROWS_MAX = 4096;
const BATCH_BYTES_MAX: number = 4 * 1024 * 1024;

export function writeBehindLimits(options: StoreOptions): WriteBehindLimits {
  return {
    batchRowsMax: options.batchRowsMax ?? BATCH_ROWS_MAX,
    batchBytesMax: options.batchBytesMax ?? BATCH_BYTES_MAX,
    unwrittenBytesMax: options.unwrittenBytesMax ?? UNWRITTEN_BYTES_MAX,
  };
}

export interface StoreStatistics {
  /** Keys in the index, deleted ones that await compaction included. */
  readonly keyCount: number;
  readonly liveKeyCount: number;
  readonly revisionCount: number;
  /** What the revisions take as rows of the engine, keys and values. */
  readonly revisionBytes: number;
  /** Memory for encoded records. */
  readonly cacheBytes: number;
  readonly unwrittenBytes: number;
}
