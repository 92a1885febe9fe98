/** What a role permits: a key or an interval of keys, to be read, written or both. Source: operations 4.3. */
import { compareBytes } from "../mvcc/byte-range.js";

export const PERMISSION_READ = 0;
export const PERMISSION_WRITE = 1;
export const PERMISSION_READWRITE = 2;

/** As a client granted it: an empty `rangeEnd` means the one key, a single zero byte means no end. */
export interface Permission {
  /** `PERMISSION_*`; numbers that are none of them permit nothing. */
  readonly type: number;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

/** A range end that stands for "no end". */
export function isOpenEnd(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0;
}

/** Whether the keys of a permission are any at all: what is granted must be, and what was stored before that rule is passed over. */
export function namesKeys({ key, rangeEnd }: Pick<Permission, "key" | "rangeEnd">): boolean {
  if (key.length === 0) return false;
  return rangeEnd.length === 0 || isOpenEnd(rangeEnd) || compareBytes(key, rangeEnd) < 0;
}
