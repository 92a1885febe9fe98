/**
 * Files `<term>-<index>.snap` of etcd: the point of a snapshot and, in their data, the member list of that moment. Up to 3.6 they
 * accompany each snapshot record of the log; we read them when we take over a directory and write none.
 * Content: `snappb.Snapshot { uint32 crc = 1; bytes data = 2 }`, whose data is a `raftpb.Snapshot`, the crc its CRC-32C.
 * Source: etcd `server/etcdserver/api/snap/snapshotter.go`.
 */
import { readFile, stat } from "node:fs/promises";
import { fromBinary, raftpb, snappb } from "@quorate/proto";
import type { ConfState } from "@quorate/raft";
import { crc32c } from "@quorate/std";
import { CorruptionError, toOperationalError } from "../errors.js";

export interface SnapFile {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  /** The first store as JSON, for `parseV2Snapshot`. */
  readonly data: Uint8Array;
}

/** They hold a list of members, and in clusters that used the first interface also its keys. */
const SNAP_BYTES_MAX: number = 512 * 1024 * 1024;

export function snapFileName(term: number, index: number): string {
  const hex = (value: number): string => value.toString(16).padStart(16, "0");
  return `${hex(term)}-${hex(index)}.snap`;
}

/** @throws CorruptionError when it is no such file or damaged, OperationalError `missing` or `io`. */
export async function readSnapFile(path: string): Promise<SnapFile> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > SNAP_BYTES_MAX)
      throw new CorruptionError(path, 0, `${size} bytes are too many for a snapshot`);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof CorruptionError) throw error;
    throw toOperationalError(error, `reading the snapshot ${path}`);
  }
  return decode(path, bytes);
}

function decode(path: string, bytes: Buffer): SnapFile {
  let snapshot: raftpb.Snapshot;
  try {
    const outer = fromBinary(snappb.snapshotSchema, bytes);
    if (outer.data.length === 0 || crc32c(0, outer.data) !== outer.crc) {
      throw new CorruptionError(path, 0, "the checksum is not that of the content");
    }
    snapshot = fromBinary(raftpb.SnapshotSchema, outer.data);
  } catch (error) {
    if (error instanceof CorruptionError) throw error;
    throw new CorruptionError(path, 0, "no snapshot file");
  }
  const { metadata } = snapshot;
  const conf = metadata?.confState;
  return {
    index: Number(metadata?.index ?? 0n),
    term: Number(metadata?.term ?? 0n),
    confState: {
      voters: conf?.voters ?? [],
      learners: conf?.learners ?? [],
      votersOutgoing: conf?.votersOutgoing ?? [],
      learnersNext: conf?.learnersNext ?? [],
      autoLeave: conf?.autoLeave ?? false,
    },
    data: snapshot.data,
  };
}
