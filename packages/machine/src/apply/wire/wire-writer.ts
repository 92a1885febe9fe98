/**
 * Writes protobuf's wire format into one buffer that grows and is used again: a reply is encoded here and copied out by
 * whoever sends it. Fields that hold their default are left out, as proto3 wants.
 */

/** Up to this length a byte loop beats making two views and calling `set`. */
const COPY_LOOP_MAX = 48;
const TWO_POW_32 = 0x1_0000_0000;

export class WireWriter {
  buffer: Uint8Array;
  /** Bytes written since `reset`. */
  length = 0;

  constructor(capacityBytes: number) {
    this.buffer = new Uint8Array(capacityBytes);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `size` more bytes; a view of `buffer` taken before is stale afterwards. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  /** A tag, or any other non-negative safe integer. */
  varint(value: number): void {
    this.reserve(10);
    this.length = writeVarint(this.buffer, this.length, value);
  }

  /** Field `tag` with a non-negative safe integer; nothing when it is 0. */
  uint(tag: number, value: number): void {
    if (value === 0) return;
    this.varint(tag);
    this.varint(value);
  }

  /** Field `tag` with a signed safe integer; nothing when it is 0. */
  int64(tag: number, value: number): void {
    if (value >= 0) this.uint(tag, value);
    else this.bigInt64(tag, BigInt(value));
  }

  /** Field `tag` with any 64-bit number; nothing when it is 0. */
  bigInt64(tag: number, value: bigint): void {
    if (value === 0n) return;
    this.varint(tag);
    this.reserve(10);
    const unsigned = BigInt.asUintN(64, value);
    const low = Number(unsigned & 0xffff_ffffn);
    this.length = writeVarintWords(this.buffer, this.length, low, Number(unsigned >> 32n));
  }

  bool(tag: number, value: boolean): void {
    if (!value) return;
    this.varint(tag);
    this.varint(1);
  }

  /** Field `tag` with the bytes [start, end) of `source`, also when they are none. */
  bytes(tag: number, source: Uint8Array, start: number, end: number): void {
    this.varint(tag);
    this.varint(end - start);
    this.raw(source, start, end);
  }

  /** The bytes [start, end) of `source` as they are. */
  raw(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    const buffer = this.buffer;
    let at = this.length;
    if (size <= COPY_LOOP_MAX)
      for (let from = start; from < end; from++) buffer[at++] = source[from] as number;
    else buffer.set(source.subarray(start, end), at);
    this.length += size;
  }

  /** What was written, as a copy. */
  copy(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** Bytes that `writeVarint` takes for a non-negative safe integer. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let size = 4;
  for (let rest = Math.floor(value / 0x1000_0000); rest > 0; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Writes a non-negative safe integer at `at`, where there must be room. @returns the end of what was written. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    target[at] = value;
    return at + 1;
  }
  if (value >= 0x8000_0000) {
    return writeVarintWords(target, at, value % TWO_POW_32, Math.floor(value / TWO_POW_32));
  }
  let rest = value;
  let to = at;
  for (; rest >= 0x80; rest >>>= 7) target[to++] = (rest & 0x7f) | 0x80;
  target[to++] = rest;
  return to;
}

/** Writes the 64-bit number `high << 32 | low`; both are unsigned 32-bit words. */
export function writeVarintWords(target: Uint8Array, at: number, low: number, high: number): number {
  let to = at;
  let restLow = low >>> 0;
  let restHigh = high >>> 0;
  while (restHigh !== 0 || restLow >= 0x80) {
    target[to++] = (restLow & 0x7f) | 0x80;
    restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
    restHigh >>>= 7;
  }
  target[to++] = restLow;
  return to;
}
