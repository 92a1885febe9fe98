/** Ranges of keys in byte order. A range is half-open; the end `\0` stands for "up to the last key", as etcd has it. */

const NO_END: Uint8Array = Uint8Array.of(0);

export interface KeyRange {
  /** First key that belongs to the range; never empty, because no key is. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

/** All keys that begin with `prefix`; all keys when it is empty. */
export function rangeOfPrefix(prefix: Uint8Array): KeyRange {
  return prefix.length === 0 ? { start: NO_END, end: NO_END } : { start: prefix, end: endOfPrefix(prefix) };
}

/** The first key behind all that begin with `prefix`; `\0` when there can be none. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return NO_END;
  const end = prefix.slice(0, length);
  end[length - 1]! += 1;
  return end;
}

/** The first key behind `key`. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const after = new Uint8Array(key.length + 1);
  after.set(key);
  return after;
}

export function isOpenEnd(end: Uint8Array): boolean {
  return end.length === 1 && end[0] === 0;
}

/** Whether `key` lies before the end of a range. */
export function isBefore(key: Uint8Array, end: Uint8Array): boolean {
  return isOpenEnd(end) || Buffer.compare(key, end) < 0;
}

export function isWithin(key: Uint8Array, range: KeyRange): boolean {
  return Buffer.compare(key, range.start) >= 0 && isBefore(key, range.end);
}

export function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && Buffer.compare(key.subarray(0, prefix.length), prefix) === 0;
}
