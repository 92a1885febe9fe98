/**
 * From segments to the log: which snapshot it starts at, which entries follow, and whether everything is there.
 *
 * Segments are read newest first, until one is found that goes back far enough for the start; the checksum chain, the
 * sequence of names and the metadata are checked across all that were read.
 */
import type { Entry, HardState } from "@quorate/raft";
import { emptyHardState } from "@quorate/raft";
import { CorruptionError, OperationalError } from "../errors.js";
import type { FileSystem } from "../vfs/file-system.js";
import type { WalMetadata, WalSnapshot } from "./record.js";
import type { SegmentName } from "./segment-name.js";
import { listSegments } from "./segment-name.js";
import type { SegmentContents } from "./segment-reader.js";
import { readSegment, sameMetadata } from "./segment-reader.js";

export interface LogContents {
  readonly metadata: WalMetadata;
  readonly hardState: HardState;
  /** Where the log starts: index 0 on a young log. */
  readonly snapshot: WalSnapshot;
  /** The snapshot records that were read and are covered by `hardState.commit`, oldest first. */
  readonly snapshots: readonly WalSnapshot[];
  /** Without gaps from `snapshot.index + 1`. */
  readonly entries: Entry[];
  /** All segments of the folder, oldest first. */
  readonly segments: readonly SegmentName[];
  /** What the newest segment looks like, for whoever wants to write on. */
  readonly newest: SegmentContents;
}

/** A start the caller insists on. */
export interface LogStart {
  readonly index: number;
  readonly term: number;
}

/**
 * Reads the log in folder `dir`. Without `start` it begins at the newest snapshot record that is covered by the commit
 * index; with one, the log must hold a record equal to it.
 * Errors: `CorruptionError` (with file and offset), `OperationalError` `missing` (no log, or no such start).
 */
export async function readLog(
  files: FileSystem,
  dir: string,
  start: LogStart | undefined,
): Promise<LogContents> {
  const segments = listSegments(await files.list(dir));
  checkSequence(dir, segments);
  const read: SegmentContents[] = [];
  let chosen: WalSnapshot | undefined;
  for (let i = segments.length - 1; i >= 0 && chosen === undefined; i--) {
    const segment = segments[i] as SegmentName;
    const contents = await readOne(files, dir, segment, i === segments.length - 1);
    checkFollows(dir, contents, read[0]);
    read.unshift(contents);
    chosen = findStart(read, start);
    // The entry behind the snapshot may still be in an older segment.
    if (chosen !== undefined && i > 0 && segment.firstIndex > chosen.index + 1) chosen = undefined;
  }
  const hardState = newestHardState(read);
  if (chosen === undefined) {
    const wanted =
      start === undefined ? "a snapshot record" : `a record of snapshot ${start.index} (term ${start.term})`;
    throw new OperationalError(
      "missing",
      `${dir}: the log holds no ${wanted.slice(2)} with the entries that follow it`,
    );
  }
  const entries = joinEntries(dir, read, chosen.index);
  const lastIndex = chosen.index + entries.length;
  const newest = read[read.length - 1] as SegmentContents;
  const metadata = newest.metadata ?? read[0]?.metadata;
  if (metadata === undefined)
    throw new CorruptionError(`${dir}/${newest.segment.name}`, 0, "no metadata record");
  if (hardState.commit > lastIndex) {
    const what = `commit index ${hardState.commit} lies behind the last entry ${lastIndex}: entries are missing`;
    throw new CorruptionError(`${dir}/${newest.segment.name}`, newest.endOffset, what);
  }
  const snapshots = validSnapshots(read, hardState);
  return { metadata, hardState, snapshot: chosen, snapshots, entries, segments, newest };
}

async function readOne(
  files: FileSystem,
  dir: string,
  segment: SegmentName,
  last: boolean,
): Promise<SegmentContents> {
  const path = `${dir}/${segment.name}`;
  const file = await files.open(path, "read");
  try {
    return await readSegment(file, segment, { path, last });
  } finally {
    await file.close();
  }
}

function checkSequence(dir: string, segments: readonly SegmentName[]): void {
  if (segments.length === 0) throw new OperationalError("missing", `${dir}: there is no log`);
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1] as SegmentName;
    const segment = segments[i] as SegmentName;
    if (segment.sequence !== before.sequence + 1) {
      const what = `the segment before it is missing: ${before.name} is number ${before.sequence}, this is ${segment.sequence}`;
      throw new CorruptionError(`${dir}/${segment.name}`, 0, `${what}; put the missing file back`);
    }
  }
}

/** `newer`, when there is one, must go on where `older` ends, and belong to the same node. */
function checkFollows(dir: string, older: SegmentContents, newer: SegmentContents | undefined): void {
  if (newer === undefined) return;
  const path = `${dir}/${newer.segment.name}`;
  if (newer.startCrc !== older.endCrc) {
    const what = `checksum ${newer.startCrc} does not continue ${older.endCrc} of ${older.segment.name}`;
    throw new CorruptionError(path, 0, what);
  }
  if (
    newer.metadata !== undefined &&
    older.metadata !== undefined &&
    !sameMetadata(newer.metadata, older.metadata)
  ) {
    throw new CorruptionError(path, 0, `another node wrote it than wrote ${older.segment.name}`);
  }
}

function newestHardState(read: readonly SegmentContents[]): HardState {
  return read.findLast((contents) => contents.hardState !== undefined)?.hardState ?? emptyHardState;
}

/** A snapshot record above the commit index was written by a machine that stopped before the state that covers it. */
function validSnapshots(read: readonly SegmentContents[], hardState: HardState): WalSnapshot[] {
  return read
    .flatMap((contents) => contents.snapshots)
    .filter((snapshot) => snapshot.index <= hardState.commit);
}

function findStart(read: readonly SegmentContents[], start: LogStart | undefined): WalSnapshot | undefined {
  if (start !== undefined) {
    const all = read.flatMap((contents) => contents.snapshots);
    return all.find((snapshot) => snapshot.index === start.index && snapshot.term === start.term);
  }
  const valid = validSnapshots(read, newestHardState(read));
  return valid.reduce<WalSnapshot | undefined>(
    (newest, snapshot) => (newest === undefined || snapshot.index >= newest.index ? snapshot : newest),
    undefined,
  );
}

/** The entries above `startIndex`, later segments replacing the tails of earlier ones; a gap is refused. */
function joinEntries(dir: string, read: readonly SegmentContents[], startIndex: number): Entry[] {
  const joined: Entry[] = [];
  for (const contents of read) {
    for (let i = 0; i < contents.entries.length; i++) {
      const entry = contents.entries[i] as Entry;
      // Also an entry at or below the start replaces what is above it.
      const keep = Math.max(entry.index - startIndex - 1, 0);
      if (keep < joined.length) joined.length = keep;
      if (entry.index <= startIndex) continue;
      if (keep > joined.length) {
        const what = `entry ${entry.index} follows entry ${startIndex + joined.length}: the entries between are missing`;
        throw new CorruptionError(`${dir}/${contents.segment.name}`, contents.offsets[i] as number, what);
      }
      joined.push(entry);
    }
  }
  return joined;
}
