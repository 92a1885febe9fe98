/**
 * Events of consecutive revisions, encoded as a response holds them, with an index of numbers beside the bytes.
 *
 *     5a len  08 01  12 len  0a len KEY ...record...  18 mod_revision
 *     ^       ^      ^             ^                  ^ of a delete, whose record is only its key
 *     event   delete kv            key
 *
 * A watcher that wants the pair before each event gets the same bytes with field 3 behind them; such pairs lie in an area of
 * their own and are looked up when somebody wants them.
 */
import { varintSize, writeVarint } from "../apply/wire/wire-writer.js";

const TAG_EVENTS = 0x5a;
const TAG_TYPE = 0x08;
const TYPE_DELETE = 1;
const TAG_KV = 0x12;
const TAG_PREVIOUS = 0x1a;
const TAG_RECORD_KEY = 0x0a;
const TAG_MOD_REVISION = 0x18;
/** Bytes of an event beyond its record, at most. */
export const EVENT_OVERHEAD_MAX: number = 6 + 2 + 6 + 10;
const ROWS_AT_FIRST = 64;
const NO_BYTES = new Uint8Array(0);

/** `previousSize` of an event whose pair before has not been looked up. */
export const PREVIOUS_UNKNOWN = -1;

export class EventBlock {
  bytes: Uint8Array;
  /** Bytes used. */
  used = 0;
  count = 0;
  /** Per event: its revision, where its bytes begin and end, where its fields begin behind tag and length, and its key. */
  main: Float64Array = new Float64Array(ROWS_AT_FIRST);
  start: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  fields: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  end: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  keyStart: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  keyEnd: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  isDelete: Uint8Array = new Uint8Array(ROWS_AT_FIRST);
  /** The pair before, in `previousBytes`: 0 bytes when there is none. */
  previousStart: Uint32Array = new Uint32Array(ROWS_AT_FIRST);
  previousSize: Int32Array = new Int32Array(ROWS_AT_FIRST);
  previousBytes: Uint8Array = NO_BYTES;
  #previousUsed = 0;

  /** Bytes of pairs before that are here. */
  get previousUsed(): number {
    return this.#previousUsed;
  }

  constructor(capacityBytes: number) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** Memory held, without the index. */
  get bytesHeld(): number {
    return this.bytes.length + this.previousBytes.length;
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.used + size;
    if (needed > this.bytes.length) this.bytes = grow(this.bytes, this.used, needed);
  }

  /**
   * Appends an event of revision `main`; the record is to be copied to `bytes` at the returned offset, and `finish` called then.
   * There must be room for `recordSize + EVENT_OVERHEAD_MAX` bytes.
   */
  begin(main: number, isDelete: boolean, recordSize: number): number {
    const row = this.count;
    if (row === this.main.length) this.#growRows();
    const { bytes } = this;
    const kvSize = recordSize + (isDelete ? 1 + varintSize(main) : 0);
    const fieldsSize = (isDelete ? 2 : 0) + 1 + varintSize(kvSize) + kvSize;
    this.main[row] = main;
    this.start[row] = this.used;
    this.isDelete[row] = isDelete ? 1 : 0;
    let at = this.used;
    bytes[at] = TAG_EVENTS;
    at = writeVarint(bytes, at + 1, fieldsSize);
    this.fields[row] = at;
    this.end[row] = at + fieldsSize;
    if (isDelete) {
      bytes[at++] = TAG_TYPE;
      bytes[at++] = TYPE_DELETE;
    }
    bytes[at] = TAG_KV;
    return writeVarint(bytes, at + 1, kvSize);
  }

  /** Ends the event whose record now lies at `recordStart`. @param hasPrevious false when it created its key. */
  finish(recordStart: number, hasPrevious: boolean): void {
    const row = this.count;
    const { bytes } = this;
    const keySize = bytes[recordStart] === TAG_RECORD_KEY ? readLength(bytes, recordStart + 1) : 0;
    const keyStart = recordStart + 1 + varintSize(keySize);
    this.keyStart[row] = keyStart;
    this.keyEnd[row] = keyStart + keySize;
    if (this.isDelete[row] === 1) {
      bytes[keyStart + keySize] = TAG_MOD_REVISION;
      writeVarint(bytes, keyStart + keySize + 1, this.main[row] as number);
    }
    this.previousStart[row] = 0;
    this.previousSize[row] = hasPrevious ? PREVIOUS_UNKNOWN : 0;
    this.used = this.end[row] as number;
    this.count = row + 1;
  }

  /** Room for the pair before an event: copy it to `previousBytes` at the returned offset, then call `setPrevious`. */
  reservePrevious(size: number): number {
    const needed = this.#previousUsed + size;
    if (needed > this.previousBytes.length)
      this.previousBytes = grow(this.previousBytes, this.#previousUsed, needed);
    return this.#previousUsed;
  }

  /** The pair before an event is what was copied to where `reservePrevious` said last; none when `size` is 0. */
  setPrevious(row: number, size: number): void {
    this.previousStart[row] = this.#previousUsed;
    this.previousSize[row] = size;
    this.#previousUsed += size;
  }

  /** Forgets the pairs before: whoever wants them looks for them again. */
  forgetPrevious(): void {
    for (let row = 0; row < this.count; row++)
      if ((this.previousSize[row] as number) > 0) this.previousSize[row] = PREVIOUS_UNKNOWN;
    this.previousBytes = NO_BYTES;
    this.#previousUsed = 0;
  }

  /** Bytes of an event in a response. */
  sizeOf(row: number, withPrevious: boolean): number {
    const size = this.previousSize[row] as number;
    if (!withPrevious || size <= 0) return (this.end[row] as number) - (this.start[row] as number);
    const fieldsSize = this.#fieldsSize(row, size);
    return 1 + varintSize(fieldsSize) + fieldsSize;
  }

  /** Copies an event to `target` at `at`. @returns the end. */
  copy(row: number, withPrevious: boolean, target: Uint8Array, at: number): number {
    const previousSize = this.previousSize[row] as number;
    const end = this.end[row] as number;
    if (!withPrevious || previousSize <= 0)
      return copyBytes(this.bytes, this.start[row] as number, end, target, at);
    target[at] = TAG_EVENTS;
    let to = writeVarint(target, at + 1, this.#fieldsSize(row, previousSize));
    to = copyBytes(this.bytes, this.fields[row] as number, end, target, to);
    target[to] = TAG_PREVIOUS;
    to = writeVarint(target, to + 1, previousSize);
    const start = this.previousStart[row] as number;
    return copyBytes(this.previousBytes, start, start + previousSize, target, to);
  }

  #fieldsSize(row: number, previousSize: number): number {
    const own = (this.end[row] as number) - (this.fields[row] as number);
    return own + 1 + varintSize(previousSize) + previousSize;
  }

  /** The first event at or above a revision, or `count`. */
  firstAtOrAbove(revision: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.main[middle] as number) < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #growRows(): void {
    const rows = this.count * 2;
    this.main = growInto(new Float64Array(rows), this.main);
    this.start = growInto(new Uint32Array(rows), this.start);
    this.fields = growInto(new Uint32Array(rows), this.fields);
    this.end = growInto(new Uint32Array(rows), this.end);
    this.keyStart = growInto(new Uint32Array(rows), this.keyStart);
    this.keyEnd = growInto(new Uint32Array(rows), this.keyEnd);
    this.isDelete = growInto(new Uint8Array(rows), this.isDelete);
    this.previousStart = growInto(new Uint32Array(rows), this.previousStart);
    this.previousSize = growInto(new Int32Array(rows), this.previousSize);
  }
}

/** Bytes that an event may take whose record has `recordSize`. */
export function eventBytesMax(recordSize: number): number {
  return recordSize + EVENT_OVERHEAD_MAX;
}

function growInto<T extends { set(source: T): void }>(target: T, source: T): T {
  target.set(source);
  return target;
}

function grow(bytes: Uint8Array, used: number, needed: number): Uint8Array {
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2));
  grown.set(bytes.subarray(0, used));
  return grown;
}

/** The length prefix at `at`, of a record that we have encoded ourselves. */
function readLength(bytes: Uint8Array, at: number): number {
  let length = 0;
  for (let shift = 0, from = at; ; shift += 7) {
    const byte = bytes[from++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
}

const COPY_LOOP_MAX = 40;

function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (end - start > COPY_LOOP_MAX) target.set(source.subarray(start, end), at);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number;
  return at + end - start;
}
