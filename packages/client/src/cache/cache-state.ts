/** What a local copy holds: moved from revision to revision, never in between. */
import { nameOf } from "../session/key-name.js";
import type { KeyValue } from "../kv/key-value.js";
import type { WatchBatch } from "../watch/watch-types.js";
import type { Codec } from "../codec/codec.js";
import { CacheEntry } from "./cache-entry.js";
import { CacheOverflowError } from "./cache-errors.js";
import type { SortedEntries } from "./sorted-entries.js";

export interface CacheLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Told of every key that is different after a move. */
export type OnChange<V> = (
  name: string,
  entry: CacheEntry<V> | undefined,
  previous: CacheEntry<V> | undefined,
) => void;

export class CacheState<V> {
  readonly #codec: Codec<V>;
  readonly #limits: CacheLimits;
  readonly #onChange: OnChange<V>;
  #entries: SortedEntries<V> | undefined;
  #revision = 0n;

  constructor(codec: Codec<V>, limits: CacheLimits, onChange: OnChange<V>) {
    this.#codec = codec;
    this.#limits = limits;
    this.#onChange = onChange;
  }

  /** Undefined before the first list. */
  get entries(): SortedEntries<V> | undefined {
    return this.#entries;
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** Adds rows to a list that is not complete yet. @throws CacheOverflowError */
  gather(list: SortedEntries<V>, rows: readonly KeyValue<Uint8Array>[]): void {
    for (const pair of rows) {
      list.set(nameOf(pair.keyBytes), new CacheEntry(pair, this.#codec));
      this.#check(list);
    }
  }

  /** Puts a complete list in place of what was there, and reports the differences. */
  replace(list: SortedEntries<V>, revision: bigint): void {
    const before = this.#entries;
    this.#entries = list;
    this.#revision = revision;
    for (const previous of before?.range() ?? []) {
      const name = nameOf(previous.keyBytes);
      if (list.get(name) === undefined) this.#onChange(name, undefined, previous);
    }
    for (const entry of list.range()) {
      const name = nameOf(entry.keyBytes);
      const previous = before?.get(name);
      if (previous?.modRevision !== entry.modRevision) this.#onChange(name, entry, previous);
    }
  }

  /** @throws CacheOverflowError */
  apply({ events, revision }: WatchBatch<Uint8Array>, keysOnly: boolean): void {
    const entries = this.#entries;
    if (entries === undefined) return;
    for (const event of events) {
      const name = nameOf(event.kv.keyBytes);
      if (event.type === "delete") {
        const previous = entries.delete(name);
        if (previous !== undefined) this.#onChange(name, undefined, previous);
        continue;
      }
      const entry = new CacheEntry(keysOnly ? { ...event.kv, valueBytes: NO_BYTES } : event.kv, this.#codec);
      this.#onChange(name, entry, entries.set(name, entry));
      this.#check(entries);
    }
    if (revision > this.#revision) this.#revision = revision;
  }

  /** Nothing is held for a copy that has ended. */
  clear(): void {
    this.#entries = undefined;
  }

  #check(entries: SortedEntries<V>): void {
    const { entriesMax, bytesMax } = this.#limits;
    if (entries.size > entriesMax) throw new CacheOverflowError("entriesMax", entriesMax);
    if (entries.sizeBytes > bytesMax) throw new CacheOverflowError("bytesMax", bytesMax);
  }
}

const NO_BYTES = new Uint8Array(0);
