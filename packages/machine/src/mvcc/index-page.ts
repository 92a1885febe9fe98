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
 * Bytes and table (heads, words, offsets) lie in slabs of `PageMemory`: a page of some ninety keys is one object to the
 * garbage collector.
 *
 * In an inner page `children[i]` holds the keys from keys[i] up to, excluding, keys[i + 1]; keys[0] is never looked at, its
 * child also takes all that is smaller.
 */
import { copyRange } from "./byte-range.js";
import { PageMemory, type PageStorage } from "./page-memory.js";

/** Keys of a page at most. More make pages cheaper to trace and inserts dearer. */
export const PAGE_KEYS_MAX = 128;
/** A leaf with at least `LONG_KEYS_MIN` keys is split rather than grown beyond this. */
export const PAGE_BYTES_MAX: number = 16 * 1024;
export const LONG_KEYS_MIN = 8;

/** Where the sections of `table` begin; heads come first. */
const WORDS: number = PAGE_KEYS_MAX;
const OFFSETS: number = 2 * PAGE_KEYS_MAX;
const TABLE_SIZE: number = 3 * PAGE_KEYS_MAX + 1;
const SIGN_BIT = -0x8000_0000;

export function createPageMemory(): PageMemory {
  return new PageMemory(TABLE_SIZE);
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_TABLE: Int32Array = new Int32Array(0);

export class IndexPage implements PageStorage {
  /** The slab and where in it this page's bytes begin; `keyStart` and `keyEnd` are positions in the slab. */
  bytes: Uint8Array = NO_BYTES;
  bytesBase = 0;
  capacity = 0;
  table: Int32Array = NO_TABLE;
  tableBase = 0;
  count = 0;
  /** Bytes that all keys looked at begin with; never too many, sometimes too few. */
  prefixSize = 0;
  /** Where the last insert went, so that a run of ascending keys is recognised; -1 when unknown. */
  insertedAt = -1;
  /** Undefined in a leaf. */
  readonly children: IndexPage[] | undefined;
  /** The first key that is looked at. */
  readonly first: number;
  readonly #memory: PageMemory;

  constructor(memory: PageMemory, bytesCapacity: number, children: IndexPage[] | undefined) {
    this.#memory = memory;
    this.children = children;
    this.first = children === undefined ? 0 : 1;
    memory.takeTable(this);
    memory.takeBytes(this, bytesCapacity);
    this.table[this.tableBase + OFFSETS] = 0;
  }

  /** Gives the page's memory back; the page is not used any more. */
  release(): void {
    this.#memory.releaseTable(this);
    this.#memory.releaseBytes(this.bytes, this.bytesBase, this.capacity);
    this.table = NO_TABLE;
    this.bytes = NO_BYTES;
    this.count = 0;
  }

  keyStart(position: number): number {
    return this.bytesBase + (this.table[this.tableBase + OFFSETS + position] as number);
  }

  keyEnd(position: number): number {
    return this.bytesBase + (this.table[this.tableBase + OFFSETS + position + 1] as number);
  }

  /** Bytes of all keys together. */
  get bytesUsed(): number {
    return this.table[this.tableBase + OFFSETS + this.count] as number;
  }

  word(position: number): number {
    return this.table[this.tableBase + WORDS + position] as number;
  }

  setWord(position: number, word: number): void {
    this.table[this.tableBase + WORDS + position] = word;
  }

  /** @returns the position of the key, or `~position` of the first key greater than it. */
  search(key: Uint8Array, start: number, end: number): number {
    const { bytes, table, tableBase, count, first, prefixSize } = this;
    if (count <= first) return ~first;
    const prefixAt = this.keyStart(first);
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
      if ((table[tableBase + middle] as number) < head) low = middle + 1;
      else high = middle;
    }
    if (low === count || table[tableBase + low] !== head) return ~low;
    let runEnd = low + 1;
    while (runEnd < count && table[tableBase + runEnd] === head) runEnd++;
    return this.#searchRun(low, runEnd, key, start, end);
  }

  /** Binary search in [low, high), comparing whole keys. */
  #searchRun(runStart: number, runEnd: number, key: Uint8Array, start: number, end: number): number {
    const { bytes } = this;
    const size = end - start;
    let low = runStart;
    let high = runEnd;
    // Every key between two others shares with the sought key what both of these share: comparing starts behind it.
    let lowShared = this.prefixSize;
    let highShared = this.prefixSize;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const keyStart = this.keyStart(middle);
      const keySize = this.keyEnd(middle) - keyStart;
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

  /**
   * Opens a place at `position` for a key and its word (an inner page's `children` are the caller's). The key may not be
   * bytes of this page.
   */
  insert(position: number, key: Uint8Array, start: number, end: number, word: number): void {
    const size = end - start;
    const { table, tableBase } = this;
    const used = this.bytesUsed;
    const prefixHolds = position < this.first || this.#sharesPrefix(key, start, end);
    if (used + size > this.capacity)
      this.#resize(Math.max(used + size, this.capacity + (this.capacity >> 1)));
    const at = this.keyStart(position);
    if (position < this.count) {
      this.bytes.copyWithin(at + size, at, this.bytesBase + used);
      table.copyWithin(tableBase + position + 1, tableBase + position, tableBase + this.count);
      const words = tableBase + WORDS;
      table.copyWithin(words + position + 1, words + position, words + this.count);
    }
    copyRange(key, start, end, this.bytes, at);
    const offsets = tableBase + OFFSETS;
    for (let i = offsets + this.count; i >= offsets + position; i--)
      table[i + 1] = (table[i] as number) + size;
    table[tableBase + WORDS + position] = word;
    this.count += 1;
    if (prefixHolds) table[tableBase + position] = headOf(this.bytes, at + this.prefixSize, at + size);
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
    const { bytes, table, tableBase, count, first } = this;
    if (count <= first) return;
    const firstStart = this.keyStart(first);
    const lastStart = this.keyStart(count - 1);
    const sizeMin = Math.min(this.keyEnd(first) - firstStart, this.keyEnd(count - 1) - lastStart);
    let shared = 0;
    while (shared < sizeMin && bytes[firstStart + shared] === bytes[lastStart + shared]) shared++;
    this.prefixSize = shared;
    for (let i = first; i < count; i++) {
      table[tableBase + i] = headOf(bytes, this.keyStart(i) + shared, this.keyEnd(i));
    }
  }

  /** Moves the bytes to a place for `size`. */
  #resize(size: number): void {
    const { bytes, bytesBase, capacity, bytesUsed } = this;
    this.#memory.takeBytes(this, size);
    copyRange(bytes, bytesBase, bytesBase + bytesUsed, this.bytes, this.bytesBase);
    this.#memory.releaseBytes(bytes, bytesBase, capacity);
  }

  remove(position: number): void {
    const { table, tableBase } = this;
    const at = this.keyStart(position);
    const size = this.keyEnd(position) - at;
    this.bytes.copyWithin(at, at + size, this.bytesBase + this.bytesUsed);
    table.copyWithin(tableBase + position, tableBase + position + 1, tableBase + this.count);
    const words = tableBase + WORDS;
    table.copyWithin(words + position, words + position + 1, words + this.count);
    const offsets = tableBase + OFFSETS;
    for (let i = offsets + position + 1; i < offsets + this.count; i++)
      table[i] = (table[i + 1] as number) - size;
    this.count -= 1;
    this.insertedAt = -1;
  }

  /** Moves the keys from `position` on (with words and children) to a new page, which it returns. */
  split(position: number): IndexPage {
    const { table, tableBase } = this;
    const from = this.keyStart(position);
    const moved = this.bytesBase + this.bytesUsed - from;
    const right = new IndexPage(this.#memory, moved + (moved >> 2), this.children?.splice(position));
    copyRange(this.bytes, from, from + moved, right.bytes, right.bytesBase);
    const movedCount = this.count - position;
    const offset = from - this.bytesBase;
    for (let i = 0; i <= movedCount; i++) {
      right.table[right.tableBase + OFFSETS + i] =
        (table[tableBase + OFFSETS + position + i] as number) - offset;
    }
    for (let i = 0; i < movedCount; i++) right.setWord(i, this.word(position + i));
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
    this.#resize(this.bytesUsed);
  }

  /** A copy of the key at `position`. */
  copyKey(position: number): Uint8Array {
    return this.bytes.slice(this.keyStart(position), this.keyEnd(position));
  }

  /** The shortest bytes above the last key of `left` and not above the first key of this page. */
  createSeparator(left: IndexPage): Uint8Array {
    const start = this.keyStart(0);
    const leftStart = left.keyStart(left.count - 1);
    const sizeMin = Math.min(this.keyEnd(0) - start, left.keyEnd(left.count - 1) - leftStart);
    let shared = 0;
    while (shared < sizeMin && this.bytes[start + shared] === left.bytes[leftStart + shared]) shared++;
    return this.bytes.slice(start, start + shared + 1);
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
