/**
 * Reads protobuf that others wrote. The first fault is remembered in `fault` and moves the reader to its end, so that loops over
 * fields stop by themselves and nothing is thrown: bytes of the network are expected to be wrong now and then.
 */

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_GROUP = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;
const FIELD_NUMBER_MAX = 0x1fff_ffff;
const GROUP_DEPTH_MAX = 32;

export class WireReader {
  readonly bytes: Buffer;
  position: number;
  end: number;
  /** Why the bytes are no message; undefined while all is well. */
  fault: string | undefined = undefined;
  field = 0;
  #wire = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Moves to the next field, whose number is then in `field`; its value must be taken or skipped. False at the end. */
  next(): boolean {
    if (this.position >= this.end) return false;
    const tag = this.counter(WIRE_VARINT);
    this.field = Math.floor(tag / 8);
    this.#wire = tag & 7;
    if (this.fault !== undefined) return false;
    if (this.field === 0 || this.field > FIELD_NUMBER_MAX) return this.#fail("illegal tag");
    return true;
  }

  /** Value of the current field as a safe integer. A larger one is a fault: no counter of an honest member gets there. */
  counter(wire: number = this.#wire): number {
    if (wire !== WIRE_VARINT) return this.#failNumber("wrong wire type");
    const bytes = this.bytes;
    if (this.position < this.end) {
      const first = bytes[this.position]!;
      if (first < 0x80) {
        this.position += 1;
        return first;
      }
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.position >= this.end) return this.#failNumber("unexpected EOF");
      const byte = bytes[this.position++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        return value <= Number.MAX_SAFE_INTEGER ? value : this.#failNumber("counter out of range");
      }
      scale *= 128;
    }
    return this.#failNumber("integer overflow");
  }

  /** Value of the current field as an unsigned 64-bit id. */
  id(): bigint {
    if (this.#wire !== WIRE_VARINT) return BigInt(this.#failNumber("wrong wire type"));
    return this.#varint64();
  }

  /** Value of the current field as an int32 enum that is only meaningful when small and not negative. */
  flag(): boolean {
    if (this.#wire !== WIRE_VARINT) return this.#fail("wrong wire type");
    return this.#varint64() !== 0n;
  }

  /**
   * Enters the bytes of the current field: `position` stays at their start and `end` becomes their end.
   * @returns the end to be put back by `leave`.
   */
  enter(): number {
    const outer = this.end;
    if (this.#wire !== WIRE_BYTES) {
      this.#fail("wrong wire type");
      return outer;
    }
    const length = this.counter(WIRE_VARINT);
    if (length > this.end - this.position) this.#fail("unexpected EOF");
    else if (this.fault === undefined) this.end = this.position + length;
    return outer;
  }

  /** Goes on behind what `enter` entered. */
  leave(outer: number): void {
    this.position = this.fault === undefined ? this.end : outer;
    this.end = outer;
  }

  /** Calls `take` for each id of the current field, which may be packed or not. */
  ids(take: (id: bigint) => void): void {
    if (this.#wire !== WIRE_BYTES) {
      take(this.id());
      return;
    }
    const outer = this.enter();
    while (this.position < this.end) take(this.#varint64());
    this.leave(outer);
  }

  skip(): void {
    this.#skip(this.#wire, this.field, 0);
  }

  /** @returns false, so that readers can end with it. */
  fail(fault: string): false {
    return this.#fail(fault);
  }

  #skip(wire: number, field: number, depth: number): void {
    switch (wire) {
      case WIRE_VARINT:
        this.#varint64();
        return;
      case WIRE_FIXED64:
        this.#advance(8);
        return;
      case WIRE_FIXED32:
        this.#advance(4);
        return;
      case WIRE_BYTES:
        this.#advance(this.counter(WIRE_VARINT));
        return;
      case WIRE_GROUP:
        this.#skipGroup(field, depth);
        return;
      default:
        this.#fail("illegal wire type");
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth >= GROUP_DEPTH_MAX) {
      this.#fail("groups nested too deep");
      return;
    }
    while (this.next()) {
      if (this.#wire === WIRE_GROUP_END) {
        if (this.field !== field) this.#fail("unexpected end of group");
        return;
      }
      this.#skip(this.#wire, this.field, depth + 1);
    }
    this.#fail("unexpected EOF");
  }

  #advance(count: number): void {
    if (count > this.end - this.position) this.#fail("unexpected EOF");
    else this.position += count;
  }

  #varint64(): bigint {
    const bytes = this.bytes;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) return BigInt(this.#failNumber("unexpected EOF"));
      const byte = bytes[this.position++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) return BigInt(this.#failNumber("integer overflow"));
        return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      }
    }
    return BigInt(this.#failNumber("integer overflow"));
  }

  #fail(fault: string): false {
    this.fault ??= fault;
    this.position = this.end;
    return false;
  }

  #failNumber(fault: string): number {
    this.#fail(fault);
    return 0;
  }
}
