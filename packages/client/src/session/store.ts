/** What recipes stand on: calls, watches, and the part of the keys that is theirs. */
import type { Calls } from "../calls.js";
import { bytes } from "../codec/codec.js";
import type { Key, KeyRange } from "../kv/key-range.js";
import type { Keyspace } from "../namespace/keyspace.js";
import type { WatchBatch } from "../watch/watch-types.js";
import type { Watches } from "../watch/watches.js";

export interface KeyEventsOptions {
  /** Inclusive. */
  readonly startRevision: bigint;
  /** Its abortion ends the iteration with the signal's reason. */
  readonly signal: AbortSignal;
  /** Whether puts are told. Default true. */
  readonly puts?: boolean;
}

/** Port: whole transactions in order, without gap or duplicate, over broken streams too. Leaving the loop ends the watch. */
export interface KeyEvents {
  /** Throws `CompactedError` when `startRevision` is not there any more. */
  watch(
    keyspace: Keyspace,
    keys: Key | KeyRange,
    options: KeyEventsOptions,
  ): AsyncIterable<WatchBatch<Uint8Array>>;
}

export interface Store {
  readonly calls: Calls;
  readonly events: KeyEvents;
  readonly keyspace: Keyspace;
}

export function eventsOf(watches: Watches): KeyEvents {
  return {
    async *watch(keyspace, keys, options) {
      yield* watches.watch(keyspace, keys, { ...options, as: bytes }).batches();
    },
  };
}
