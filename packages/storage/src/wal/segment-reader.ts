/**
 * Reads one segment: checks frames and the checksum chain, and tells a torn tail from damage.
 *
 * A crash may leave the last write incomplete: some of its sectors are there, others still hold the zeros they were
 * prepared with. That is no error, because nobody was told that the write succeeded; the tail is dropped. Anything else
 * that does not check out is damage to acknowledged data and is refused. The rules, for the LAST segment only:
 *
 * - a frame cut short by the end of the file is torn;
 * - a bad record with a 512-byte sector (or its share of one) all zero is torn: etcd's rule;
 * - a bad record whose zeros begin inside its body and reach to the end of the file is torn: a write that stopped halfway;
 * - but nothing is torn that has more than `TORN_BYTES_MAX` of non-zero bytes from there on: writes are not that long, so
 *   acknowledged records would be dropped with it. (etcd drops them.)
 *
 * Source: etcd `server/storage/wal/decoder.go`.
 */
import type { Entry, HardState } from "@quorate/raft";
import { crc32c } from "@quorate/std";
import { CorruptionError } from "../errors.js";
import type { File } from "../vfs/file-system.js";
import { FRAME_HEAD_BYTES } from "./frame-encoder.js";
import type { WalMetadata, WalSnapshot } from "./record.js";
import { RecordType, decodeEntry, decodeHardState, decodeMetadata, decodeSnapshot } from "./record.js";
import type { SegmentName } from "./segment-name.js";
import { FieldReader, MalformedError } from "./varint.js";

const SECTOR_BYTES = 512;
const CHUNK_BYTES = 1024 * 1024;
/** More than one write can hold: a group is closed at 1 MiB, plus the largest entry anybody can have proposed. */
export const TORN_BYTES_MAX: number = 16 * 1024 * 1024;

export interface SegmentContents {
  readonly segment: SegmentName;
  /** Running checksum at the start and behind the last whole record. */
  startCrc: number;
  endCrc: number;
  metadata: WalMetadata | undefined;
  /** Newest state in the segment. */
  hardState: HardState | undefined;
  readonly snapshots: WalSnapshot[];
  /** In order of index, overwritten ones removed; there may be gaps, which only matter above the chosen snapshot. */
  readonly entries: Entry[];
  /** Offset of the frame of `entries[i]`. */
  readonly offsets: number[];
  /** Behind the last whole record. */
  endOffset: number;
  /** Behind the last byte that is not zero; above `endOffset` when a write was cut off. */
  usedBytes: number;
  /** Size of the file. */
  fileBytes: number;
  /** Whether the file ends in part of a record, as against zeros or nothing. */
  torn: boolean;
}

/** @param path for messages. @param last whether a torn tail is admissible. */
export async function readSegment(
  file: File,
  segment: SegmentName,
  where: { readonly path: string; readonly last: boolean },
): Promise<SegmentContents> {
  const reader = new SegmentReader(file, segment, where);
  return reader.run();
}

class SegmentReader {
  readonly #file: File;
  readonly #path: string;
  readonly #last: boolean;
  readonly #contents: SegmentContents;
  /** Bytes of the file from `#base` on. Entries keep views of it, so it is replaced, never overwritten. */
  #window: Buffer = Buffer.alloc(0);
  #base = 0;
  #fileBytes = 0;
  /** Of the frame that is looked at, and its length behind the head: -1 when the file ends before it does. */
  #offset = 0;
  #frameBytes = 0;
  #crc: number | undefined;
  readonly #reader: FieldReader = new FieldReader(this.#window, 0, 0);

  constructor(file: File, segment: SegmentName, where: { readonly path: string; readonly last: boolean }) {
    this.#file = file;
    this.#path = where.path;
    this.#last = where.last;
    this.#contents = {
      segment,
      startCrc: 0,
      endCrc: 0,
      metadata: undefined,
      hardState: undefined,
      snapshots: [],
      entries: [],
      offsets: [],
      endOffset: 0,
      usedBytes: 0,
      fileBytes: 0,
      torn: false,
    };
  }

  async run(): Promise<SegmentContents> {
    this.#fileBytes = await this.#file.size();
    await this.#load(0, FRAME_HEAD_BYTES);
    // Frames are taken synchronously as long as the window has them: an `await` each would double the time of a start.
    for (let step = this.#step(); step !== "end"; step = this.#step()) {
      if (step === "taken") continue;
      if (step === "torn") {
        await this.#assertTorn();
        this.#contents.torn = true;
        break;
      }
      await this.#load(this.#offset, step.neededBytes);
    }
    return this.#finish(this.#offset);
  }

  /** Takes the frame at `#offset`, if it is in the window. */
  #step(): "taken" | "end" | "torn" | { readonly neededBytes: number } {
    const left = this.#fileBytes - this.#offset;
    const inWindow = this.#base + this.#window.length - this.#offset;
    const headBytes = Math.min(left, FRAME_HEAD_BYTES);
    if (inWindow < headBytes) return { neededBytes: headBytes };
    const at = this.#offset - this.#base;
    if (isZero(this.#window, at, at + headBytes)) return "end";
    const length = headBytes < FRAME_HEAD_BYTES ? -1 : this.#frameLength(at);
    this.#frameBytes = length;
    if (length < 0) return "torn";
    if (inWindow < FRAME_HEAD_BYTES + length) return { neededBytes: FRAME_HEAD_BYTES + length };
    if (!this.#frame(at + FRAME_HEAD_BYTES, length)) return "torn";
    this.#offset += FRAME_HEAD_BYTES + length;
    return "taken";
  }

  async #finish(endOffset: number): Promise<SegmentContents> {
    const contents = this.#contents;
    if (this.#crc === undefined) throw this.#corruption(0, "the segment holds no record");
    contents.endCrc = this.#crc;
    contents.endOffset = endOffset;
    contents.fileBytes = this.#fileBytes;
    contents.usedBytes = await this.#usedBytes(endOffset);
    const leftover = contents.usedBytes - endOffset;
    if (leftover > (this.#last ? TORN_BYTES_MAX : 0)) {
      throw this.#corruption(endOffset, `the log ends here, yet ${leftover} more bytes follow`);
    }
    return contents;
  }

  /** @returns bytes of record and padding behind the head at `at`; -1 when the file does not have that many. */
  #frameLength(at: number): number {
    const window = this.#window;
    const recordBytes = window.readUIntLE(at, 6) + (window[at + 6] as number) * 2 ** 48;
    const top = window[at + 7] as number;
    const padding = -recordBytes & 7;
    // 0 is also what etcd wrote before it padded. Nothing else can come from a write, whole or cut off.
    if (top !== 0 && (padding === 0 || top !== (0x80 | padding))) {
      throw this.#corruption(this.#offset, "the length of a record is damaged");
    }
    const length = recordBytes + paddingOf(top);
    return length > this.#fileBytes - this.#offset - FRAME_HEAD_BYTES ? -1 : length;
  }

  /** Takes in the record at `start` of the window. @returns false when its bytes are not those that were written. */
  #frame(start: number, length: number): boolean {
    const end = start + length - paddingOf(this.#window[start - 1] as number);
    try {
      // No checksum covers the padding.
      return isZero(this.#window, end, start + length) && this.#record(this.#offset, start, end);
    } catch (error) {
      if (error instanceof MalformedError) return false;
      throw error;
    }
  }

  #record(offset: number, start: number, end: number): boolean {
    const window = this.#window;
    const reader = this.#reader.turnTo(window, start, end);
    let type = 0;
    let crc = 0;
    let from = end;
    let to = end;
    while (reader.next()) {
      if (reader.field === 1 && reader.wire === 0) type = reader.counter();
      else if (reader.field === 2 && reader.wire === 0) crc = reader.counter();
      else if (reader.field === 3 && reader.wire === 2) {
        to = reader.enter();
        from = reader.position;
        reader.position = to;
      } else reader.skip();
    }
    if (type === RecordType.Crc) return this.#crcRecord(offset, crc);
    if (this.#crc === undefined) throw this.#corruption(offset, "the segment does not begin with a checksum");
    const sum = crc32c(this.#crc, window, from, to);
    if (sum !== crc) return false;
    this.#body(type, offset, reader.turnTo(window, from, to));
    this.#crc = sum;
    return true;
  }

  #crcRecord(offset: number, crc: number): boolean {
    if (this.#crc === undefined) this.#contents.startCrc = crc;
    // A value of 0 on our side means that nothing was summed up yet, as in the first segment.
    else if (this.#crc !== 0 && this.#crc !== crc) {
      throw this.#corruption(offset, `checksum ${crc} does not continue ${this.#crc}`);
    }
    this.#crc = crc;
    return true;
  }

  #body(type: number, offset: number, reader: FieldReader): void {
    const contents = this.#contents;
    if (type === RecordType.Entry) this.#entry(offset, decodeEntry(reader));
    else if (type === RecordType.State) contents.hardState = decodeHardState(reader);
    else if (type === RecordType.Snapshot) contents.snapshots.push(decodeSnapshot(reader));
    else if (type === RecordType.Metadata) {
      const metadata = decodeMetadata(reader);
      if (contents.metadata !== undefined && !sameMetadata(contents.metadata, metadata)) {
        throw this.#corruption(offset, "two different nodes wrote to this segment");
      }
      contents.metadata = metadata;
    } else throw this.#corruption(offset, `unknown record type ${type}`);
  }

  /** An entry replaces those at its index and above: the leader's word, written over a tail that was never committed. */
  #entry(offset: number, entry: Entry): void {
    const { entries, offsets } = this.#contents;
    while (entries.length > 0 && (entries[entries.length - 1] as Entry).index >= entry.index) {
      entries.pop();
      offsets.pop();
    }
    entries.push(entry);
    offsets.push(offset);
  }

  /** Throws unless the bad frame at `#offset` can be a write that was cut off. */
  async #assertTorn(): Promise<void> {
    const offset = this.#offset;
    const length = this.#frameBytes;
    if (!this.#last) throw this.#corruption(offset, "a record is damaged");
    const leftover = (await this.#usedBytes(offset)) - offset;
    if (leftover > TORN_BYTES_MAX) {
      throw this.#corruption(
        offset,
        `a record is damaged, and ${leftover} bytes follow, too many for one write`,
      );
    }
    if (length < 0) return;
    await this.#load(offset, FRAME_HEAD_BYTES + length);
    const start = offset - this.#base + FRAME_HEAD_BYTES;
    const bodyEnd = start + length - paddingOf(this.#window[start - 1] as number);
    const stopsHalfway = this.#window[bodyEnd - 1] === 0 && leftover < FRAME_HEAD_BYTES + bodyEnd - start;
    const frame = this.#window.subarray(start, start + length);
    if (!stopsHalfway && !hasZeroSector(frame, offset + FRAME_HEAD_BYTES)) {
      throw this.#corruption(offset, "a record is damaged");
    }
  }

  /** Behind the last non-zero byte at or above `offset`. Mostly there are only prepared zeros, megabytes of them. */
  async #usedBytes(offset: number): Promise<number> {
    const scratch = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, this.#fileBytes - offset));
    let used = offset;
    for (let position = offset; position < this.#fileBytes;) {
      const got = await this.#file.read(scratch, position);
      if (got === 0) throw this.#corruption(position, "the file became shorter while it was read");
      if (!isZero(scratch, 0, got)) {
        let last = got;
        while (scratch[last - 1] === 0) last--;
        used = position + last;
      }
      position += got;
    }
    return used;
  }

  /** Makes `count` bytes at `offset` present in the window, as far as the file has them. */
  async #load(offset: number, count: number): Promise<void> {
    const left = this.#fileBytes - offset;
    const wanted = Math.min(count, left);
    if (offset >= this.#base && offset + wanted <= this.#base + this.#window.length) return;
    const window = Buffer.allocUnsafeSlow(Math.min(Math.max(wanted, CHUNK_BYTES), left));
    const got = await this.#file.read(window, offset);
    if (got < wanted) throw this.#corruption(offset + got, "the file became shorter while it was read");
    this.#window = window.subarray(0, got);
    this.#base = offset;
  }

  #corruption(offset: number, what: string): CorruptionError {
    const advice = "restore this member from a snapshot, or remove it and add it anew";
    return new CorruptionError(this.#path, offset, `${what}; ${advice}`);
  }
}

function paddingOf(top: number): number {
  return top >= 0x80 ? top & 7 : 0;
}

export function sameMetadata(a: WalMetadata, b: WalMetadata): boolean {
  return a.nodeId === b.nodeId && a.clusterId === b.clusterId;
}

const ZEROS = Buffer.alloc(CHUNK_BYTES);

function isZero(bytes: Buffer, start: number, end: number): boolean {
  // Most calls look at a head or at padding, where the first byte or two decide.
  if (end - start <= FRAME_HEAD_BYTES) {
    for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
    return true;
  }
  for (let at = start; at < end; at += CHUNK_BYTES) {
    const stop = Math.min(at + CHUNK_BYTES, end);
    if (bytes.compare(ZEROS, 0, stop - at, at, stop) !== 0) return false;
  }
  return true;
}

/** Whether the share of some sector in `bytes`, which lie at `fileOffset`, is all zero. */
function hasZeroSector(bytes: Buffer, fileOffset: number): boolean {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + SECTOR_BYTES - ((fileOffset + at) % SECTOR_BYTES), bytes.length);
    if (isZero(bytes, at, end)) return true;
    at = end;
  }
  return false;
}
