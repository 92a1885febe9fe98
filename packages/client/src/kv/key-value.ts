/** A key with its value and what the store knows about it. */
import type { mvccpb } from "@quorate/proto";
import { utf8, type Codec } from "../codec/codec.js";
import { DecodeError } from "../codec/decode-value.js";
import type { Keyspace } from "../namespace/keyspace.js";

/** A key and what the store knows about it. */
export interface KeyMetadata {
  /** Of UTF-8; `keyBytes` is the truth for others. */
  readonly key: string;
  readonly keyBytes: Uint8Array;
  /** Revision at which the key was created, after its last deletion. */
  readonly createRevision: bigint;
  /** Revision of its last change. */
  readonly modRevision: bigint;
  /** Changes since it was created; 1 after the first. */
  readonly version: bigint;
  /** The lease it hangs on; 0n for none. */
  readonly lease: bigint;
}

/** A key, its value, and what the store knows about it. */
export interface KeyValue<V = string> extends KeyMetadata {
  readonly value: V;
  readonly valueBytes: Uint8Array;
}

/** What decides how a pair is shown. */
export interface PairView<V> {
  readonly keyspace: Keyspace;
  readonly codec: Codec<V>;
}

/** @throws DecodeError for bytes that are none of the codec's. */
export function toKeyValue<V>(pair: mvccpb.KeyValue, { keyspace, codec }: PairView<V>): KeyValue<V> {
  // Field by field: this is done for each pair of each range.
  const { createRevision, modRevision, version, lease, value: valueBytes } = pair;
  const keyBytes = keyspace.fromWire(pair.key);
  const key = utf8.decode(keyBytes);
  let value: V;
  try {
    value = codec.decode(valueBytes);
  } catch (error) {
    throw new DecodeError({ key, modRevision, valueBytes }, error);
  }
  return { key, keyBytes, createRevision, modRevision, version, lease, value, valueBytes };
}

export function toKeyMetadata(pair: mvccpb.KeyValue, keyspace: Keyspace): KeyMetadata {
  const { createRevision, modRevision, version, lease } = pair;
  const keyBytes = keyspace.fromWire(pair.key);
  return { key: utf8.decode(keyBytes), keyBytes, createRevision, modRevision, version, lease };
}
