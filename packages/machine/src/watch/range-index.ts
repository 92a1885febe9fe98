/**
 * Everything that is watched, and who watches it: a *range* is one key or one interval, shared by all its watchers, so that what
 * happens to it is found and put into a response once for all of them.
 *
 *     event key --> exact keys (hash table) --+--> ranges --> watchers in step (a list)
 *               --> intervals (tree) ---------+
 *
 * No lookup ever looks at watchers.
 */
import { compareRanges } from "../mvcc/byte-range.js";
import { Int32Column, NONE, type NumberList, RowAllocator } from "./columns.js";
import { hashBytes, HashTable } from "./hash-table.js";
import { IntervalTree } from "./interval-tree.js";
import { KeyArena } from "./key-arena.js";

/** `keySize` of a range that is an interval. */
const INTERVAL = -1;

/** What a watcher watches: the key `from` alone, or [from, to), or everything from `from` on. */
export type WatchedRange =
  | { readonly kind: "key"; readonly key: Uint8Array }
  | { readonly kind: "interval"; readonly from: Uint8Array; readonly to: Uint8Array | undefined };

export class RangeIndex {
  /** First of the watchers in step, or NONE; the list goes on in the table of watchers. */
  readonly first: Int32Column = new Int32Column();
  /** The last pass that brings watchers of this range forward; 0 for none yet. */
  readonly pass: Int32Column = new Int32Column();
  /** Where the running pass keeps what it has found for this range, or NONE. */
  readonly touched: Int32Column = new Int32Column();
  /** Watchers that want the pair before each event, in step or not. */
  readonly previousCount: Int32Column = new Int32Column();
  readonly #watcherCount: Int32Column = new Int32Column();
  /** Of a key its address in the arena, of an interval its node in the tree. */
  readonly #place: Int32Column = new Int32Column();
  readonly #keySize: Int32Column = new Int32Column();
  readonly #hash: Int32Column = new Int32Column();
  readonly #rows: RowAllocator = new RowAllocator(this.#place);
  readonly #arena: KeyArena = new KeyArena();
  readonly #keys: HashTable = new HashTable((range) => this.#hash.get(range) >>> 0);
  readonly #intervals: IntervalTree;
  readonly #seed: number;
  #count = 0;

  /** @param seed makes hashes differ from those of other processes. */
  constructor(seed: number) {
    this.#seed = seed;
    this.#intervals = new IntervalTree(this.#arena, seed);
  }

  /** Distinct ranges. */
  get count(): number {
    return this.#count;
  }

  /** The range of one more watcher. */
  acquire(watched: WatchedRange): number {
    const found = watched.kind === "key" ? this.#findKey(watched.key) : this.#findInterval(watched);
    const range = found === NONE ? this.#add(watched) : found;
    this.#watcherCount.set(range, this.#watcherCount.get(range) + 1);
    return range;
  }

  #findKey(key: Uint8Array): number {
    return this.#lookUp(hashBytes(this.#seed, key, 0, key.length), key, 0, key.length);
  }

  #findInterval({ from, to }: { readonly from: Uint8Array; readonly to: Uint8Array | undefined }): number {
    const node = this.#intervals.find(from, to);
    return node === NONE ? NONE : this.#intervals.valueOf(node);
  }

  #add(watched: WatchedRange): number {
    const range = this.#rows.allocate();
    this.first.set(range, NONE);
    this.pass.set(range, 0);
    this.touched.set(range, NONE);
    this.previousCount.set(range, 0);
    this.#watcherCount.set(range, 0);
    this.#count += 1;
    if (watched.kind === "key") {
      const { key } = watched;
      const hash = hashBytes(this.#seed, key, 0, key.length);
      this.#place.set(range, this.#arena.add(key, 0, key.length));
      this.#keySize.set(range, key.length);
      this.#hash.set(range, hash);
      this.#keys.add(hash, range);
    } else {
      this.#place.set(range, this.#intervals.insert(watched.from, watched.to, range));
      this.#keySize.set(range, INTERVAL);
      this.#hash.set(range, 0);
    }
    return range;
  }

  /** One watcher fewer. @returns true when it was the last and the range is gone. */
  release(range: number): boolean {
    const left = this.#watcherCount.get(range) - 1;
    this.#watcherCount.set(range, left);
    if (left > 0) return false;
    const size = this.#keySize.get(range);
    if (size === INTERVAL) this.#intervals.remove(this.#place.get(range));
    else {
      this.#keys.remove(this.#hash.get(range) >>> 0, range);
      this.#arena.free(this.#place.get(range), size);
    }
    this.#rows.free(range);
    this.#count -= 1;
    return true;
  }

  /** Appends every range that the key bytes[start, end) lies in. */
  match(bytes: Uint8Array, start: number, end: number, found: NumberList): void {
    const range = this.#lookUp(hashBytes(this.#seed, bytes, start, end), bytes, start, end);
    if (range !== NONE) found.push(range);
    this.#intervals.stab(bytes, start, end, found);
  }

  #lookUp(hash: number, bytes: Uint8Array, start: number, end: number): number {
    for (let step = 0; ; step++) {
      const range = this.#keys.probe(hash, step);
      if (range === NONE) return NONE;
      if (this.#hash.get(range) >>> 0 !== hash || this.#keySize.get(range) !== end - start) continue;
      const address = this.#place.get(range);
      const at = this.#arena.offsetOf(address);
      if (compareRanges(this.#arena.pageOf(address), at, at + end - start, bytes, start, end) === 0)
        return range;
    }
  }
}
