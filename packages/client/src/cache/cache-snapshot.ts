/** A local copy at one revision. */
import { isNoEnd, keyBytes, prefixEnd, type Key } from "../kv/key-range.js";
import { nameOf } from "../session/key-name.js";
import type { CacheEntry } from "./cache-entry.js";
import type { SortedEntries } from "./sorted-entries.js";

/** Does not change. */
export class CacheSnapshot<V> {
  /** Of the store. */
  readonly revision: bigint;
  readonly #entries: SortedEntries<V>;

  /** @private Made by `cache.snapshot`. */
  constructor(entries: SortedEntries<V>, revision: bigint) {
    this.#entries = entries;
    this.revision = revision;
  }

  /** The number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** The entry of a key; undefined when there was none. */
  get(key: Key): CacheEntry<V> | undefined {
    return this.#entries.get(nameOf(keyBytes(key)));
  }

  /** Whether the key was there. */
  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  /** Entries whose keys begin with `prefix` (default: all), in the order of the keys. */
  entries(prefix: Key = ""): CacheEntry<V>[] {
    return entriesBelow(this.#entries, prefix);
  }

  /** All entries in the order of the keys. */
  [Symbol.iterator](): IterableIterator<CacheEntry<V>> {
    return this.#entries.range();
  }
}

export function entriesBelow<V>(entries: SortedEntries<V>, prefix: Key): CacheEntry<V>[] {
  const start = keyBytes(prefix);
  const end = prefixEnd(start);
  return [...entries.range(nameOf(start), isNoEnd(end) ? undefined : nameOf(end))];
}
