/** Entries by name and in the order of their keys. Names are latin1 strings: equal and ordered as the bytes are. */
import type { CacheEntry } from "./cache-entry.js";

export class SortedEntries<V> {
  readonly #byName: Map<string, CacheEntry<V>>;
  /** All names in order. A late one is moved in; rows of a list come in order and are only appended. */
  readonly #names: string[];
  #sizeBytes: number;

  constructor(source?: SortedEntries<V>) {
    this.#byName = new Map(source === undefined ? [] : source.#byName);
    this.#names = source === undefined ? [] : source.#names.slice();
    this.#sizeBytes = source === undefined ? 0 : source.#sizeBytes;
  }

  get size(): number {
    return this.#names.length;
  }

  /** Bytes of all keys and values. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(name: string): CacheEntry<V> | undefined {
    return this.#byName.get(name);
  }

  /** @returns what the name had before. */
  set(name: string, entry: CacheEntry<V>): CacheEntry<V> | undefined {
    const before = this.#byName.get(name);
    this.#byName.set(name, entry);
    this.#sizeBytes += entry.sizeBytes - (before?.sizeBytes ?? 0);
    if (before === undefined) {
      const place = this.#place(name);
      if (place === this.#names.length) this.#names.push(name);
      else this.#names.splice(place, 0, name);
    }
    return before;
  }

  /** @returns what the name had before. */
  delete(name: string): CacheEntry<V> | undefined {
    const before = this.#byName.get(name);
    if (before === undefined) return undefined;
    this.#byName.delete(name);
    this.#names.splice(this.#place(name), 1);
    this.#sizeBytes -= before.sizeBytes;
    return before;
  }

  /** Entries from name `start`, inclusive, to `end`, exclusive, in order. The collection must not change meanwhile. */
  *range(start: string = "", end?: string): Generator<CacheEntry<V>, void, undefined> {
    for (let place = this.#place(start); place < this.#names.length; place += 1) {
      const name = this.#names[place] ?? "";
      if (end !== undefined && name >= end) return;
      const entry = this.#byName.get(name);
      if (entry !== undefined) yield entry;
    }
  }

  names(): readonly string[] {
    return this.#names;
  }

  /** Where the name is, or would be. */
  #place(name: string): number {
    let low = 0;
    let high = this.#names.length;
    const last = this.#names[high - 1];
    if (last === undefined || last < name) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#names[middle] ?? "") < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
