/** What a transaction does, each with the type of its result. */
import { create, etcdserverpb } from "@quorate/proto";
import { codecOrText, type Codec, type WithCodec, type WithoutCodec } from "../codec/codec.js";
import { wireRange, keyBytes, type Key, type KeyRange } from "../kv/key-range.js";
import { toKeyValue, type KeyValue } from "../kv/key-value.js";
import type { DeleteResult, PutResult, RangeResult, WithPreviousCodec } from "../kv/kv-options.js";
import { encodeValue } from "../kv/encode-value.js";
import { rangeRequest } from "../kv/range-request.js";
import type { Keyspace } from "../namespace/keyspace.js";
import { leaseIdOf, type LeaseOption } from "../kv/lease-id.js";

/** Something a transaction does. @typeParam R what it gives when its branch was taken. */
export interface Operation<R> {
  /** Whether it changes something. */
  readonly isWrite: boolean;
  /** The operation as the server gets it. */
  encode(keyspace: Keyspace): etcdserverpb.RequestOp;
  /** Its result out of the server's answer. */
  decode(response: etcdserverpb.ResponseOp, keyspace: Keyspace): R;
}

/** The results of operations, in their order. */
export type Results<T extends readonly Operation<unknown>[]> = {
  -readonly [I in keyof T]: T[I] extends Operation<infer R> ? R : never;
};

/** Of reading one key in a transaction. */
export interface GetOperationOptions<V> {
  readonly as?: Codec<V>;
}

/** Reads one key. */
export function get<V>(
  key: Key,
  options: GetOperationOptions<V> & WithCodec<V>,
): Operation<KeyValue<V> | undefined>;
/** The same for text. */
export function get(key: Key, options?: GetOperationOptions<string>): Operation<KeyValue | undefined>;
export function get<V>(key: Key, options: GetOperationOptions<V> = {}): Operation<KeyValue<V> | undefined> {
  const codec = codecOrText(options.as);
  return {
    isWrite: false,
    encode: (keyspace) => requestRange(keyspace.rangeToWire(wireRange(key)), {}),
    decode: (response, keyspace) => {
      const [pair] = rangeOf(response).kvs;
      return pair === undefined ? undefined : toKeyValue(pair, { keyspace, codec });
    },
  };
}

/** Of reading a range in a transaction. */
export interface GetAllOperationOptions<V> extends GetOperationOptions<V> {
  readonly limit?: number;
}

/** Reads a range. */
export function getAll<V>(
  keys: KeyRange,
  options: GetAllOperationOptions<V> & WithCodec<V>,
): Operation<RangeResult<KeyValue<V>>>;
/** The same for text. */
export function getAll(
  keys: KeyRange,
  options?: GetAllOperationOptions<string>,
): Operation<RangeResult<KeyValue>>;
export function getAll<V>(
  keys: KeyRange,
  options: GetAllOperationOptions<V> = {},
): Operation<RangeResult<KeyValue<V>>> {
  const codec = codecOrText(options.as);
  const { limit = 0 } = options;
  return {
    isWrite: false,
    encode: (keyspace) => requestRange(keyspace.rangeToWire(wireRange(keys)), { limit }),
    decode: (response, keyspace) => {
      const { header, kvs, more, count } = rangeOf(response);
      const items = kvs.map((pair) => toKeyValue(pair, { keyspace, codec }));
      return { items, more, count: Number(count), revision: header?.revision ?? 0n };
    },
  };
}

/** Of a write in a transaction. */
export interface PutOperationOptions<V, P = V> {
  readonly as?: Codec<V>;
  readonly lease?: LeaseOption | undefined;
  readonly previous?: boolean;
  readonly previousAs?: Codec<P>;
}

/** Writes one key. A transaction may write a key once. */
export function put(
  key: Key,
  value: string | Uint8Array,
  options?: PutOperationOptions<never, string> & WithoutCodec,
): Operation<PutResult<string>>;
/** The same, with a previous value that is no text. */
export function put<P>(
  key: Key,
  value: string | Uint8Array,
  options: PutOperationOptions<never, P> & WithoutCodec & WithPreviousCodec<P>,
): Operation<PutResult<P>>;
/** Writes a value by its codec, by which the previous one is read too. */
export function put<V>(
  key: Key,
  value: NoInfer<V>,
  options: PutOperationOptions<V> & WithCodec<V>,
): Operation<PutResult<V>>;
/** The same, with a previous value of another type. */
export function put<V, P>(
  key: Key,
  value: NoInfer<V>,
  options: PutOperationOptions<V, P> & WithCodec<V> & WithPreviousCodec<P>,
): Operation<PutResult<P>>;
export function put<V, P>(
  key: Key,
  value: V,
  options: PutOperationOptions<V, P> = {},
): Operation<PutResult<P>> {
  const { lease, previous = false } = options;
  const codec = codecOrText(options.previousAs ?? (options.as as Codec<P> | undefined));
  return {
    isWrite: true,
    encode: (keyspace) =>
      op({
        case: "requestPut",
        value: create(etcdserverpb.PutRequestSchema, {
          key: keyspace.toWire(keyBytes(key)),
          value: encodeValue(value, options.as),
          lease: leaseIdOf(lease),
          prevKv: previous,
        }),
      }),
    decode: ({ response }, keyspace) => {
      if (response.case !== "responsePut") throw unexpected("put");
      const { header, prevKv } = response.value;
      return {
        revision: header?.revision ?? 0n,
        previous: prevKv === undefined ? undefined : toKeyValue(prevKv, { keyspace, codec }),
      };
    },
  };
}

/** Of a deletion in a transaction. */
export interface RemoveOperationOptions<V> {
  readonly previous?: boolean;
  readonly as?: Codec<V>;
}

/** Deletes a key or a range. */
export function remove<V>(
  keys: Key | KeyRange,
  options: RemoveOperationOptions<V> & WithCodec<V>,
): Operation<DeleteResult<V>>;
/** The same, with previous values that are text. */
export function remove(
  keys: Key | KeyRange,
  options?: RemoveOperationOptions<string>,
): Operation<DeleteResult<string>>;
export function remove<V>(
  keys: Key | KeyRange,
  options: RemoveOperationOptions<V> = {},
): Operation<DeleteResult<V>> {
  const codec = codecOrText(options.as);
  return {
    isWrite: true,
    encode: (keyspace) =>
      op({
        case: "requestDeleteRange",
        value: create(etcdserverpb.DeleteRangeRequestSchema, {
          ...keyspace.rangeToWire(wireRange(keys)),
          prevKv: options.previous ?? false,
        }),
      }),
    decode: ({ response }, keyspace) => {
      if (response.case !== "responseDeleteRange") throw unexpected("delete");
      const { header, deleted, prevKvs } = response.value;
      return {
        deleted: Number(deleted),
        revision: header?.revision ?? 0n,
        previous: prevKvs.map((pair) => toKeyValue(pair, { keyspace, codec })),
      };
    },
  };
}

export function op(request: etcdserverpb.RequestOp["request"]): etcdserverpb.RequestOp {
  return create(etcdserverpb.RequestOpSchema, { request });
}

function requestRange(
  range: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array },
  options: { readonly limit?: number },
): etcdserverpb.RequestOp {
  return op({
    case: "requestRange",
    value: create(etcdserverpb.RangeRequestSchema, rangeRequest(range, options)),
  });
}

function rangeOf({ response }: etcdserverpb.ResponseOp): etcdserverpb.RangeResponse {
  if (response.case === "responseRange") return response.value;
  throw unexpected("range");
}

export function unexpected(what: string): Error {
  return new Error(`the server answered something else than a ${what} in its place`);
}
