/**
 * A page of the key index: sorted keys packed into one byte array, and one 32-bit word per key.
 *
 *     bytes   | apple | banana | cherry | ...free... |
 *     offsets   0       5        11       17           offsets[i], offsets[i + 1] bound key i
 *     words     12      -4       7                     leaf: head slot; inner page: live keys under child i
 *
 * Offsets and words share one Int32Array: a page of some ninety keys is five objects to the garbage collector.
 *
 * In an inner page `children[i]` holds the keys from keys[i] up to, excluding, keys[i + 1]; keys[0] is not looked at, its
 * child also takes all that is smaller.
 */
import { copyRange } from "./byte-range.js";

/** Keys of a page at most. More make pages cheaper to trace and inserts dearer. */
export const PAGE_KEYS_MAX = 128;
/** A leaf with at least `LONG_KEYS_MIN` keys is split rather than grown beyond this. */
export const PAGE_BYTES_MAX: number = 16 * 1024;
export const LONG_KEYS_MIN = 8;

/** Index of the first word in `table`, behind one offset per key and the end of the last. */
const WORDS: number = PAGE_KEYS_MAX + 1;
const BYTES_ROUND = 64;

export class IndexPage {
  bytes: Uint8Array;
  readonly table: Int32Array = new Int32Array(WORDS + PAGE_KEYS_MAX);
  count = 0;
  /** Where the last insert went, so that a run of ascending keys is recognised; -1 when unknown. */
  insertedAt = -1;
  /** Undefined in a leaf. */
  readonly children: IndexPage[] | undefined;

  constructor(bytesCapacity: number, children: IndexPage[] | undefined) {
    this.bytes = new Uint8Array(roundUp(bytesCapacity));
    this.children = children;
  }

  keyStart(position: number): number {
    return this.table[position] as number;
  }

  keyEnd(position: number): number {
    return this.table[position + 1] as number;
  }

  /** Bytes of all keys together. */
  get bytesUsed(): number {
    return this.table[this.count] as number;
  }

  word(position: number): number {
    return this.table[WORDS + position] as number;
  }

  setWord(position: number, word: number): void {
    this.table[WORDS + position] = word;
  }

  /**
   * Binary search over the keys from position `first` on.
   * @returns the position of the key, or `~position` of the first key greater than it.
   */
  search(first: number, key: Uint8Array, start: number, end: number): number {
    const bytes = this.bytes;
    const table = this.table;
    const size = end - start;
    let low = first;
    let high = this.count;
    // Every key between two others shares with the sought key what both of these share: comparing starts behind it.
    let lowShared = 0;
    let highShared = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const keyStart = table[middle] as number;
      const keySize = (table[middle + 1] as number) - keyStart;
      const sizeMin = size < keySize ? size : keySize;
      let i = lowShared < highShared ? lowShared : highShared;
      while (i < sizeMin && bytes[keyStart + i] === key[start + i]) i++;
      if (i < sizeMin ? (bytes[keyStart + i] as number) < (key[start + i] as number) : keySize < size) {
        low = middle + 1;
        lowShared = i;
      } else if (i === size && i === keySize) {
        return middle;
      } else {
        high = middle;
        highShared = i;
      }
    }
    return ~low;
  }

  /** Opens a place at `position` for a key and its word (an inner page's `children` are the caller's). */
  insert(position: number, key: Uint8Array, start: number, end: number, word: number): void {
    const size = end - start;
    const table = this.table;
    const used = this.bytesUsed;
    if (used + size > this.bytes.length) this.#grow(used + size);
    const at = table[position] as number;
    if (position < this.count) {
      this.bytes.copyWithin(at + size, at, used);
      table.copyWithin(WORDS + position + 1, WORDS + position, WORDS + this.count);
    }
    copyRange(key, start, end, this.bytes, at);
    for (let i = this.count; i >= position; i--) table[i + 1] = (table[i] as number) + size;
    table[WORDS + position] = word;
    this.count += 1;
  }

  #grow(bytesNeeded: number): void {
    const grown = new Uint8Array(
      roundUp(Math.max(bytesNeeded, this.bytes.length + (this.bytes.length >> 1))),
    );
    grown.set(this.bytes.subarray(0, this.bytesUsed));
    this.bytes = grown;
  }

  remove(position: number): void {
    const table = this.table;
    const at = table[position] as number;
    const next = table[position + 1] as number;
    this.bytes.copyWithin(at, next, this.bytesUsed);
    table.copyWithin(WORDS + position, WORDS + position + 1, WORDS + this.count);
    for (let i = position + 1; i < this.count; i++) table[i] = (table[i + 1] as number) - (next - at);
    this.count -= 1;
    this.insertedAt = -1;
  }

  /** Moves the keys from `position` on (with words and children) to a new page, which it returns. */
  split(position: number): IndexPage {
    const from = this.table[position] as number;
    const moved = this.bytesUsed - from;
    const right = new IndexPage(moved + (moved >> 2), this.children?.splice(position));
    right.bytes.set(this.bytes.subarray(from, from + moved));
    const movedCount = this.count - position;
    for (let i = 0; i <= movedCount; i++) right.table[i] = (this.table[position + i] as number) - from;
    right.table.set(this.table.subarray(WORDS + position, WORDS + this.count), WORDS);
    right.count = movedCount;
    this.count = position;
    this.insertedAt = -1;
    return right;
  }

  /** Appends all of `right`, whose first key becomes `separator` when this is an inner page. */
  append(right: IndexPage, separator: Uint8Array): void {
    for (let i = 0; i < right.count; i++) {
      if (i === 0 && this.children !== undefined) {
        this.insert(this.count, separator, 0, separator.length, right.word(0));
      } else {
        this.insert(this.count, right.bytes, right.keyStart(i), right.keyEnd(i), right.word(i));
      }
    }
    if (this.children !== undefined) this.children.push(...(right.children as IndexPage[]));
    this.insertedAt = -1;
  }

  /** Gives back the room for keys to come, for a page that will hardly grow. */
  trim(): void {
    const size = roundUp(this.bytesUsed);
    if (size < this.bytes.length) this.bytes = this.bytes.slice(0, size);
  }

  /** A copy of the key at `position`. */
  copyKey(position: number): Uint8Array {
    return this.bytes.slice(this.keyStart(position), this.keyEnd(position));
  }

  /** The shortest bytes above the last key of `left` and not above the first key of this page. */
  createSeparator(left: IndexPage): Uint8Array {
    const end = this.keyEnd(0);
    const leftStart = left.keyStart(left.count - 1);
    const leftEnd = left.keyEnd(left.count - 1);
    let shared = 0;
    while (
      shared < end &&
      leftStart + shared < leftEnd &&
      this.bytes[shared] === left.bytes[leftStart + shared]
    ) {
      shared++;
    }
    return this.bytes.slice(0, shared + 1);
  }
}

function roundUp(size: number): number {
  return Math.max(BYTES_ROUND, Math.ceil(size / BYTES_ROUND) * BYTES_ROUND);
}
