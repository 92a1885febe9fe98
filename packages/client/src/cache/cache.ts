/**
 * A local copy of all keys below a prefix: listed once, then kept up to date by a watch.
 *
 * What is read here is always the state of one revision, `revision`, which may be behind the store by what is on its way. After a
 * pause in which history was compacted away, the keys are listed anew and the differences reported as changes.
 *
 * Limits: `entriesMax`, `bytesMax`; what waits for slow readers of changes is one change a key.
 */
import { keyBytes, type Key } from "../kv/key-range.js";
import { checkCount, checkRevision } from "../kv/check-numbers.js";
import { nameOf } from "../session/key-name.js";
import type { Store } from "../session/store.js";
import { linkSignals, type LinkedSignal } from "../session/linked-signal.js";
import { onAbort } from "../session/on-abort.js";
import type { Codec } from "../codec/codec.js";
import type { CacheEntry } from "./cache-entry.js";
import { CacheClosedError, CacheNotSyncedError } from "./cache-errors.js";
import { CacheSnapshot, entriesBelow } from "./cache-snapshot.js";
import { CacheState } from "./cache-state.js";
import { ChangeQueue, type CacheChange } from "./change-queue.js";
import { feedCache } from "./feed-cache.js";
import { RevisionWaits } from "./revision-waits.js";
import { SortedEntries } from "./sorted-entries.js";

/** What a local copy may hold. */
export interface CacheOptions {
  /** Keys beyond this number end the copy with CacheOverflowError. Default 1 000 000. */
  readonly entriesMax?: number;
  /** Bytes of keys and values beyond this number end the copy with CacheOverflowError. Default 256 MiB. */
  readonly bytesMax?: number;
  /** Keys and revisions without values. Default false. */
  readonly keysOnly?: boolean;
  /** Rows in one answer of a list. Default 1000. */
  readonly pageRows?: number;
  /** Closes the copy. */
  readonly signal?: AbortSignal;
}

/** Keys that a local copy holds, unless it says otherwise. */
export const CACHE_ENTRIES_MAX = 1_000_000;
/** Bytes of keys and values that a local copy holds, unless it says otherwise. */
export const CACHE_BYTES_MAX: number = 256 * 1024 * 1024;
/** Rows in one answer of a list, unless it says otherwise. */
export const CACHE_PAGE_ROWS = 1000;

/**
 * ```
 * await using cache = client.cache("services/");
 * await cache.synced;
 * cache.get("services/web");
 * for await (const change of cache.changes()) console.log(change.kind, change.key);
 * ```
 */
export class Cache<V> implements AsyncDisposable {
  /** Resolves when the copy is complete for the first time; rejects when it ends before. */
  readonly synced: Promise<void>;
  readonly #state: CacheState<V>;
  readonly #linked: LinkedSignal;
  readonly #queues = new Set<ChangeQueue<V>>();
  readonly #waits: RevisionWaits;
  readonly #running: Promise<void>;
  #listCount = 0;

  /** @private Made by `client.cache`. */
  constructor(store: Store, prefix: Key, codec: Codec<V>, options: CacheOptions = {}) {
    const { signal, entriesMax = CACHE_ENTRIES_MAX, bytesMax = CACHE_BYTES_MAX } = options;
    const { keysOnly = false, pageRows = CACHE_PAGE_ROWS } = options;
    checkCount("entriesMax", entriesMax);
    checkCount("bytesMax", bytesMax);
    checkCount("pageRows", pageRows);
    const range = { prefix: keyBytes(prefix) };
    this.#state = new CacheState(codec, { entriesMax, bytesMax }, (name, entry, previous) => {
      for (const queue of this.#queues) queue.push(name, entry, previous);
    });
    this.#linked = linkSignals([signal, store.calls.closed]);
    this.#waits = new RevisionWaits(this.#linked.signal);
    this.synced = this.#waits.reach(1n);
    // Whoever does not ask hears of the end elsewhere.
    this.synced.catch(() => undefined);
    const feed = {
      store,
      range,
      state: this.#state,
      pageRows,
      keysOnly,
      signal: this.#linked.signal,
    };
    this.#running = feedCache({
      ...feed,
      onListed: () => {
        this.#listCount += 1;
      },
      onRevision: (revision) => this.#waits.advance(revision),
    }).catch((error: unknown) => this.#linked.abort(error));
    onAbort(this.#linked.signal, () => this.#end());
  }

  /** Aborted when the copy has ended: with CacheClosedError after `close`, or with what kept it from going on. */
  get ended(): AbortSignal {
    return this.#linked.signal;
  }

  /** Whether the copy is complete. */
  get isSynced(): boolean {
    return this.#state.entries !== undefined;
  }

  /** The revision of the store that the copy shows; 0 before it is synced. */
  get revision(): bigint {
    return this.#state.revision;
  }

  /** How often the keys were listed: 1 until history was compacted away under the copy. */
  get listCount(): number {
    return this.#listCount;
  }

  /** The number of keys. */
  get size(): number {
    return this.#complete().size;
  }

  /** Bytes of all keys and values. */
  get sizeBytes(): number {
    return this.#complete().sizeBytes;
  }

  /** @throws CacheNotSyncedError before `synced`, and the reason of `ended` after the end; so do all that read. */
  get(key: Key): CacheEntry<V> | undefined {
    return this.#complete().get(nameOf(keyBytes(key)));
  }

  /** Whether the copy has the key; throws as `get` does. */
  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  /** Entries whose keys begin with `prefix` (default: all), in the order of the keys, as they are now. */
  entries(prefix: Key = ""): CacheEntry<V>[] {
    return entriesBelow(this.#complete(), prefix);
  }

  /** The whole copy as it is now, at one revision, which stays so. Takes time and memory for all keys, not for their values. */
  snapshot(): CacheSnapshot<V> {
    return new CacheSnapshot(new SortedEntries(this.#complete()), this.#state.revision);
  }

  /**
   * Resolves once the copy shows `revision` or a later one, such as that of a write just made below the prefix. Keys elsewhere move
   * the copy's revision only when the server tells of its progress.
   */
  async reached(revision: bigint, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    checkRevision("revision", revision);
    return this.#waits.reach(revision, signal);
  }

  /**
   * What changes from now on; with `initial`, what is there comes first, as puts. A reader that is slow gets the newest state of each
   * key, in the order of the revisions. Ends when the copy is closed; throws when it can't go on.
   */
  changes({ initial = false }: { readonly initial?: boolean } = {}): AsyncIterableIterator<CacheChange<V>> {
    const queue: ChangeQueue<V> = new ChangeQueue(() => this.#queues.delete(queue));
    if (this.#linked.signal.aborted) {
      queue.end(this.#endOf());
      return queue;
    }
    this.#queues.add(queue);
    if (initial) {
      for (const entry of this.#state.entries?.range() ?? [])
        queue.push(nameOf(entry.keyBytes), entry, undefined);
    }
    return queue;
  }

  /** Ends the copy. */
  async close(): Promise<void> {
    this.#linked.abort(new CacheClosedError());
    await this.#running;
  }

  /** Ends the copy. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #complete(): SortedEntries<V> {
    if (this.#linked.signal.aborted) throw this.#linked.signal.reason as Error;
    if (this.#state.entries === undefined) throw new CacheNotSyncedError();
    return this.#state.entries;
  }

  #end(): void {
    this.#state.clear();
    for (const queue of this.#queues) queue.end(this.#endOf());
    this.#queues.clear();
  }

  #endOf(): { readonly error?: unknown } {
    const reason: unknown = this.#linked.signal.reason;
    return reason instanceof CacheClosedError ? {} : { error: reason };
  }
}
