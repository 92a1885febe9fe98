/** A leaf page as bytes: header, elements, then keys and values in the order of the elements. */
import { ELEMENT_BYTES, PAGE_HEADER_BYTES, PageFlag, putUint16, putUint32, putUint64 } from "./format.js";

export interface LeafContents {
  readonly page: number;
  /** Of every element. */
  readonly flags: number;
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}

/** Writes the page at `bytes[at...]`, with overflow 0. @returns the position behind its last value */
export function encodeLeaf(bytes: Uint8Array, at: number, leaf: LeafContents): number {
  const { keys, values, flags } = leaf;
  const count = keys.length;
  putUint64(bytes, at, leaf.page);
  putUint16(bytes, at + 8, PageFlag.Leaf);
  putUint16(bytes, at + 10, count);
  putUint32(bytes, at + 12, 0);
  let element = at + PAGE_HEADER_BYTES;
  let data = element + count * ELEMENT_BYTES;
  for (let i = 0; i < count; i++) {
    const key = keys[i] as Uint8Array;
    const value = values[i] as Uint8Array;
    putUint32(bytes, element, flags);
    putUint32(bytes, element + 4, data - element);
    putUint32(bytes, element + 8, key.length);
    putUint32(bytes, element + 12, value.length);
    bytes.set(key, data);
    data += key.length;
    bytes.set(value, data);
    data += value.length;
    element += ELEMENT_BYTES;
  }
  return data;
}
