/**
 * Values of one type below one prefix: read and written as such, and changed without losing what others write meanwhile.
 */
import { etcdserverpb, mvccpb, type MessageInitShape, type MessageShape } from "@quorate/proto";
import { Cache, CACHE_PAGE_ROWS, type CacheOptions, type CacheParts } from "../cache/cache.js";
import { listRange } from "../cache/list-prefix.js";
import type { CallOptions } from "../calls.js";
import { prefixEnd, toBytes } from "../session/key-bytes.js";
import { conflictPause } from "../session/conflict-pause.js";
import { linkSignals } from "../session/linked-signal.js";
import type { ValueCodec } from "../stm/transaction.js";
import { ConflictError, UpdateConflictError } from "./collection-errors.js";
import { documentOf, type Document } from "./document.js";

const KV = etcdserverpb.KV.method;
const { MOD } = etcdserverpb.Compare_CompareTarget;
const { EQUAL } = etcdserverpb.Compare_CompareResult;

type OpInit = MessageInitShape<typeof etcdserverpb.RequestOpSchema>;
type TxnAnswer = MessageShape<typeof etcdserverpb.TxnResponseSchema>;

export interface WriteOptions extends CallOptions {
  /** Attaches the document to a lease. */
  readonly lease?: bigint | { readonly id: bigint };
  /** Writes only when the document was last changed at this revision; 0 when it must not exist. Otherwise ConflictError. */
  readonly ifRevision?: bigint;
}

export interface DeleteOptions extends CallOptions {
  /** Deletes only when the document was last changed at this revision. Otherwise ConflictError. */
  readonly ifRevision?: bigint;
}

export interface ListDocumentsOptions extends CallOptions {
  /** Only ids that begin with it. */
  readonly startsWith?: string;
  /** The state of the store at this revision; default is the newest. */
  readonly revision?: bigint;
  /** Rows fetched at a time. Default 1000. */
  readonly pageRows?: number;
}

export interface UpdateOptions extends CallOptions {
  /** Attaches the document to a lease; default keeps the lease it has. */
  readonly lease?: bigint | { readonly id: bigint };
  /** Attempts before UpdateConflictError. Default 100. */
  readonly attemptsMax?: number;
}

export const UPDATE_ATTEMPTS_MAX = 100;

export type CollectionEvent<V> =
  | { readonly kind: "put"; readonly id: string; readonly document: Document<V>; readonly revision: bigint }
  | { readonly kind: "delete"; readonly id: string; readonly revision: bigint };

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
  readonly #parts: CacheParts;
  readonly #codec: ValueCodec<V>;
  readonly #prefix: Uint8Array;

  /** @private Made by `client.collection`. */
  constructor(parts: CacheParts, prefix: string, codec: ValueCodec<V>) {
    this.prefix = prefix;
    this.#parts = parts;
    this.#codec = codec;
    this.#prefix = toBytes(prefix);
  }

  /** The document; undefined when there is none. */
  async get(
    id: string,
    options: CallOptions & { readonly revision?: bigint } = {},
  ): Promise<Document<V> | undefined> {
    const { revision = 0n, ...callOptions } = options;
    const request = { key: this.#key(id), revision };
    const answer = await this.#parts.calls.unary(KV.range, request, { ...callOptions, safety: "read" });
    return this.#documentOf(answer.kvs[0]);
  }

  /**
   * Creates or replaces a document. @returns the revision of the write.
   * @throws ConflictError with `ifRevision`; `UnknownOutcomeError` when the answer was lost.
   */
  async put(id: string, value: V, options: WriteOptions = {}): Promise<bigint> {
    const { lease = 0n, ifRevision, ...callOptions } = options;
    const key = this.#key(id);
    const put = { key, value: this.#codec.encode(value), lease: leaseIdOf(lease) };
    const op: OpInit = { request: { case: "requestPut", value: put } };
    return (await this.#write({ id, key, op, ifRevision }, callOptions)).revision;
  }

  /** Creates a document. @returns the revision of the write. @throws ConflictError when it exists. */
  create(id: string, value: V, options: Omit<WriteOptions, "ifRevision"> = {}): Promise<bigint> {
    return this.put(id, value, { ...options, ifRevision: 0n });
  }

  /** @returns whether there was a document. @throws ConflictError with `ifRevision`. */
  async delete(id: string, options: DeleteOptions = {}): Promise<boolean> {
    const { ifRevision, ...callOptions } = options;
    const key = this.#key(id);
    const op: OpInit = { request: { case: "requestDeleteRange", value: { key } } };
    const { answer } = await this.#write({ id, key, op, ifRevision }, callOptions);
    const response = answer.responses[0]?.response;
    return response?.case === "responseDeleteRange" && response.value.deleted > 0n;
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
    const { attemptsMax = UPDATE_ATTEMPTS_MAX, lease, ...callOptions } = options;
    let current = await this.get(id, callOptions);
    for (let attempt = 1; ; attempt += 1) {
      const value = await change(current?.value);
      if (value === undefined && current === undefined) return undefined;
      const key = this.#key(id);
      const ifRevision = current?.revision ?? 0n;
      const leaseId = lease === undefined ? (current?.lease ?? 0n) : leaseIdOf(lease);
      const op: OpInit =
        value === undefined
          ? { request: { case: "requestDeleteRange", value: { key } } }
          : {
              request: {
                case: "requestPut",
                value: { key, value: this.#codec.encode(value), lease: leaseId },
              },
            };
      const { answer, revision, found } = await this.#attempt({ key, op, ifRevision }, callOptions);
      if (answer.succeeded) {
        if (value === undefined) return undefined;
        const createRevision = current?.createRevision ?? revision;
        return {
          id,
          value,
          revision,
          createRevision,
          version: (current?.version ?? 0n) + 1n,
          lease: leaseId,
        };
      }
      if (attempt >= attemptsMax) throw new UpdateConflictError(id, attempt);
      current = this.#documentOf(found);
      // The first repetition is at once, with what came with the refusal.
      if (attempt > 1) await conflictPause(attempt - 2, [options.signal, this.#parts.calls.closed]);
    }
  }

  /** Documents in the order of their ids, all as they were at one revision. @throws `compacted` in a list that takes very long */
  async *list(options: ListDocumentsOptions = {}): AsyncGenerator<Document<V>, void, undefined> {
    const { startsWith = "", revision = 0n, pageRows = CACHE_PAGE_ROWS, ...callOptions } = options;
    const pages = listRange(this.#parts.calls, this.#range(startsWith), {
      ...callOptions,
      pageRows,
      revision,
    });
    for await (const { rows } of pages) {
      for (const pair of rows) yield documentOf(pair, this.#prefix.length, this.#codec);
    }
  }

  /** How many documents there are. */
  async count(options: CallOptions & { readonly startsWith?: string } = {}): Promise<number> {
    const { startsWith = "", ...callOptions } = options;
    const { key, end: rangeEnd } = this.#range(startsWith);
    const request = { key, rangeEnd, countOnly: true };
    const answer = await this.#parts.calls.unary(KV.range, request, { ...callOptions, safety: "read" });
    return Number(answer.count);
  }

  /**
   * Changes in their order, without gap or duplicate, over broken connections too. Leaving the loop ends it.
   * @throws `compacted` when `startRevision`, or what came during a long absence, is not there any more.
   */
  async *watch(options: WatchCollectionOptions = {}): AsyncGenerator<CollectionEvent<V>, void, undefined> {
    const { calls, events } = this.#parts;
    const linked = linkSignals([options.signal, calls.closed]);
    try {
      const { signal } = linked;
      const startRevision = options.startRevision ?? (await this.#revision(signal)) + 1n;
      for await (const batch of events.watch(this.#range(""), { startRevision, signal })) {
        for (const { type, kv } of batch.events) {
          if (kv === undefined) continue;
          if (type === mvccpb.Event_EventType.DELETE) {
            yield { kind: "delete", id: this.#idOf(kv.key), revision: kv.modRevision };
          } else {
            const document = documentOf(kv, this.#prefix.length, this.#codec);
            yield { kind: "put", id: document.id, document, revision: kv.modRevision };
          }
        }
      }
      signal.throwIfAborted();
    } finally {
      linked.unlink();
    }
  }

  /** A local copy of all documents; its keys have the prefix. */
  cache(options: CacheOptions = {}): Cache<V> {
    return new Cache(this.#parts, this.#prefix, this.#codec, options);
  }

  /** @throws ConflictError */
  async #write(
    write: {
      readonly id: string;
      readonly key: Uint8Array;
      readonly op: OpInit;
      readonly ifRevision: bigint | undefined;
    },
    options: CallOptions,
  ): Promise<{ readonly answer: TxnAnswer; readonly revision: bigint }> {
    const { answer, revision, found } = await this.#attempt(write, options);
    if (answer.succeeded) return { answer, revision };
    throw new ConflictError(write.id, found?.modRevision ?? 0n);
  }

  async #attempt(
    {
      key,
      op,
      ifRevision,
    }: { readonly key: Uint8Array; readonly op: OpInit; readonly ifRevision: bigint | undefined },
    options: CallOptions,
  ): Promise<{
    readonly answer: TxnAnswer;
    readonly revision: bigint;
    readonly found: mvccpb.KeyValue | undefined;
  }> {
    const unchanged = { key, target: MOD, result: EQUAL };
    const request = {
      compare:
        ifRevision === undefined
          ? []
          : [{ ...unchanged, targetUnion: { case: "modRevision" as const, value: ifRevision } }],
      success: [op],
      failure: [{ request: { case: "requestRange" as const, value: { key } } }],
    };
    const answer = await this.#parts.calls.unary(KV.txn, request, { ...options, safety: "write" });
    const response = answer.responses[0]?.response;
    const found = response?.case === "responseRange" ? response.value.kvs[0] : undefined;
    return { answer, revision: answer.header?.revision ?? 0n, found };
  }

  async #revision(signal: AbortSignal): Promise<bigint> {
    const request = { key: this.#prefix.length === 0 ? new Uint8Array(1) : this.#prefix, countOnly: true };
    const answer = await this.#parts.calls.unary(KV.range, request, { signal, safety: "read" });
    return answer.header?.revision ?? 0n;
  }

  #key(id: string): Uint8Array {
    return toBytes(this.prefix + id);
  }

  #idOf(key: Uint8Array): string {
    return new TextDecoder().decode(key.subarray(this.#prefix.length));
  }

  #range(startsWith: string): { readonly key: Uint8Array; readonly end: Uint8Array } {
    const key = this.#key(startsWith);
    return { key: key.length === 0 ? new Uint8Array(1) : key, end: prefixEnd(key) };
  }

  #documentOf(pair: mvccpb.KeyValue | undefined): Document<V> | undefined {
    return pair && documentOf(pair, this.#prefix.length, this.#codec);
  }
}

function leaseIdOf(lease: bigint | { readonly id: bigint }): bigint {
  return typeof lease === "bigint" ? lease : lease.id;
}
