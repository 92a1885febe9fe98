/**
 * A page of the key index: sorted keys packed into one byte array, and two 32-bit words per key beside its offset.
 *
 *     bytes   | pod/apple | pod/banana | pod/cherry | ...free... |
 *     offsets   0           9            19           29          offsets[i], offsets[i + 1] bound key i
 *     heads     "appl"      "bana"       "cher"                   four bytes behind the shared prefix ("pod/")
 *     words     12          -4           7                        leaf: head slot; inner page: live keys under child i
 *
 * A search looks at the shared prefix once, then at heads only (512 bytes side by side), then at the one or few keys whose
 * head is the sought one: a cold page costs some six cache lines instead of two for each step of the search.
 *
 * Offsets, heads and words share one Int32Array: a page of some ninety keys is five objects to the garbage collector.
 *
 * In an inner page `children[i]` holds the keys from keys[i] up to, excluding, keys[i + 1]; keys[0] is never looked at, its
 * child also takes all that is smaller.
 */
import { copyRange } from "./byte-range.js";

/** Keys of a page at most. More make pages cheaper to trace and inserts dearer. */
export const PAGE_KEYS_MAX = 128;
/** A leaf with at least `LONG_KEYS_MIN` keys is split rather than grown beyond this. */
export const PAGE_BYTES_MAX: number = 16 * 1024;
export const LONG_KEYS_MIN = 8;

/** Where the sections of `table` begin; heads come first. */
const WORDS: number = PAGE_KEYS_MAX;
const OFFSETS: number = 2 * PAGE_KEYS_MAX;
const TABLE_SIZE: number = 3 * PAGE_KEYS_MAX + 1;
const BYTES_ROUND = 64;
const SIGN_BIT = -0x8000_0000;

export class IndexPage {
  bytes: Uint8Array;
  readonly table: Int32Array = new Int32Array(TABLE_SIZE);
  count = 0;
  /** Bytes that all keys looked at begin with; never too many, sometimes too few. */
  prefixSize = 0;
  /** Where the last insert went, so that a run of ascending keys is recognised; -1 when unknown. */
  insertedAt = -1;
  /** Undefined in a leaf. */
  readonly children: IndexPage[] | undefined;
  /** The first key that is looked at. */
  readonly first: number;

  constructor(bytesCapacity: number, children: IndexPage[] | undefined) {
    this.bytes = new Uint8Array(roundUp(bytesCapacity));
    this.children = children;
    this.first = children === undefined ? 0 : 1;
  }

  keyStart(position: number): number {
    return this.table[OFFSETS + position] as number;
  }

  keyEnd(position: number): number {
    return this.table[OFFSETS + position + 1] as number;
  }

  /** Bytes of all keys together. */
  get bytesUsed(): number {
    return this.table[OFFSETS + this.count] as number;
  }

  word(position: number): number {
    return this.table[WORDS + position] as number;
  }

  setWord(position: number, word: number): void {
    this.table[WORDS + position] = word;
  }

  /** @returns the position of the key, or `~position` of the first key greater than it. */
  search(key: Uint8Array, start: number, end: number): number {
    const { bytes, table, count, first, prefixSize } = this;
    if (count <= first) return ~first;
    const prefixAt = table[OFFSETS + first] as number;
    const sizeMin = Math.min(prefixSize, end - start);
    for (let i = 0; i < sizeMin; i++) {
      const difference = (key[start + i] as number) - (bytes[prefixAt + i] as number);
      if (difference !== 0) return difference < 0 ? ~first : ~count;
    }
    if (sizeMin < prefixSize) return ~first;

    const head = headOf(key, start + prefixSize, end);
    let low = first;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((table[middle] as number) < head) low = middle + 1;
      else high = middle;
    }
    if (low === count || table[low] !== head) return ~low;
    let runEnd = low + 1;
    while (runEnd < count && table[runEnd] === head) runEnd++;
    return this.#searchRun(low, runEnd, key, start, end);
  }

  /** Binary search in [low, high), comparing whole keys. */
  #searchRun(runStart: number, runEnd: number, key: Uint8Array, start: number, end: number): number {
    const { bytes, table } = this;
    const size = end - start;
    let low = runStart;
    let high = runEnd;
    // Every key between two others shares with the sought key what both of these share: comparing starts behind it.
    let lowShared = this.prefixSize;
    let highShared = this.prefixSize;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const keyStart = table[OFFSETS + middle] as number;
      const keySize = (table[OFFSETS + middle + 1] as number) - keyStart;
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
    const prefixHolds = position < this.first || this.#sharesPrefix(key, start, end);
    if (used + size > this.bytes.length) this.#grow(used + size);
    const at = table[OFFSETS + position] as number;
    if (position < this.count) {
      this.bytes.copyWithin(at + size, at, used);
      table.copyWithin(position + 1, position, this.count);
      table.copyWithin(WORDS + position + 1, WORDS + position, WORDS + this.count);
    }
    copyRange(key, start, end, this.bytes, at);
    for (let i = OFFSETS + this.count; i >= OFFSETS + position; i--)
      table[i + 1] = (table[i] as number) + size;
    table[WORDS + position] = word;
    this.count += 1;
    if (prefixHolds) table[position] = headOf(this.bytes, at + this.prefixSize, at + size);
    else this.#setHeads();
  }

  /** Whether the prefix stays; when it does not, `#setHeads` has to follow the insert. */
  #sharesPrefix(key: Uint8Array, start: number, end: number): boolean {
    if (this.count <= this.first) return false;
    const { bytes, prefixSize } = this;
    if (end - start < prefixSize) return false;
    const prefixAt = this.keyStart(this.first);
    for (let i = 0; i < prefixSize; i++) if (bytes[prefixAt + i] !== key[start + i]) return false;
    return true;
  }

  /** Finds the prefix anew (sorted keys share what the first and the last share) and all heads behind it. */
  #setHeads(): void {
    const { bytes, table, count, first } = this;
    if (count <= first) return;
    const firstStart = this.keyStart(first);
    const lastStart = this.keyStart(count - 1);
    const sizeMin = Math.min(this.keyEnd(first) - firstStart, this.keyEnd(count - 1) - lastStart);
    let shared = 0;
    while (shared < sizeMin && bytes[firstStart + shared] === bytes[lastStart + shared]) shared++;
    this.prefixSize = shared;
    for (let i = first; i < count; i++) {
      table[i] = headOf(bytes, (table[OFFSETS + i] as number) + shared, table[OFFSETS + i + 1] as number);
    }
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
    const at = this.keyStart(position);
    const size = this.keyEnd(position) - at;
    this.bytes.copyWithin(at, at + size, this.bytesUsed);
    table.copyWithin(position, position + 1, this.count);
    table.copyWithin(WORDS + position, WORDS + position + 1, WORDS + this.count);
    for (let i = OFFSETS + position + 1; i < OFFSETS + this.count; i++)
      table[i] = (table[i + 1] as number) - size;
    this.count -= 1;
    this.insertedAt = -1;
  }

  /** Moves the keys from `position` on (with words and children) to a new page, which it returns. */
  split(position: number): IndexPage {
    const from = this.keyStart(position);
    const moved = this.bytesUsed - from;
    const right = new IndexPage(moved + (moved >> 2), this.children?.splice(position));
    right.bytes.set(this.bytes.subarray(from, from + moved));
    const movedCount = this.count - position;
    for (let i = 0; i <= movedCount; i++) right.table[OFFSETS + i] = this.keyStart(position + i) - from;
    right.table.set(this.table.subarray(WORDS + position, WORDS + this.count), WORDS);
    right.count = movedCount;
    this.count = position;
    this.insertedAt = -1;
    this.#setHeads();
    right.#setHeads();
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

/** Four bytes of [at, end), zeros where there are fewer, as a signed word that sorts like the bytes. */
function headOf(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end) {
    const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
    return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) ^ SIGN_BIT;
  }
  let head = 0;
  for (let i = 0; i < 4; i++) head = (head << 8) | (at + i < end ? (bytes[at + i] as number) : 0);
  return head ^ SIGN_BIT;
}

function roundUp(size: number): number {
  return Math.max(BYTES_ROUND, Math.ceil(size / BYTES_ROUND) * BYTES_ROUND);
}
