/**
 * A set of keys as disjoint intervals, sorted: what the permissions of a user add up to. Intervals that overlap or touch are one, so a
 * range is covered exactly when one of them covers it, and every question is one binary search.
 *
 *     grants     [a----e)   [c--------m)   k        [x-------- no end
 *     intervals  [a-----------------m)              [x-------- no end
 */
import { compareBytes, compareRanges } from "../mvcc/byte-range.js";
import { isOpenEnd, namesKeys, type Permission } from "./permission.js";

interface KeyInterval {
  readonly from: Uint8Array;
  /** Exclusive; undefined for no end. */
  readonly to: Uint8Array | undefined;
}

/** A key in a buffer. */
export interface KeyBytes {
  readonly buffer: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
}

/** An interval as requests name it: an empty end means the one key, a single zero byte means no end. */
export interface IntervalBytes extends KeyBytes {
  readonly endStart: number;
  readonly endEnd: number;
}

export class KeyRanges {
  readonly #intervals: readonly KeyInterval[];

  private constructor(intervals: readonly KeyInterval[]) {
    this.#intervals = intervals;
  }

  /** What `permissions` cover, of whichever type they are. */
  static of(permissions: readonly Permission[]): KeyRanges {
    const intervals = permissions.filter(namesKeys).map(intervalOf);
    intervals.sort((a, b) => compareBytes(a.from, b.from));
    const merged: KeyInterval[] = [];
    for (const next of intervals) {
      const last = merged.at(-1);
      if (last === undefined || !reaches(last, next.from)) merged.push(next);
      else if (endsBefore(last, next)) merged[merged.length - 1] = { from: last.from, to: next.to };
    }
    return new KeyRanges(merged);
  }

  hasKey({ buffer, keyStart, keyEnd }: KeyBytes): boolean {
    return this.#find(buffer, keyStart, keyEnd) !== undefined;
  }

  /** Whether every key that the interval may hold is in the set. */
  hasInterval(interval: IntervalBytes): boolean {
    const { buffer, endStart, endEnd } = interval;
    const found = this.#find(buffer, interval.keyStart, interval.keyEnd);
    if (found === undefined) return false;
    if (endStart === endEnd || found.to === undefined) return true;
    if (endEnd - endStart === 1 && buffer[endStart] === 0) return false;
    return compareRanges(found.to, 0, found.to.length, buffer, endStart, endEnd) >= 0;
  }

  /** Where the interval around `key` ends: undefined when the key is in none, `null` when it has no end. */
  endAround(key: Uint8Array): Uint8Array | null | undefined {
    const found = this.#find(key, 0, key.length);
    return found === undefined ? undefined : (found.to ?? null);
  }

  /** The interval that holds the key [start, end) of `buffer`. */
  #find(buffer: Uint8Array, start: number, end: number): KeyInterval | undefined {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { from } = this.#intervals[middle] as KeyInterval;
      if (compareRanges(from, 0, from.length, buffer, start, end) <= 0) low = middle + 1;
      else high = middle;
    }
    const found = this.#intervals[low - 1];
    if (found?.to === undefined) return found;
    return compareRanges(found.to, 0, found.to.length, buffer, start, end) > 0 ? found : undefined;
  }
}

function intervalOf({ key, rangeEnd }: Permission): KeyInterval {
  if (isOpenEnd(rangeEnd)) return { from: key, to: undefined };
  if (rangeEnd.length > 0) return { from: key, to: rangeEnd };
  // The one key ends where the next possible key begins.
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return { from: key, to: next };
}

function reaches({ to }: KeyInterval, from: Uint8Array): boolean {
  return to === undefined || compareBytes(to, from) >= 0;
}

function endsBefore(a: KeyInterval, b: KeyInterval): boolean {
  return a.to !== undefined && (b.to === undefined || compareBytes(a.to, b.to) < 0);
}
