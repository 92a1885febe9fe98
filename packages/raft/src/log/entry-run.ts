/**
 * A contiguous run of log entries that grows at the back and shrinks at either end.
 *
 *     slots:  [ null null null | e(first) e(first+1) ... ]      next = first + length
 *                dropped        ^ head
 *
 * Dropping the front moves the head; the array is packed once half of it is dead, so each entry is copied O(1) times on
 * average however large the run is. Both the tail that is not yet stable and the in-memory storage are such a run.
 */
import { assert } from "@quorate/std";
import { type Entry, entryBytes } from "../types/entry.js";

/** Dead slots tolerated before packing is considered: below this, packing saves nothing. */
const DEAD_SLOTS_MIN = 1024;

export class EntryRun {
  #slots: (Entry | null)[] = [];
  #head = 0;
  #first: number;

  /** @param first index that the first entry has, or will have. */
  constructor(first: number) {
    this.#first = first;
  }

  /** Index of the first entry; equal to `next` when empty. */
  get first(): number {
    return this.#first;
  }

  /** Index one past the last entry. */
  get next(): number {
    return this.#first + this.#slots.length - this.#head;
  }

  get length(): number {
    return this.#slots.length - this.#head;
  }

  /** The entry at `index`; first <= index < next. */
  at(index: number): Entry {
    const entry = this.#slots[this.#slot(index)];
    assert(entry != null, () => `no entry at ${index} in [${this.first}, ${this.next})`);
    return entry;
  }

  /** A copy of [lo, hi), which lies inside the run. */
  slice(lo: number, hi: number): Entry[] {
    this.#assertRange(lo, hi);
    return this.#slots.slice(this.#slot(lo), this.#slot(hi)) as Entry[];
  }

  /** Like `slice`, cut to `bytesMax` encoded bytes but never below one entry. */
  sliceLimited(lo: number, hi: number, bytesMax: number): Entry[] {
    if (bytesMax === Infinity || hi - lo <= 1) return this.slice(lo, hi);
    this.#assertRange(lo, hi);
    const start = this.#slot(lo);
    const stop = this.#slot(hi);
    let bytes = entryBytes(this.#slots[start] as Entry);
    let end = start + 1;
    for (; end < stop; end++) {
      bytes += entryBytes(this.#slots[end] as Entry);
      if (bytes > bytesMax) break;
    }
    return this.#slots.slice(start, end) as Entry[];
  }

  /** Appends `entries[from..]`, the first of which must be the run's next. */
  push(entries: readonly Entry[], from: number): void {
    const count = entries.length;
    if (from >= count) return;
    const index = (entries[from] as Entry).index;
    assert(index === this.next, () => `missing log entries between ${this.next - 1} and ${index}`);
    for (let i = from; i < count; i++) this.#slots.push(entries[i] as Entry);
  }

  /** Forgets everything from `index` on; first <= index <= next. */
  truncate(index: number): void {
    this.#assertRange(index, this.next);
    this.#slots.length = this.#slot(index);
  }

  /** Forgets everything before `index`; first <= index <= next. */
  dropBefore(index: number): void {
    this.#assertRange(index, this.next);
    const slot = this.#slot(index);
    this.#first = index;
    if (slot === this.#slots.length) {
      this.#slots = [];
      this.#head = 0;
      return;
    }
    // Dead slots must not keep entries alive until the array is packed.
    this.#slots.fill(null, this.#head, slot);
    this.#head = slot;
    if (slot >= DEAD_SLOTS_MIN && slot * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(slot);
      this.#head = 0;
    }
  }

  /** Forgets everything and continues at `first`. */
  reset(first: number): void {
    this.#slots = [];
    this.#head = 0;
    this.#first = first;
  }

  #slot(index: number): number {
    return this.#head + index - this.#first;
  }

  #assertRange(lo: number, hi: number): void {
    assert(
      lo <= hi && lo >= this.#first && hi <= this.next,
      () => `range [${lo}, ${hi}) out of bound [${this.#first}, ${this.next})`,
    );
  }
}
