/**
 * Protobuf varints for the handful of fields in the log. Counters are safe integers and are written without bigint; ids
 * (vote, node, cluster, voters) use all 64 bits.
 */
import { assert } from "@quorate/std";

/** Writes `value` (a safe integer >= 0) at `position`. @returns the position behind it. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let rest = value;
  // Above 31 bits `>>>` would lose the top; `&` still sees the low seven bits right, because it works modulo 2^32.
  while (rest > 0x7fffffff) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** Writes `value` as an unsigned 64-bit integer. @returns the position behind it. */
export function putVarint64(bytes: Uint8Array, position: number, value: bigint): number {
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes[position++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  bytes[position++] = Number(rest);
  return position;
}

/** Bytes that `putVarint` writes. */
export function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) count++;
  return count;
}

/** Why bytes are no message; the reader of the log turns it into torn tail or corruption, with file and offset. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

/**
 * Walks the fields of one message in `bytes[position, end)`. `next` moves to a field and leaves its number and wire type in
 * `field` and `wire`; the caller then takes the value with the reader of that wire type, or with `skip`.
 */
export class FieldReader {
  bytes: Uint8Array;
  position: number;
  end: number;
  field = 0;
  wire = 0;

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** Turns to another message: reading a log makes no garbage but its entries. */
  turnTo(bytes: Uint8Array, position: number, end: number): this {
    assert(end <= bytes.length, "message ends behind its buffer");
    this.bytes = bytes;
    this.position = position;
    this.end = end;
    return this;
  }

  next(): boolean {
    if (this.position >= this.end) return false;
    const tag = this.counter();
    if (tag > 0x7fffffff) throw new MalformedError("field number too large");
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw new MalformedError("field number 0");
    return true;
  }

  /** A varint that counts something: refused above 2^53 - 1. */
  counter(): number {
    const { bytes, end } = this;
    if (this.position < end && (bytes[this.position] as number) < 0x80)
      return bytes[this.position++] as number;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.position >= end) throw new MalformedError("varint is cut short");
      const byte = bytes[this.position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError("counter above 2^53");
        return value;
      }
      scale *= 128;
    }
    throw new MalformedError("varint longer than 10 bytes");
  }

  /** A varint that identifies something: all 64 bits. */
  id(): bigint {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      if (this.position >= this.end) throw new MalformedError("varint is cut short");
      const byte = this.bytes[this.position++] as number;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedError("varint longer than 10 bytes");
  }

  /** Enters a length-delimited field. @returns the position behind it; `position` is its first byte. */
  enter(): number {
    const length = this.counter();
    if (this.wire !== 2 || length > this.end - this.position) throw new MalformedError("field is cut short");
    return this.position + length;
  }

  /** Unknown fields are passed over, as protobuf wants it. */
  skip(): void {
    if (this.wire === 0) this.id();
    else if (this.wire === 1) this.position += 8;
    else if (this.wire === 2) this.position = this.enter();
    else if (this.wire === 5) this.position += 4;
    else throw new MalformedError(`wire type ${this.wire}`);
    if (this.position > this.end) throw new MalformedError("field is cut short");
  }
}
