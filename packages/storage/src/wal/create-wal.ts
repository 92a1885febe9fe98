/**
 * Births and reopenings of a log.
 *
 * A new log is built in `<dir>.tmp` and renamed, so that a folder named `<dir>` is always a whole log: a machine that stops
 * in the middle leaves a `.tmp` folder, which the next attempt removes.
 */
import type { HardState } from "@quorate/raft";
import { emptyHardState } from "@quorate/raft";
import { OperationalError, toOperationalError } from "../errors.js";
import type { FileSystem } from "../vfs/file-system.js";
import { writeFully } from "../vfs/file-system.js";
import { FrameEncoder } from "./frame-encoder.js";
import type { WalLimits } from "./limits.js";
import { GROUP_BYTES_INITIAL, defaultWalLimits } from "./limits.js";
import type { LogContents, LogStart } from "./log-contents.js";
import { readLog } from "./log-contents.js";
import type { WalMetadata } from "./record.js";
import { RecordType, encodeMetadata, encodeSnapshot } from "./record.js";
import { repairTail } from "./repair.js";
import { Segment } from "./segment.js";
import { createSegmentName, listSegments } from "./segment-name.js";
import { Wal } from "./wal.js";

/** Whether `dir` holds a log (not whether it is sound). */
export async function walExists(files: FileSystem, dir: string): Promise<boolean> {
  if (!(await files.exists(dir))) return false;
  return listSegments(await files.list(dir)).length > 0;
}

/**
 * Creates a log in folder `dir`, which must not exist or be empty; its parent must exist. Durable when it resolves.
 * Errors: `OperationalError` `foreign` when the folder holds anything, `no-space` or `io`; then `dir` is as before.
 */
export async function createWal(
  files: FileSystem,
  dir: string,
  metadata: WalMetadata,
  limits: WalLimits = defaultWalLimits,
): Promise<Wal> {
  if ((await files.exists(dir)) && (await files.list(dir)).length > 0) {
    throw new OperationalError("foreign", `${dir}: cannot create a log in a folder that is not empty`);
  }
  const building = `${dir}.tmp`;
  const name = createSegmentName(0, 0);
  const encoder = new FrameEncoder(0, Buffer.allocUnsafeSlow(GROUP_BYTES_INITIAL));
  encoder.crcRecord();
  encoder.record(RecordType.Metadata, encodeMetadata(metadata));
  const crc = encoder.record(
    RecordType.Snapshot,
    encodeSnapshot({ index: 0, term: 0, confState: undefined }),
  );
  const first = Buffer.alloc(Math.max(limits.firstFillBytes, encoder.length));
  first.set(encoder.bytes.subarray(0, encoder.length));
  try {
    await files.remove(building);
    await files.makeDirectory(building);
    await writeFile(files, `${building}/${name.name}`, first);
    await files.syncDirectory(building);
    await files.rename(building, dir);
    await files.syncDirectory(parentOf(dir));
    const file = await files.open(`${dir}/${name.name}`, "write");
    return new Wal({
      files,
      dir,
      limits,
      metadata,
      segment: new Segment(file, `${dir}/${name.name}`, first.length),
      segments: [name],
      offset: encoder.length,
      crc,
      lastIndex: 0,
      hardState: emptyHardState,
    });
  } catch (error) {
    await files.remove(building).catch(() => {});
    throw toOperationalError(error, `creating the log ${dir}`);
  }
}

export interface OpenedWal extends LogContents {
  readonly wal: Wal;
  /** Bytes of an unfinished write that were set aside in `<segment>.broken`; 0 after a clean stop. */
  readonly tornBytes: number;
}

/**
 * Opens the log in `dir` to read it whole and to write on. Removes what preparations left behind, sets a torn tail aside
 * (once, in the newest segment only), and leaves nothing but zeros behind the last record, where old bytes could
 * otherwise be taken for new records later.
 * Errors: those of `readLog`; `OperationalError` `io` or `no-space`.
 */
export async function openWal(
  files: FileSystem,
  dir: string,
  start?: LogStart,
  limits: WalLimits = defaultWalLimits,
): Promise<OpenedWal> {
  const contents = await readLog(files, dir, start);
  const { newest, segments } = contents;
  const path = `${dir}/${newest.segment.name}`;
  try {
    for (const name of await files.list(dir)) if (name.endsWith(".tmp")) await files.remove(`${dir}/${name}`);
    const tornBytes = newest.usedBytes - newest.endOffset;
    const file = await files.open(path, "write");
    try {
      if (tornBytes > 0) await repairTail(files, file, { path, ...newest });
    } catch (error) {
      await file.close();
      throw error;
    }
    const wal = new Wal({
      files,
      dir,
      limits,
      metadata: contents.metadata,
      segment: new Segment(file, path, newest.fileBytes),
      segments,
      offset: newest.endOffset,
      crc: newest.endCrc,
      lastIndex: contents.snapshot.index + contents.entries.length,
      hardState: contents.hardState satisfies HardState,
    });
    return { ...contents, wal, tornBytes };
  } catch (error) {
    throw toOperationalError(error, `opening the log ${dir}`);
  }
}

/** Closes the file too: Windows renames no folder that has an open one. */
async function writeFile(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.open(path, "create");
  try {
    await writeFully(file, bytes, 0);
  } finally {
    await file.close();
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
