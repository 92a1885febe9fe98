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
 * - and no length is believed that the record itself contradicts: one flipped bit in it would cut off all that follows. Sectors that a
 *   write lost are zero to their end; a head of zeros with something behind it in the same sector was not left by one. (etcd believes both.)
 *
 * Source: etcd `server/storage/wal/decoder.go`.
 */
import { isEmptyHardState, type Entry, type HardState } from "@quorate/raft";
import { crc32c } from "@quorate/std";
import { CorruptionError } from "../errors.js";
import type { File } from "../vfs/file-system.js";
import { FRAME_HEAD_BYTES } from "./frame-encoder.js";
import type { WalMetadata, WalSnapshot } from "./record.js";
import { RecordType, decodeEntry, decodeHardState, decodeMetadata, decodeSnapshot } from "./record.js";
import type { SegmentName } from "./segment-name.js";
import { FieldReader, MalformedError } from "./varint.js";

const SECTOR_BYTES = 512;
/** Frames begin at multiples of this; only logs that were written before etcd padded them do not. */
const ALIGNMENT = 8;
/** Type, checksum and length of the data, each behind its tag. */
const RECORD_HEAD_BYTES_MAX = 1 + 10 + 1 + 10 + 1 + 10;
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
  /** The same without padding, as the head of the frame has it. */
  #recordBytes = 0;
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
    if (leftover > 0 && !contents.torn) await this.#assertLostSector(endOffset);
    if (leftover > (this.#last ? TORN_BYTES_MAX : 0)) {
      throw this.#corruption(endOffset, `the log ends here, yet ${leftover} more bytes follow`);
    }
    return contents;
  }

  /** @returns bytes of record and padding behind the head at `at`; -1 when the file does not have that many. */
  #frameLength(at: number): number {
    const window = this.#window;
    const recordBytes = (this.#recordBytes = window.readUIntLE(at, 6) + (window[at + 6] as number) * 2 ** 48);
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
    else if (type === RecordType.State) this.#state(offset, decodeHardState(reader));
    else if (type === RecordType.Snapshot) contents.snapshots.push(decodeSnapshot(reader));
    else if (type === RecordType.Metadata) {
      const metadata = decodeMetadata(reader);
      if (contents.metadata !== undefined && !sameMetadata(contents.metadata, metadata)) {
        throw this.#corruption(offset, "two different nodes wrote to this segment");
      }
      contents.metadata = metadata;
    } else throw this.#corruption(offset, `unknown record type ${type}`);
  }

  /** No checksum covers the type of a record: an entry that is taken for a state says term 0 or 1. */
  #state(offset: number, state: HardState): void {
    const before = this.#contents.hardState?.term ?? 1;
    if (state.term < before && !isEmptyHardState(state))
      throw this.#corruption(offset, `term ${state.term} follows term ${before}`);
    this.#contents.hardState = state;
  }

  /** An entry replaces those at its index and above: the leader's word, written over a tail that was never committed. */
  #entry(offset: number, entry: Entry): void {
    // A state that is taken for an entry: see `#state`.
    if (entry.term === 0) throw this.#corruption(offset, `entry ${entry.index} has no term`);
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
    const usedBytes = await this.#usedBytes(offset);
    const leftover = usedBytes - offset;
    if (leftover > TORN_BYTES_MAX) {
      throw this.#corruption(
        offset,
        `a record is damaged, and ${leftover} bytes follow, too many for one write`,
      );
    }
    const fileEnds = length < 0;
    await this.#load(offset, FRAME_HEAD_BYTES + (fileEnds ? RECORD_HEAD_BYTES_MAX : length));
    const declared = this.#declaredBytes(usedBytes);
    if (offset % ALIGNMENT !== 0 || (declared !== undefined && declared !== this.#recordBytes))
      throw this.#corruption(offset, "the length of a record is damaged");
    if (fileEnds) return;
    const start = offset - this.#base + FRAME_HEAD_BYTES;
    const bodyEnd = start + length - paddingOf(this.#window[start - 1] as number);
    const stopsHalfway = this.#window[bodyEnd - 1] === 0 && leftover < FRAME_HEAD_BYTES + bodyEnd - start;
    const frame = this.#window.subarray(start, start + length);
    if (!stopsHalfway && !hasZeroSector(frame, offset + FRAME_HEAD_BYTES)) {
      throw this.#corruption(offset, "a record is damaged");
    }
  }

  /** Throws unless what is missing at `offset` is a whole sector, or the write's share of one. */
  async #assertLostSector(offset: number): Promise<void> {
    const end = Math.min(offset + SECTOR_BYTES - (offset % SECTOR_BYTES), this.#fileBytes);
    await this.#load(offset, end - offset);
    const at = offset - this.#base;
    if (offset % ALIGNMENT !== 0 || !isZero(this.#window, at, at + end - offset))
      throw this.#corruption(offset, "the head of a record is damaged");
  }

  /** Bytes of the record at `#offset` as its own fields have it; undefined when they are not there to say so, or say nothing. */
  #declaredBytes(usedBytes: number): number | undefined {
    const start = this.#offset - this.#base + FRAME_HEAD_BYTES;
    const end = Math.min(this.#window.length, start + RECORD_HEAD_BYTES_MAX);
    const reader = this.#reader.turnTo(this.#window, start, end);
    try {
      while (reader.next()) {
        const { field, wire } = reader;
        if (field === 3 && wire === 2) {
          const dataBytes = reader.counter();
          const headBytes = reader.position - start;
          // A write that stopped within the head, or one sector of a head that two share, leaves a number cut short.
          if (usedBytes <= this.#offset + FRAME_HEAD_BYTES + headBytes) return undefined;
          const inSector = (this.#offset + FRAME_HEAD_BYTES) % SECTOR_BYTES;
          if (inSector + headBytes > SECTOR_BYTES && this.#window[start + SECTOR_BYTES - inSector] === 0)
            return undefined;
          return headBytes + dataBytes;
        }
        if ((field !== 1 && field !== 2) || wire !== 0) return undefined;
        reader.counter();
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
    }
    return undefined;
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
