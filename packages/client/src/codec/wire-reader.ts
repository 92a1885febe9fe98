/**
 * Reads protobuf fields out of bytes. It throws nothing: bytes that end too early or numbers that are too long mark it as failed, and
 * whoever reads then leaves the message to the library, which says what is wrong.
 */
const scratch = new DataView(new ArrayBuffer(8));

export class WireReader {
  hasFailed = false;
  readonly #bytes: Uint8Array;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** False at the end, and after a failure. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** Field number and wire type. */
  tag(): number {
    const [low, high] = [this.#low(), this.#high];
    return high === 0 ? low : -1;
  }

  /** A signed number of 64 bits. */
  int64(): bigint {
    const low = this.#low();
    const high = this.#high | 0;
    // Revisions and versions stay far below 2^53, and a number becomes a bigint quicker than two halves do.
    if (high >= 0 && high < 0x20_0000) return BigInt(high * 0x1_0000_0000 + low);
    scratch.setInt32(0, high);
    scratch.setUint32(4, low);
    return scratch.getBigInt64(0);
  }

  /** An unsigned number of 64 bits. */
  uint64(): bigint {
    const low = this.#low();
    const high = this.#high;
    if (high < 0x20_0000) return BigInt(high * 0x1_0000_0000 + low);
    scratch.setUint32(0, high);
    scratch.setUint32(4, low);
    return scratch.getBigUint64(0);
  }

  /** A view of the bytes of a field. */
  delimited(): Uint8Array {
    const outer = this.enter();
    const view = this.#bytes.subarray(this.#at, this.#end);
    this.leave(outer);
    return view;
  }

  /** From here on the field's bytes are all there is. @returns what `leave` wants. */
  enter(): number {
    const outer = this.#end;
    const length = this.#low();
    if (this.#high !== 0 || length > outer - this.#at) {
      this.fail();
      return this.#end;
    }
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    if (this.hasFailed) return;
    this.#at = this.#end;
    this.#end = outer;
  }

  fail(): void {
    this.hasFailed = true;
    this.#at = this.#end;
  }

  #high = 0;

  /** The lower 32 bits of a varint, unsigned; the upper ones go to `#high`. */
  #low(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    const end = this.#end;
    let low = 0;
    let high = 0;
    for (let shift = 0; at < end; shift += 7) {
      const byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else if (shift === 63) high |= bits << 31;
      else break;
      if (byte < 0x80) {
        this.#at = at;
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    this.fail();
    this.#high = 0;
    return 0;
  }
}
