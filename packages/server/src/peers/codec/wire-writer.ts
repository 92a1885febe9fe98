/**
 * Writes protobuf into a buffer whose size was computed before. Counters (safe integers) are written without bigint, ids as two
 * halves: a division of a bigint per seven bits would cost more than the rest of the message.
 */

/** Bytes of a counter as a varint. */
export function counterBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 0x1000_0000) return 4;
  let count = 5;
  for (let rest = value / 0x8_0000_0000; rest >= 1; rest /= 128) count += 1;
  return count;
}

/** Bytes of an id (its low 64 bits) as a varint. */
export function idBytes(id: bigint): number {
  const high = Number((id >> 32n) & 0xffff_ffffn);
  if (high === 0) return counterBytes(Number(id & 0xffff_ffffn));
  if (high < 1 << 3) return 5;
  if (high < 1 << 10) return 6;
  if (high < 1 << 17) return 7;
  if (high < 1 << 24) return 8;
  return high < 2 ** 31 ? 9 : 10;
}

export class WireWriter {
  readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(value: number): void {
    this.bytes[this.position++] = value;
  }

  counter(value: number): void {
    const bytes = this.bytes;
    let position = this.position;
    let rest = value;
    // Above 31 bits `>>>` would lose the top; `&` still sees the low seven bits right, because it works modulo 2^32.
    while (rest > 0x7fff_ffff) {
      bytes[position++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[position++] = rest;
    this.position = position;
  }

  id(id: bigint): void {
    let high = Number((id >> 32n) & 0xffff_ffffn);
    let low = Number(id & 0xffff_ffffn);
    if (high === 0) {
      this.counter(low);
      return;
    }
    const bytes = this.bytes;
    let position = this.position;
    while (high !== 0) {
      bytes[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.position = position;
    this.counter(low);
  }

  /** A length prefix of streams: unsigned 64 bit, big endian. */
  uint64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.position = this.bytes.writeUInt32BE(high, this.position);
    this.position = this.bytes.writeUInt32BE(value % 0x1_0000_0000, this.position);
  }

  raw(data: Uint8Array): void {
    this.bytes.set(data, this.position);
    this.position += data.length;
  }
}
