/** A local copy at one revision. */
import { nameOf, prefixEnd, toBytes } from "../session/key-bytes.js";
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

  get size(): number {
    return this.#entries.size;
  }

  get(key: string | Uint8Array): CacheEntry<V> | undefined {
    return this.#entries.get(nameOf(toBytes(key)));
  }

  has(key: string | Uint8Array): boolean {
    return this.get(key) !== undefined;
  }

  /** Entries whose keys begin with `prefix` (default: all), in the order of the keys. */
  entries(prefix: string | Uint8Array = ""): CacheEntry<V>[] {
    return entriesBelow(this.#entries, prefix);
  }

  /** All entries in the order of the keys. */
  [Symbol.iterator](): IterableIterator<CacheEntry<V>> {
    return this.#entries.range();
  }
}

export function entriesBelow<V>(entries: SortedEntries<V>, prefix: string | Uint8Array): CacheEntry<V>[] {
  const start = toBytes(prefix);
  const end = prefixEnd(start);
  // A zero byte is the end of a prefix that has none.
  const isEndless = end.length === 1 && end[0] === 0;
  return [...entries.range(nameOf(start), isEndless ? undefined : nameOf(end))];
}
