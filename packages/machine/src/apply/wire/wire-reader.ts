/**
 * Reads protobuf's wire format from a byte range without making views or closures: what every request passes through.
 *
 * Unknown fields, and known ones that come with another wire type, are skipped. 64-bit numbers are read as safe integers
 * that saturate: whatever a client sends beyond the safe range compares with a revision, a version or a limit just as
 * the true value would.
 * Not here: packed repeated numbers and fixed-width numbers, which no key-value request has.
 */

/** Bytes that are not a protobuf message. Thrown by readers; the edge turns it into a status. */
export class WireError extends Error {
  override readonly name = "WireError";
}

export const WIRE_VARINT = 0;
export const WIRE_BYTES = 2;
const WIRE_FIXED64 = 1;
const WIRE_GROUP_START = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;

/** Unknown groups may nest; nobody sends them, so the limit only bounds our stack. */
const GROUP_DEPTH_MAX = 64;
const TWO_POW_32 = 0x1_0000_0000;
const EMPTY = new Uint8Array(0);

export class WireReader {
  buffer: Uint8Array = EMPTY;
  position = 0;
  end = 0;
  // Halves of the varint read last.
  #low = 0;
  #high = 0;

  reset(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.position = start;
    this.end = end;
  }

  /** The next tag, `field << 3 | wire type`; call only while `position < end`. */
  tag(): number {
    this.#varint();
    const tag = this.#low;
    if (this.#high !== 0 || tag >>> 3 === 0) throw new WireError("invalid field number");
    return tag >>> 0;
  }

  /** A length prefix, checked against the end of the range: the content is [position, position + result). */
  length(): number {
    this.#varint();
    const length = this.#low;
    if (this.#high !== 0 || length < 0 || length > this.end - this.position) {
      throw new WireError("unexpected end of message");
    }
    return length;
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  /** An enumeration value; its 32 low bits count. */
  int32(): number {
    this.#varint();
    return this.#low;
  }

  /** A signed 64-bit number, saturated to the safe range. */
  int64(): number {
    this.#varint();
    if (this.#high === 0) return this.#low >>> 0;
    const value = this.#high * TWO_POW_32 + (this.#low >>> 0);
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    return value < -Number.MAX_SAFE_INTEGER ? -Number.MAX_SAFE_INTEGER : value;
  }

  /** A signed 64-bit identity (a lease id), exact. */
  bigInt64(): bigint {
    this.#varint();
    if (this.#high === 0) return BigInt(this.#low >>> 0);
    return (BigInt(this.#high) << 32n) | BigInt(this.#low >>> 0);
  }

  /** An unsigned 64-bit identity (a member id), exact. */
  bigUint64(): bigint {
    return BigInt.asUintN(64, this.bigInt64());
  }

  /** Reads a 64-bit number whose halves `lowWord` and `highWord` then give: a request id, without a bigint. */
  words(): void {
    this.#varint();
  }

  get lowWord(): number {
    return this.#low >>> 0;
  }

  get highWord(): number {
    return this.#high >>> 0;
  }

  /** Skips the value that follows `tag`. */
  skip(tag: number): void {
    this.#skip(tag, 0);
  }

  #skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.#varint();
        return;
      case WIRE_FIXED64:
        this.#advance(8);
        return;
      case WIRE_BYTES:
        // In two steps: the length prefix moves the position itself.
        this.#advance(this.length());
        return;
      case WIRE_GROUP_START:
        this.#skipGroup(tag >>> 3, depth + 1);
        return;
      case WIRE_FIXED32:
        this.#advance(4);
        return;
      default:
        throw new WireError("invalid wire type");
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth > GROUP_DEPTH_MAX) throw new WireError("groups nested too deeply");
    while (this.position < this.end) {
      const tag = this.tag();
      if ((tag & 7) === WIRE_GROUP_END) {
        if (tag >>> 3 !== field) throw new WireError("mismatched end of group");
        return;
      }
      this.#skip(tag, depth);
    }
    throw new WireError("unexpected end of message");
  }

  #advance(size: number): void {
    if (size > this.end - this.position) throw new WireError("unexpected end of message");
    this.position += size;
  }

  #varint(): void {
    const buffer = this.buffer;
    const end = this.end;
    let at = this.position;
    if (at >= end) throw new WireError("unexpected end of message");
    let byte = buffer[at++] as number;
    let low = byte & 0x7f;
    this.#high = 0;
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      if (at >= end) throw new WireError("unexpected end of message");
      byte = buffer[at++] as number;
      low |= (byte & 0x7f) << shift;
    }
    this.#low = low;
    this.position = at;
    if (byte >= 0x80) this.#varintHigh();
  }

  /** The fifth to tenth byte of a varint: 4 bits of the low word, then the high word. */
  #varintHigh(): void {
    const buffer = this.buffer;
    let at = this.position;
    if (at >= this.end) throw new WireError("unexpected end of message");
    let byte = buffer[at++] as number;
    this.#low |= (byte & 0x0f) << 28;
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (at >= this.end) throw new WireError("unexpected end of message");
      byte = buffer[at++] as number;
      // The tenth byte has room for one bit.
      if (shift === 31 && byte > 1) throw new WireError("variable length integer overflow");
      high |= (byte & 0x7f) << shift;
    }
    this.#high = high;
    this.position = at;
  }
}
