/** What the calls of `Kv` take and give. */
import type { CallOptions } from "../calls.js";
import type { Codec } from "../codec/codec.js";
import type { KeyValue } from "./key-value.js";
import type { LeaseOption } from "./lease-id.js";

/** What is read: the newest state or an older one, of the cluster or of one member. */
export interface ReadOptions extends CallOptions {
  /** Reads the state of that revision instead of the newest. @throws CompactedError, or a refusal `future-revision`. */
  readonly revision?: bigint | undefined;
  /** From whatever the asked member has, possibly stale; cheaper, and answered without a quorum too. */
  readonly serializable?: boolean;
}

/** Of reading one key. */
export interface GetOptions<V> extends ReadOptions {
  /** How the value is read; default text. */
  readonly as?: Codec<V>;
}

/** What a range is sorted by. */
export type SortBy = "key" | "version" | "create-revision" | "mod-revision" | "value";

/** Of reading a range. */
export interface RangeOptions extends ReadOptions {
  /** At most so many keys; `more` says that there were more. */
  readonly limit?: number;
  readonly sortBy?: SortBy;
  readonly descending?: boolean;
  /** Bounds of revisions, inclusive. They cut the result, not `count`. */
  readonly minModRevision?: bigint;
  readonly maxModRevision?: bigint;
  readonly minCreateRevision?: bigint;
  readonly maxCreateRevision?: bigint;
}

/** Of reading a range with its values. */
export interface GetAllOptions<V> extends RangeOptions {
  readonly as?: Codec<V>;
}

/** A piece of a range, as of one revision. */
export interface RangeResult<T> {
  readonly items: readonly T[];
  /** Whether the limit cut something off. */
  readonly more: boolean;
  /** Keys in the range, whatever the limit. */
  readonly count: number;
  /** Of the store when it was read. */
  readonly revision: bigint;
}

/** Of one write. */
export interface PutOptions<V, P = V> extends CallOptions {
  /** How the value is written, and a previous one read; default text for text, bytes for bytes. */
  readonly as?: Codec<V>;
  /** The key goes when the lease goes. */
  readonly lease?: LeaseOption | undefined;
  /** Also tells the pair that was there before, at the cost of reading it. */
  readonly previous?: boolean;
  /** How a previous value is read; default as the new one is written. */
  readonly previousAs?: Codec<P>;
}

/** Of writes whose previous value has a codec of its own. */
export interface WithPreviousCodec<P> {
  readonly previousAs: Codec<P>;
}

/** What a write came to. */
export interface PutResult<P> {
  readonly revision: bigint;
  /** What was there before; undefined for nothing, or when it was not asked for. */
  readonly previous: KeyValue<P> | undefined;
}

/** Of one deletion. */
export interface DeleteOptions<V> extends CallOptions {
  readonly previous?: boolean;
  readonly as?: Codec<V>;
}

/** What was deleted, and at which revision. */
export interface DeleteResult<V> {
  readonly deleted: number;
  readonly revision: bigint;
  /** What was deleted, in key order; empty when it was not asked for. */
  readonly previous: readonly KeyValue<V>[];
}

/** Of reading a range of any size. */
export interface ScanOptions<V> extends ReadOptions {
  readonly as?: Codec<V>;
  /** Keys of one page where the server can't stream (before etcd 3.7). Default 1000. */
  readonly pageSize?: number;
}
