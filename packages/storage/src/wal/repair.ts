/**
 * Sets aside what a cut-off write left behind the last whole record: the bytes are kept in `<segment>.broken` for whoever
 * wants to look, and overwritten with zeros. They were never acknowledged.
 * Source: etcd `server/storage/wal/repair.go`, which truncates instead; zeros keep the space that was prepared.
 */
import type { File, FileSystem } from "../vfs/file-system.js";
import { writeFully } from "../vfs/file-system.js";

export interface TornTail {
  /** Of the segment. */
  readonly path: string;
  /** Behind the last whole record. */
  readonly endOffset: number;
  /** Behind the last non-zero byte; at most `TORN_BYTES_MAX` above `endOffset`. */
  readonly usedBytes: number;
}

export async function repairTail(files: FileSystem, segment: File, tail: TornTail): Promise<void> {
  const torn = Buffer.alloc(tail.usedBytes - tail.endOffset);
  await segment.read(torn, tail.endOffset);
  const copy = await files.open(`${tail.path}.broken`, "create");
  try {
    await writeFully(copy, torn, 0);
  } finally {
    await copy.close();
  }
  await writeFully(segment, torn.fill(0), tail.endOffset);
}
