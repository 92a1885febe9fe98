/** Values that are read, and what is said of those that can't be. */
import type { Codec } from "./codec.js";

/**
 * The bytes of a value are none of its codec's: somebody else has written them, or with another one. `cause` is what the codec says. A
 * reader of many can go on behind `modRevision`, or repair `key`.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  readonly key: string;
  /** Of the change that wrote it; 0n where that is not known. */
  readonly modRevision: bigint;
  readonly valueBytes: Uint8Array;

  constructor({ key, modRevision, valueBytes }: EncodedPair, cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    super(`the value of "${key}" at revision ${modRevision} can't be read: ${text}`, { cause });
    this.key = key;
    this.modRevision = modRevision;
    this.valueBytes = valueBytes;
  }
}

/** A value as the store has it. */
export interface EncodedPair {
  readonly key: string;
  readonly modRevision: bigint;
  readonly valueBytes: Uint8Array;
}

/** @throws DecodeError */
export function decodeValue<V>(codec: Codec<V>, pair: EncodedPair): V {
  try {
    return codec.decode(pair.valueBytes);
  } catch (error) {
    throw new DecodeError(pair, error);
  }
}
