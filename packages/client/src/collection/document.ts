/** One value of a collection, as it was at one revision. */
import type { mvccpb } from "@quorate/proto";
import type { ValueCodec } from "../stm/transaction.js";

export interface Document<V> {
  /** The key without the collection's prefix. */
  readonly id: string;
  readonly value: V;
  /** The revision at which it was last changed: what compare-and-swap compares. */
  readonly revision: bigint;
  readonly createRevision: bigint;
  /** How often it was put since it was created. */
  readonly version: bigint;
  /** 0 without one. */
  readonly lease: bigint;
}

const decoder = new TextDecoder();

/** @throws what the codec throws, for bytes that others have written. */
export function documentOf<V>(pair: mvccpb.KeyValue, prefixBytes: number, codec: ValueCodec<V>): Document<V> {
  return {
    id: decoder.decode(pair.key.subarray(prefixBytes)),
    value: codec.decode(pair.value),
    revision: pair.modRevision,
    createRevision: pair.createRevision,
    version: pair.version,
    lease: pair.lease,
  };
}
