/**
 * How RocksDB is set up, and why.
 *
 * Rows are read by exact revision or scanned in order, written once, and deleted by compaction of the history; they also
 * live in the store's own cache. So memory is better spent there than here.
 */
import { availableParallelism } from "node:os";
import type { Options } from "rocksdb-native";

const MIB = 1024 * 1024;

/**
 * One write buffer. The default of 64 MiB, twice over, would be most of what a small member takes; 16 MiB still makes
 * flushes of a useful size (one every quarter of a second at 60 MB/s, which the main thread cannot reach).
 */
export const WRITE_BUFFER_BYTES: number = 16 * MIB;

/**
 * Two can wait for their flush while a third fills. With the block cache, whose 32 MiB the binding does not let us
 * change, the engine's memory is bounded by about 80 MiB.
 */
const WRITE_BUFFERS_MAX = 3;

/** Flush and compaction run on their own threads and compete with the member for processors: two, or a quarter of them. */
const BACKGROUND_JOBS_MIN = 2;

/** Rows a scan fetches per trip to the thread pool; the binding's 8 makes each row five times as dear. */
export const SCAN_ROWS_MIN = 256;
/** A trip that fetched more would hold up the main thread for several milliseconds when it returns. */
export const SCAN_ROWS_MAX = 1024;

export function rocksOptions(): Options {
  return {
    maxBackgroundJobs: Math.max(BACKGROUND_JOBS_MIN, Math.floor(availableParallelism() / 4)),
    // Files are written back while they grow: one large sync at their end would delay the log's.
    bytesPerSync: MIB,
    avoidUnnecessaryBlockingIO: true,
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxWriteBufferNumber: WRITE_BUFFERS_MAX,
    tableBlockSize: 8192,
    // Rows that are asked for exist: a filter on the lowest level, which holds nine rows in ten, would only cost memory.
    optimizeFiltersForHits: true,
  };
}
