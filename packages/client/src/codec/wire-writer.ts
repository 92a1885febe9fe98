/** Writes protobuf fields into a buffer whose size is known before; fields that say what they say by default are left out. */
const scratch = new DataView(new ArrayBuffer(8));

export function bytesFieldSize(bytes: Uint8Array): number {
  const { length } = bytes;
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

export function int64FieldSize(value: bigint): number {
  if (value === 0n) return 0;
  if (value < 0n) return 11;
  let size = 1;
  for (let rest = value; rest > 0n; rest >>= 7n) size++;
  return size;
}

export class WireWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** @param field below 16, here and below. */
  bytesField(field: number, value: Uint8Array): void {
    if (value.length === 0) return;
    this.bytes[this.#at++] = (field << 3) | 2;
    this.#varint(value.length, 0);
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }

  int64Field(field: number, value: bigint): void {
    if (value === 0n) return;
    this.bytes[this.#at++] = field << 3;
    scratch.setBigInt64(0, value);
    this.#varint(scratch.getUint32(4), scratch.getUint32(0));
  }

  /** @param value below 128. */
  enumField(field: number, value: number): void {
    if (value === 0) return;
    this.bytes[this.#at++] = field << 3;
    this.bytes[this.#at++] = value;
  }

  flagField(field: number, value: boolean | undefined): void {
    if (value !== true) return;
    this.bytes[this.#at++] = field << 3;
    this.bytes[this.#at++] = 1;
  }

  /** 64 bits as two halves. */
  #varint(low: number, high: number): void {
    let lower = low;
    let upper = high;
    while (upper !== 0 || lower >= 0x80) {
      this.bytes[this.#at++] = (lower & 0x7f) | 0x80;
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.bytes[this.#at++] = lower;
  }
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
