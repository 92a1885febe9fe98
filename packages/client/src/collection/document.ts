/** One value of a collection, as it was at one revision. */
import type { KeyValue } from "../kv/key-value.js";

/** Does not change: what is read later is another one. */
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

export function documentOf<V>(pair: KeyValue<V>, prefix: string): Document<V> {
  return {
    id: pair.key.slice(prefix.length),
    value: pair.value,
    revision: pair.modRevision,
    createRevision: pair.createRevision,
    version: pair.version,
    lease: pair.lease,
  };
}
