/**
 * Values of one type below one prefix: read and written as such, and changed without losing what others write meanwhile.
 */
import { decodeValue } from "../codec/decode-value.js";
import { Cache, type CacheOptions } from "../cache/cache.js";
import type { CallOptions } from "../calls.js";
import type { Codec } from "../codec/codec.js";
import { checkCount } from "../kv/check-numbers.js";
import { Kv } from "../kv/kv.js";
import type { KeyValue } from "../kv/key-value.js";
import { conflictPause } from "../session/conflict-pause.js";
import { linkSignals } from "../session/linked-signal.js";
import type { Store } from "../session/store.js";
import { modRevision } from "../txn/conditions.js";
import { get, put, remove, type Operation } from "../txn/operations.js";
import type { WatchEvent } from "../watch/watch-types.js";
import { ConflictError, UpdateConflictError } from "./collection-errors.js";
import { documentOf, type Document } from "./document.js";
import { leaseIdOf } from "../kv/lease-id.js";

/** Of one write of a document. */
export interface WriteOptions extends CallOptions {
  /** Attaches the document to a lease. */
  readonly lease?: bigint | { readonly id: bigint };
  /** Writes only when the document was last changed at this revision; 0 when it must not exist. Otherwise ConflictError. */
  readonly ifRevision?: bigint;
}

/** Of one deletion of a document. */
export interface DeleteDocumentOptions extends CallOptions {
  /** Deletes only when the document was last changed at this revision. Otherwise ConflictError. */
  readonly ifRevision?: bigint;
}

/** Which documents are listed, and how. */
export interface ListDocumentsOptions extends CallOptions {
  /** Only ids that begin with it. */
  readonly startsWith?: string;
  /** The state of the store at this revision; default is the newest. */
  readonly revision?: bigint;
  /** Rows fetched at a time where the server can't stream (before etcd 3.7). Default 1000. */
  readonly pageSize?: number;
}

/** Of one update of a document. */
export interface UpdateOptions extends CallOptions {
  /** Attaches the document to a lease; default keeps the lease it has. */
  readonly lease?: bigint | { readonly id: bigint };
  /** Attempts before UpdateConflictError. Default 100. */
  readonly attemptsMax?: number;
}

/** Attempts of an update, unless it says otherwise. */
export const UPDATE_ATTEMPTS_MAX = 100;

/** One document was written or deleted, at `revision`. */
export type CollectionEvent<V> =
  | { readonly kind: "put"; readonly id: string; readonly document: Document<V>; readonly revision: bigint }
  | { readonly kind: "delete"; readonly id: string; readonly revision: bigint };

/** From where and how long a collection is watched. */
export interface WatchCollectionOptions {
  /** The first revision of interest; default is what comes next. */
  readonly startRevision?: bigint;
  /** Ends the watch with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * ```
 * const users = client.collection("users/", json<User>());
 * await users.put("ada", { name: "Ada", logins: 0 });
 * await users.update("ada", (user) => ({ name: "Ada", logins: (user?.logins ?? 0) + 1 }));
 * ```
 */
export class Collection<V> {
  readonly prefix: string;
  readonly #store: Store;
  readonly #kv: Kv;
  readonly #codec: Codec<V>;

  /** @private Made by `client.collection`. */
  constructor(store: Store, prefix: string, codec: Codec<V>) {
    if (typeof prefix !== "string")
      throw new TypeError(`a collection's prefix is text, not ${String(prefix)}`);
    this.prefix = prefix;
    this.#store = store;
    this.#kv = new Kv(store.calls, store.keyspace);
    this.#codec = codec;
  }

  /** The document; undefined when there is none. */
  async get(
    id: string,
    options: CallOptions & { readonly revision?: bigint } = {},
  ): Promise<Document<V> | undefined> {
    return this.#documentOf(await this.#kv.get(this.#keyOf(id), { ...options, as: this.#codec }));
  }

  /**
   * Creates or replaces a document. @returns the revision of the write.
   * @throws ConflictError with `ifRevision`; `UnknownOutcomeError` when the answer was lost.
   */
  async put(id: string, value: V, options: WriteOptions = {}): Promise<bigint> {
    const { lease, ifRevision, ...callOptions } = options;
    const key = this.#keyOf(id);
    const putOptions = { as: this.#codec, lease };
    if (ifRevision === undefined)
      return (await this.#kv.put(key, value, { ...callOptions, ...putOptions })).revision;
    const { revision } = await this.#writeIf(id, ifRevision, put(key, value, putOptions), callOptions);
    return revision;
  }

  /** Creates a document. @returns the revision of the write. @throws ConflictError when it exists. */
  create(id: string, value: V, options: Omit<WriteOptions, "ifRevision"> = {}): Promise<bigint> {
    return this.put(id, value, { ...options, ifRevision: 0n });
  }

  /** @returns whether there was a document. @throws ConflictError with `ifRevision`. */
  async delete(id: string, options: DeleteDocumentOptions = {}): Promise<boolean> {
    const { ifRevision, ...callOptions } = options;
    const key = this.#keyOf(id);
    if (ifRevision === undefined) return (await this.#kv.delete(key, callOptions)).deleted > 0;
    const { result } = await this.#writeIf(id, ifRevision, remove(key), callOptions);
    return result.deleted > 0;
  }

  /**
   * Reads, computes and writes back, again when somebody else wrote in between. `change` gets undefined for a document that does not
   * exist, and returns undefined to delete it; it may run several times.
   * @returns the document as it was written; undefined after a deletion. @throws UpdateConflictError
   */
  async update(
    id: string,
    change: (current: V | undefined) => V | undefined | Promise<V | undefined>,
    options: UpdateOptions = {},
  ): Promise<Document<V> | undefined> {
    const { attemptsMax = UPDATE_ATTEMPTS_MAX, lease: wantedLease, ...callOptions } = options;
    checkCount("attemptsMax", attemptsMax);
    const key = this.#keyOf(id);
    let current = await this.get(id, callOptions);
    for (let attempt = 1; ; attempt += 1) {
      const value = await change(current?.value);
      if (value === undefined && current === undefined) return undefined;
      const lease = leaseIdOf(wantedLease ?? current?.lease ?? 0n);
      const operation: Operation<unknown> =
        value === undefined ? remove(key) : put(key, value, { as: this.#codec, lease });
      const answer = await this.#tryWrite(key, current?.revision ?? 0n, operation, callOptions);
      if (answer.succeeded) {
        const { revision } = answer;
        const { createRevision = revision, version = 0n } = current ?? {};
        return value === undefined
          ? undefined
          : { id, value, revision, createRevision, version: version + 1n, lease };
      }
      if (attempt >= attemptsMax) throw new UpdateConflictError(id, attempt);
      current = this.#documentOf(answer.found);
      // The first repetition is at once, with what came with the refusal.
      if (attempt > 1) await conflictPause(attempt - 2, [options.signal, this.#store.calls.closed]);
    }
  }

  /** Documents in the order of their ids, all as they were at one revision. @throws CompactedError in a loop that takes very long */
  async *list(options: ListDocumentsOptions = {}): AsyncGenerator<Document<V>, void, undefined> {
    const { startsWith = "", ...scanOptions } = options;
    const pairs = this.#kv.scan({ prefix: this.prefix + startsWith }, { ...scanOptions, as: this.#codec });
    for await (const pair of pairs) yield documentOf(pair, this.prefix);
  }

  /** How many documents there are. */
  count(options: CallOptions & { readonly startsWith?: string } = {}): Promise<number> {
    const { startsWith = "", ...callOptions } = options;
    return this.#kv.count({ prefix: this.prefix + startsWith }, callOptions);
  }

  /**
   * Changes in their order, without gap or duplicate, over broken connections too. Leaving the loop ends it.
   * @throws CompactedError when `startRevision`, or what came during a long absence, is not there any more.
   */
  async *watch(options: WatchCollectionOptions = {}): AsyncGenerator<CollectionEvent<V>, void, undefined> {
    const { calls, events, keyspace } = this.#store;
    const linked = linkSignals([options.signal, calls.closed]);
    const range = { prefix: this.prefix };
    try {
      const { signal } = linked;
      const startRevision =
        options.startRevision ?? (await this.#kv.keys(range, { limit: 1, signal })).revision + 1n;
      for await (const batch of events.watch(keyspace, range, { startRevision, signal })) {
        for (const event of batch.events) yield this.#eventOf(event);
      }
      signal.throwIfAborted();
    } finally {
      linked.unlink();
    }
  }

  /** A local copy of all documents; its keys have the prefix. */
  cache(options: CacheOptions = {}): Cache<V> {
    return new Cache(this.#store, this.prefix, this.#codec, options);
  }

  /** @throws TypeError for what is no id: its text would be that of another document. */
  #keyOf(id: string): string {
    if (typeof id !== "string") throw new TypeError(`the id of a document is text, not ${String(id)}`);
    return this.prefix + id;
  }

  /** @throws ConflictError */
  async #writeIf<R>(
    id: string,
    ifRevision: bigint,
    operation: Operation<R>,
    options: CallOptions,
  ): Promise<{ readonly revision: bigint; readonly result: R }> {
    const answer = await this.#tryWrite(this.#keyOf(id), ifRevision, operation, options);
    if (answer.succeeded) return answer;
    throw new ConflictError(id, answer.found?.modRevision ?? 0n);
  }

  async #tryWrite<R>(
    key: string,
    ifRevision: bigint,
    operation: Operation<R>,
    options: CallOptions,
  ): Promise<Attempted<V, R>> {
    const answer = await this.#kv
      .txn()
      .if(modRevision(key).equals(ifRevision))
      .do(operation)
      .else(get(key, { as: this.#codec }))
      .commit(options);
    if (!answer.succeeded) return { succeeded: false, found: answer.results[0] };
    const [result] = answer.results;
    return { succeeded: true, revision: answer.revision, result };
  }

  #eventOf(event: WatchEvent<Uint8Array>): CollectionEvent<V> {
    const { modRevision: revision } = event.kv;
    if (event.type === "delete")
      return { kind: "delete", id: event.kv.key.slice(this.prefix.length), revision };
    const document = documentOf({ ...event.kv, value: decodeValue(this.#codec, event.kv) }, this.prefix);
    return { kind: "put", id: document.id, document, revision };
  }

  #documentOf(pair: KeyValue<V> | undefined): Document<V> | undefined {
    return pair && documentOf(pair, this.prefix);
  }
}

/** What came of a write on a condition; `found` is what is there instead. */
type Attempted<V, R> =
  | { readonly succeeded: true; readonly revision: bigint; readonly result: R }
  | { readonly succeeded: false; readonly found: KeyValue<V> | undefined };
