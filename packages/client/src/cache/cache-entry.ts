/** One key of a local copy. */
import { decodeValue } from "../codec/decode-value.js";
import type { Codec } from "../codec/codec.js";
import type { KeyMetadata, KeyValue } from "../kv/key-value.js";

/** Does not change: a newer value of the key is another entry. */
export class CacheEntry<V> implements KeyMetadata {
  /** The key as text. */
  readonly key: string;
  readonly keyBytes: Uint8Array;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** How often the key was put since it was created. */
  readonly version: bigint;
  /** 0 without one. */
  readonly lease: bigint;
  readonly #valueBytes: Uint8Array;
  readonly #codec: Codec<V>;
  #decoded: { readonly value: V } | undefined;

  /** @private Made by caches and collections. */
  constructor(pair: Omit<KeyValue<unknown>, "value">, codec: Codec<V>) {
    this.key = pair.key;
    this.keyBytes = pair.keyBytes;
    this.createRevision = pair.createRevision;
    this.modRevision = pair.modRevision;
    this.version = pair.version;
    this.lease = pair.lease;
    this.#valueBytes = pair.valueBytes;
    this.#codec = codec;
  }

  /** Empty with `keysOnly`. */
  get valueBytes(): Uint8Array {
    return this.#valueBytes;
  }

  /** Decoded when it is first asked for. @throws DecodeError for bytes that others have written. */
  get value(): V {
    this.#decoded ??= { value: decodeValue(this.#codec, this) };
    return this.#decoded.value;
  }

  /** Bytes of key and value. */
  get sizeBytes(): number {
    return this.keyBytes.length + this.#valueBytes.length;
  }
}
