/** One key of a local copy. */
import type { mvccpb } from "@quorate/proto";
import type { ValueCodec } from "../stm/transaction.js";

const decoder = new TextDecoder();

/** Does not change: a newer value of the key is another entry. */
export class CacheEntry<V> {
  readonly keyBytes: Uint8Array;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
  /** How often the key was put since it was created. */
  readonly version: bigint;
  /** 0 without one. */
  readonly lease: bigint;
  readonly #valueBytes: Uint8Array;
  readonly #codec: ValueCodec<V>;
  #decoded: { readonly value: V } | undefined;

  /** @private Made by caches and collections. */
  constructor(pair: mvccpb.KeyValue, codec: ValueCodec<V>) {
    this.keyBytes = pair.key;
    this.createRevision = pair.createRevision;
    this.modRevision = pair.modRevision;
    this.version = pair.version;
    this.lease = pair.lease;
    this.#valueBytes = pair.value;
    this.#codec = codec;
  }

  /** The key as text. */
  get key(): string {
    return decoder.decode(this.keyBytes);
  }

  /** Empty with `keysOnly`. */
  get valueBytes(): Uint8Array {
    return this.#valueBytes;
  }

  /** Decoded when it is first asked for. @throws what the codec throws, for bytes that others have written. */
  get value(): V {
    this.#decoded ??= { value: this.#codec.decode(this.#valueBytes) };
    return this.#decoded.value;
  }

  /** Bytes of key and value. */
  get sizeBytes(): number {
    return this.keyBytes.length + this.#valueBytes.length;
  }
}
