/**
 * The stored form of a revision: the encoded `mvccpb.KeyValue`, which is also what goes over the wire.
 *
 *     1 key | 2 create_revision | 3 mod_revision | 4 version | 5 value | 6 lease
 *
 * Fields ascend and zero or empty ones are left out, always: these bytes enter HashKV. A tombstone holds only its key.
 * Written by hand straight into place, because the generated encoder costs more than all the rest of a put.
 */
import { copyRange } from "./byte-range.js";
import { CorruptionError } from "./corruption-error.js";

const TAG_KEY = 0x0a;
const TAG_CREATE_REVISION = 0x10;
const TAG_MOD_REVISION = 0x18;
const TAG_VERSION = 0x20;
const TAG_VALUE = 0x2a;
const TAG_LEASE = 0x30;

/** Room for a record beyond its key and value: six tags, two lengths and four numbers at their longest. */
export const RECORD_OVERHEAD_MAX: number = 6 + 2 * 5 + 4 * 10;

const leaseScratch = new DataView(new ArrayBuffer(8));

/** What a put's record holds besides key and value. */
export interface RecordNumbers {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: bigint;
}

/** Writes the field `key`, which is all of a tombstone. @returns the end. */
export function writeRecordKey(
  out: Uint8Array,
  at: number,
  key: Uint8Array,
  start: number,
  end: number,
): number {
  return writeBytesField(out, at, TAG_KEY, key, start, end);
}

/** Writes the four fields between key and value, and nothing for those that are zero. @returns the end. */
export function writeRecordRevisions(
  out: Uint8Array,
  at: number,
  createRevision: number,
  modRevision: number,
  version: number,
): number {
  let end = writeNumberField(out, at, TAG_CREATE_REVISION, createRevision);
  end = writeNumberField(out, end, TAG_MOD_REVISION, modRevision);
  return writeNumberField(out, end, TAG_VERSION, version);
}

/** Writes the fields after the revisions. @returns the end. */
export function writeRecordValue(
  out: Uint8Array,
  at: number,
  value: Uint8Array,
  start: number,
  end: number,
  lease: bigint,
): number {
  const next = writeBytesField(out, at, TAG_VALUE, value, start, end);
  return lease === 0n ? next : writeLease(out, next, lease);
}

/** The whole record in a buffer of its own, for tests and rare callers. */
export function encodeRecord(key: Uint8Array, value: Uint8Array, numbers: RecordNumbers): Uint8Array {
  const out = new Uint8Array(key.length + value.length + RECORD_OVERHEAD_MAX);
  let end = writeRecordKey(out, 0, key, 0, key.length);
  end = writeRecordRevisions(out, end, numbers.createRevision, numbers.modRevision, numbers.version);
  end = writeRecordValue(out, end, value, 0, value.length, numbers.lease);
  return out.slice(0, end);
}

function writeBytesField(
  out: Uint8Array,
  at: number,
  tag: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (start === end) return at;
  out[at] = tag;
  const from = writeVarint(out, at + 1, end - start);
  copyRange(bytes, start, end, out, from);
  return from + (end - start);
}

function writeNumberField(out: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  out[at] = tag;
  return writeVarint(out, at + 1, value);
}

/** A non-negative safe integer. */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7fff_ffff) {
    out[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    out[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[end] = rest;
  return end + 1;
}

/** A negative lease takes ten bytes, as every negative int64 does. */
function writeLease(out: Uint8Array, at: number, lease: bigint): number {
  leaseScratch.setBigInt64(0, lease);
  let high = leaseScratch.getUint32(0);
  let low = leaseScratch.getUint32(4);
  out[at] = TAG_LEASE;
  let end = at + 1;
  while (high !== 0 || low > 0x7f) {
    out[end++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  out[end] = low;
  return end + 1;
}

/**
 * Reads the fields of a record in place. One object serves many records (a restore reads millions), so its fields speak of
 * the record parsed last; `keyStart` and the like are offsets into that record's bytes.
 */
export class RecordReader {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;
  #at = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** Throws `CorruptionError` on bytes that are no KeyValue; unknown fields are skipped, absent ones are zero. */
  read(bytes: Uint8Array): void {
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = 0;
    this.createRevision = this.modRevision = this.version = 0;
    this.lease = 0n;
    this.#bytes = bytes;
    this.#at = 0;
    while (this.#at < bytes.length) this.#readField(this.#readNumber());
  }

  #readField(tag: number): void {
    switch (tag) {
      case TAG_KEY:
        this.keyEnd = this.#readLengthDelimited();
        this.keyStart = this.#at;
        this.#at = this.keyEnd;
        return;
      case TAG_VALUE:
        this.valueEnd = this.#readLengthDelimited();
        this.valueStart = this.#at;
        this.#at = this.valueEnd;
        return;
      case TAG_CREATE_REVISION:
        this.createRevision = this.#readNumber();
        return;
      case TAG_MOD_REVISION:
        this.modRevision = this.#readNumber();
        return;
      case TAG_VERSION:
        this.version = this.#readNumber();
        return;
      case TAG_LEASE:
        this.lease = this.#readInt64();
        return;
      default:
        this.#skip(tag);
    }
  }

  /** @returns the end of the field's bytes, with the reader at their start. */
  #readLengthDelimited(): number {
    const size = this.#readNumber();
    const end = this.#at + size;
    if (end > this.#bytes.length) throw new CorruptionError("record ends within a field");
    return end;
  }

  #readNumber(): number {
    const bytes = this.#bytes;
    let value = 0;
    let unit = 1;
    for (let count = 0; count < 8; count++) {
      const byte = bytes[this.#at++];
      if (byte === undefined) throw new CorruptionError("record ends within a number");
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      unit *= 128;
    }
    throw new CorruptionError("record holds a number beyond the safe range");
  }

  #readInt64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new CorruptionError("record ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new CorruptionError("record holds an overlong number");
  }

  #skip(tag: number): void {
    const wireType = tag & 7;
    if (tag < 8 || wireType === 3 || wireType === 4 || wireType > 5) {
      throw new CorruptionError(`record holds an impossible tag ${String(tag)}`);
    }
    if (wireType === 0) this.#readInt64();
    else if (wireType === 2) this.#at = this.#readLengthDelimited();
    else this.#at += wireType === 1 ? 8 : 4;
    if (this.#at > this.#bytes.length) throw new CorruptionError("record ends within a field");
  }
}
