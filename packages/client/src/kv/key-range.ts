/** Keys and ranges of keys as users give them, and as the wire has them. */

import { encodeText } from "../codec/text.js";

/** Text is UTF-8 on the wire. */
export type Key = string | Uint8Array;

/**
 * - `prefix`: all keys that begin with it; an empty one means all keys.
 * - `from`, `to`: from one key up to another one, which is not in it; without `to` there is no end.
 */
export type KeyRange =
  | { readonly prefix: Key; readonly from?: never; readonly to?: never }
  | { readonly from: Key; readonly to?: Key; readonly prefix?: never };

/** A range as etcd has it: an empty end means one key, a single zero byte "without end". */
export interface WireRange {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

const NO_END = new Uint8Array(1);
/** Just the key. */
const NO_RANGE = new Uint8Array(0);
const FIRST_KEY = new Uint8Array(1);

/** The bytes of a key; text as UTF-8. @throws TypeError for what is neither, as programs without types may have it. */
export function keyBytes(key: Key): Uint8Array {
  if (typeof key === "string") return encodeText(key);
  if (key instanceof Uint8Array) return key;
  throw new TypeError(`a key is text or bytes, not ${String(key)}`);
}

/** The first key behind all that begin with `prefix`; a single zero byte when there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let length = prefix.length; length > 0; length--) {
    const last = prefix[length - 1] ?? 0;
    if (last === 0xff) continue;
    const end = prefix.slice(0, length);
    end[length - 1] = last + 1;
    return end;
  }
  return NO_END;
}

/** @throws TypeError for a range that is none, or two at once: what is deleted must be what was meant. */
export function wireRange(range: Key | KeyRange): WireRange {
  if (typeof range === "string" || range instanceof Uint8Array) {
    return { key: keyBytes(range), rangeEnd: NO_RANGE };
  }
  if (typeof range !== "object" || range === null)
    throw new TypeError(`keys are one or a range, not ${String(range)}`);
  if ("prefix" in range) {
    if ("from" in range || "to" in range)
      throw new TypeError("a range has a prefix, or a beginning and perhaps an end, not both");
    const prefix = keyBytes(range.prefix);
    return prefix.length === 0
      ? { key: FIRST_KEY, rangeEnd: NO_END }
      : { key: prefix, rangeEnd: prefixEnd(prefix) };
  }
  if (!("from" in range)) throw new TypeError("a range has a prefix, or a beginning");
  const from = keyBytes(range.from);
  const key = from.length === 0 ? FIRST_KEY : from;
  if (range.to === undefined) return { key, rangeEnd: NO_END };
  const to = keyBytes(range.to);
  if (to.length === 0) throw new TypeError("a range without end has no `to`");
  return { key, rangeEnd: to };
}

export function isNoEnd(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0;
}
