/** What watches take and tell. */
import type { Codec } from "../codec/codec.js";
import type { KeyMetadata, KeyValue } from "../kv/key-value.js";

/** From where a watch tells, and what. */
export interface WatchOptions<V> {
  /** Ends the watch; its loop rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The first revision that is told. Default: what happens from now on. */
  readonly startRevision?: bigint | undefined;
  readonly as?: Codec<V>;
  /** Also tells each pair as it was before its change; absent where that has been compacted. */
  readonly previous?: boolean;
  readonly puts?: boolean;
  readonly deletes?: boolean;
  /** The server reports now and then how far it has told everything, also when nothing happens: see `revision`. */
  readonly progress?: boolean;
}

/** A key was written. */
export interface PutEvent<V> {
  readonly type: "put";
  readonly kv: KeyValue<V>;
  /** Whether the key was created by it. */
  readonly isNew: boolean;
  readonly previous: KeyValue<V> | undefined;
}

/** A key was deleted, or went with its lease. `kv.modRevision` is the revision of that. */
export interface DeleteEvent<V> {
  readonly type: "delete";
  readonly kv: Pick<KeyMetadata, "key" | "keyBytes" | "modRevision">;
  readonly previous: KeyValue<V> | undefined;
}

/** One change of one key. */
export type WatchEvent<V> = PutEvent<V> | DeleteEvent<V>;

/** All that one transaction did to the watched keys, in its order. */
export interface WatchBatch<V> {
  readonly revision: bigint;
  readonly events: readonly WatchEvent<V>[];
}
