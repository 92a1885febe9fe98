/** Keys and values. All numbers of the store are bigint; text is UTF-8 unless a codec says otherwise. */
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions, Calls, CallSafety } from "../calls.js";
import { codecOrText, type Codec, type WithCodec, type WithoutCodec } from "../codec/codec.js";
import type { Keyspace } from "../namespace/keyspace.js";
import { TxnBuilder } from "../txn/txn-builder.js";
import { encodeValue } from "./encode-value.js";
import { keyBytes, wireRange, type Key, type KeyRange } from "./key-range.js";
import { toKeyMetadata, toKeyValue, type KeyMetadata, type KeyValue } from "./key-value.js";
import type {
  DeleteOptions,
  DeleteResult,
  GetAllOptions,
  GetOptions,
  PutOptions,
  PutResult,
  RangeOptions,
  RangeResult,
  ScanOptions,
  WithPreviousCodec,
} from "./kv-options.js";
import { rangeRequest } from "./range-request.js";
import { scanRange } from "./scan-range.js";
import { leaseIdOf } from "./lease-id.js";

const { range, put, deleteRange, compact } = etcdserverpb.KV.method;

/** Keys and values of one keyspace. */
export class Kv {
  readonly #calls: Calls;
  readonly #keyspace: Keyspace;

  constructor(calls: Calls, keyspace: Keyspace) {
    this.#calls = calls;
    this.#keyspace = keyspace;
  }

  /** @returns the pair, or undefined when there is no such key. Linearizable unless `serializable`. */
  get<V>(key: Key, options: GetOptions<V> & WithCodec<V>): Promise<KeyValue<V> | undefined>;
  /** The same for text. */
  get(key: Key, options?: GetOptions<string>): Promise<KeyValue | undefined>;
  async get<V>(key: Key, options: GetOptions<V> = {}): Promise<KeyValue<V> | undefined> {
    const request = rangeRequest(this.#keyspace.rangeToWire(wireRange(key)), options);
    const { kvs } = await this.#calls.unary(range, request, callOf(options, "read"));
    return kvs[0] === undefined ? undefined : toKeyValue(kvs[0], this.#view(options.as));
  }

  /** The pairs of a range, in key order unless sorted otherwise. For ranges of any size see `scan`. */
  getAll<V>(keys: KeyRange, options: GetAllOptions<V> & WithCodec<V>): Promise<RangeResult<KeyValue<V>>>;
  /** The same for text. */
  getAll(keys: KeyRange, options?: GetAllOptions<string>): Promise<RangeResult<KeyValue>>;
  async getAll<V>(keys: KeyRange, options: GetAllOptions<V> = {}): Promise<RangeResult<KeyValue<V>>> {
    const view = this.#view(options.as);
    return this.#range(keys, options, (pair) => toKeyValue(pair, view));
  }

  /** As `getAll`, without values. */
  async keys(keys: KeyRange, options: RangeOptions = {}): Promise<RangeResult<KeyMetadata>> {
    return this.#range(keys, { ...options, keysOnly: true }, (pair) => toKeyMetadata(pair, this.#keyspace));
  }

  /** The number of keys in a range. */
  async count(keys: KeyRange, options: RangeOptions = {}): Promise<number> {
    const request = rangeRequest(this.#keyspace.rangeToWire(wireRange(keys)), {
      ...options,
      countOnly: true,
    });
    const { count } = await this.#calls.unary(range, request, { ...options, safety: "read" });
    return Number(count);
  }

  /**
   * The pairs of a range of any size, in key order, as of one revision: the newest at its beginning, or `revision`. Memory is bounded:
   * nothing is read ahead of the loop beyond a piece. @throws CompactedError when that revision goes while it is being read.
   */
  scan<V>(keys: KeyRange, options: ScanOptions<V> & WithCodec<V>): AsyncIterable<KeyValue<V>>;
  /** The same for text. */
  scan(keys: KeyRange, options?: ScanOptions<string>): AsyncIterable<KeyValue>;
  scan<V>(keys: KeyRange, options: ScanOptions<V> = {}): AsyncIterable<KeyValue<V>> {
    const view = this.#view(options.as);
    const wire = this.#keyspace.rangeToWire(wireRange(keys));
    return scanRange(this.#calls, wire, { ...options, convert: (pair) => toKeyValue(pair, view) });
  }

  /** Writes a key. A value that is bytes is taken as it is, unless a codec says otherwise. */
  put(
    key: Key,
    value: string | Uint8Array,
    options?: PutOptions<never, string> & WithoutCodec,
  ): Promise<PutResult<string>>;
  /** The same, with a previous value that is no text. */
  put<P>(
    key: Key,
    value: string | Uint8Array,
    options: PutOptions<never, P> & WithoutCodec & WithPreviousCodec<P>,
  ): Promise<PutResult<P>>;
  /** Writes a value by its codec, by which the previous one is read too. */
  put<V>(key: Key, value: NoInfer<V>, options: PutOptions<V> & WithCodec<V>): Promise<PutResult<V>>;
  /** The same, with a previous value of another type. */
  put<V, P>(
    key: Key,
    value: NoInfer<V>,
    options: PutOptions<V, P> & WithCodec<V> & WithPreviousCodec<P>,
  ): Promise<PutResult<P>>;
  async put<V, P>(key: Key, value: V, options: PutOptions<V, P> = {}): Promise<PutResult<P>> {
    const { lease, previous = false } = options;
    const request = {
      key: this.#keyspace.toWire(keyBytes(key)),
      value: encodeValue(value, options.as),
      lease: leaseIdOf(lease),
      prevKv: previous,
    };
    const { header, prevKv } = await this.#calls.unary(put, request, callOf(options, "write"));
    const view = this.#view(options.previousAs ?? (options.as as Codec<P> | undefined));
    return {
      revision: header?.revision ?? 0n,
      previous: prevKv === undefined ? undefined : toKeyValue(prevKv, view),
    };
  }

  /** Deletes a key, or all keys of a range at one revision. Nothing to delete is no error. */
  delete<V>(keys: Key | KeyRange, options: DeleteOptions<V> & WithCodec<V>): Promise<DeleteResult<V>>;
  /** The same, with previous values that are text. */
  delete(keys: Key | KeyRange, options?: DeleteOptions<string>): Promise<DeleteResult<string>>;
  async delete<V>(keys: Key | KeyRange, options: DeleteOptions<V> = {}): Promise<DeleteResult<V>> {
    const wire = this.#keyspace.rangeToWire(wireRange(keys));
    const request = { ...wire, prevKv: options.previous ?? false };
    const answer = await this.#calls.unary(deleteRange, request, { ...options, safety: "write" });
    const view = this.#view(options.as);
    return {
      deleted: Number(answer.deleted),
      revision: answer.header?.revision ?? 0n,
      previous: answer.prevKvs.map((pair) => toKeyValue(pair, view)),
    };
  }

  /** A transaction: conditions, and what happens when they hold, or when they do not. */
  txn(): TxnBuilder {
    return new TxnBuilder(this.#calls, this.#keyspace);
  }

  /**
   * Forgets all revisions before `revision`. One that is compacted already is no error: it is done.
   * @param options.physical waits until the space is free.
   */
  async compact(
    revision: bigint,
    options: CallOptions & { readonly physical?: boolean } = {},
  ): Promise<void> {
    const request = { revision, physical: options.physical ?? false };
    // Compacting twice leads to the same state.
    await this.#calls.unary(compact, request, { ...options, safety: "idempotent" });
  }

  async #range<T>(
    keys: KeyRange,
    options: RangeOptions & { readonly keysOnly?: boolean },
    convert: (pair: etcdserverpb.RangeResponse["kvs"][number]) => T,
  ): Promise<RangeResult<T>> {
    const request = rangeRequest(this.#keyspace.rangeToWire(wireRange(keys)), options);
    const { header, kvs, more, count } = await this.#calls.unary(range, request, {
      ...options,
      safety: "read",
    });
    return { items: kvs.map(convert), more, count: Number(count), revision: header?.revision ?? 0n };
  }

  #view<V>(codec: Codec<V> | undefined): { readonly keyspace: Keyspace; readonly codec: Codec<V> } {
    return { keyspace: this.#keyspace, codec: codecOrText(codec) };
  }
}

/** What a call takes of an operation's options: always the same fields, because puts and gets are many. */
function callOf(
  { signal, timeoutMs }: CallOptions,
  safety: CallSafety,
): CallOptions & { readonly safety: CallSafety } {
  return { signal, timeoutMs, safety };
}
