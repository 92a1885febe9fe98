/**
 * Rows packed into one buffer, the form in which they pass between threads: handing over a buffer costs the same however
 * many rows it holds, where each array or object would be copied on its own.
 *
 *     | key length (u32 LE) | value length (u32 LE, ff ff ff ff = no value) | key | value | ...
 */

const HEAD_BYTES = 8;
const NO_VALUE = 0xffff_ffff;

/** Bytes that the rows take when packed. */
export function packedSize(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): number {
  let size = keys.length * HEAD_BYTES;
  for (let i = 0; i < keys.length; i++) size += (keys[i] as Uint8Array).length + (values[i]?.length ?? 0);
  return size;
}

/** Packs the rows into `target` from `start`, which has room. @returns the end. */
export function packRows(
  keys: readonly Uint8Array[],
  values: readonly (Uint8Array | undefined)[],
  target: Buffer,
  start: number,
): number {
  let at = start;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as Uint8Array;
    const value = values[i];
    writeUint32(target, at, key.length);
    writeUint32(target, at + 4, value === undefined ? NO_VALUE : value.length);
    at += HEAD_BYTES;
    target.set(key, at);
    at += key.length;
    if (value === undefined) continue;
    target.set(value, at);
    at += value.length;
  }
  return at;
}

export interface UnpackedRows {
  readonly keys: Uint8Array[];
  readonly values: (Uint8Array | undefined)[];
}

/** Views of the rows in [0, end) of `source`, which must not change while they are in use. */
export function unpackRows(source: Buffer, end: number): UnpackedRows {
  const keys: Uint8Array[] = [];
  const values: (Uint8Array | undefined)[] = [];
  for (let at = 0; at < end;) {
    const keyLength = source.readUInt32LE(at);
    const valueLength = source.readUInt32LE(at + 4);
    at += HEAD_BYTES;
    keys.push(source.subarray(at, at + keyLength));
    at += keyLength;
    if (valueLength === NO_VALUE) {
      values.push(undefined);
    } else {
      values.push(source.subarray(at, at + valueLength));
      at += valueLength;
    }
  }
  return { keys, values };
}

function writeUint32(target: Buffer, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
