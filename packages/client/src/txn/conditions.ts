/** What a transaction compares. Each condition is about one key, or about every key of a range. */
import { create, etcdserverpb } from "@quorate/proto";
import type { Codec } from "../codec/codec.js";
import { encodeValue } from "../kv/encode-value.js";
import { wireRange, type Key, type KeyRange } from "../kv/key-range.js";
import type { Keyspace } from "../namespace/keyspace.js";

/** Made by the functions of this module; `encode` is for transactions. */
export interface Condition {
  /** The comparison as the server gets it. */
  encode(keyspace: Keyspace): etcdserverpb.Compare;
}

const { Compare_CompareResult: Result, Compare_CompareTarget: Target } = etcdserverpb;

/** Comparisons of a number that the store keeps of a key. A key that does not exist has 0 in each. */
export class NumberComparison {
  readonly #keys: Key | KeyRange;
  readonly #operand: (value: bigint) => Pick<etcdserverpb.Compare, "target" | "targetUnion">;

  constructor(
    keys: Key | KeyRange,
    operand: (value: bigint) => Pick<etcdserverpb.Compare, "target" | "targetUnion">,
  ) {
    this.#keys = keys;
    this.#operand = operand;
  }

  /** Holds when it is equal to `value`. */
  equals(value: bigint): Condition {
    return this.#is(Result.EQUAL, value);
  }

  /** Holds when it is other than `value`. */
  notEquals(value: bigint): Condition {
    return this.#is(Result.NOT_EQUAL, value);
  }

  /** Holds when it is greater than `value`. */
  above(value: bigint): Condition {
    return this.#is(Result.GREATER, value);
  }

  /** Holds when it is less than `value`. */
  below(value: bigint): Condition {
    return this.#is(Result.LESS, value);
  }

  #is(result: etcdserverpb.Compare_CompareResult, value: bigint): Condition {
    // Left out it would be compared with 0: a key that is not there would pass for one that was never read.
    if (typeof value !== "bigint") throw new TypeError(`it is compared with a bigint, not ${String(value)}`);
    return compare(this.#keys, result, this.#operand(value));
  }
}

/** Comparisons of a key's value, byte by byte. A key that does not exist fulfils none of them. */
export class ValueComparison<V> {
  readonly #keys: Key | KeyRange;
  readonly #codec: Codec<V> | undefined;

  constructor(keys: Key | KeyRange, codec: Codec<V> | undefined) {
    this.#keys = keys;
    this.#codec = codec;
  }

  /** Holds when it is equal to `value`. */
  equals(value: V): Condition {
    return this.#is(Result.EQUAL, value);
  }

  /** Holds when it is other than `value`. */
  notEquals(value: V): Condition {
    return this.#is(Result.NOT_EQUAL, value);
  }

  /** Holds when it is greater than `value`. */
  above(value: V): Condition {
    return this.#is(Result.GREATER, value);
  }

  /** Holds when it is less than `value`. */
  below(value: V): Condition {
    return this.#is(Result.LESS, value);
  }

  #is(result: etcdserverpb.Compare_CompareResult, value: V): Condition {
    const operand = { case: "value", value: encodeValue(value, this.#codec) } as const;
    return compare(this.#keys, result, { target: Target.VALUE, targetUnion: operand });
  }
}

/** The value of a key, or of every key in a range. */
export function value<V = string | Uint8Array>(
  keys: Key | KeyRange,
  options: { readonly as?: Codec<V> } = {},
): ValueComparison<V> {
  return new ValueComparison(keys, options.as);
}

/** The revision of the last change. */
export function modRevision(keys: Key | KeyRange): NumberComparison {
  return new NumberComparison(keys, (number) => ({
    target: Target.MOD,
    targetUnion: { case: "modRevision", value: number },
  }));
}

/** The revision of the creation. */
export function createRevision(keys: Key | KeyRange): NumberComparison {
  return new NumberComparison(keys, (number) => ({
    target: Target.CREATE,
    targetUnion: { case: "createRevision", value: number },
  }));
}

/** The number of changes since the creation. */
export function version(keys: Key | KeyRange): NumberComparison {
  return new NumberComparison(keys, (number) => ({
    target: Target.VERSION,
    targetUnion: { case: "version", value: number },
  }));
}

/** The lease that the key hangs on; 0n for none. */
export function lease(keys: Key | KeyRange): NumberComparison {
  return new NumberComparison(keys, (number) => ({
    target: Target.LEASE,
    targetUnion: { case: "lease", value: number },
  }));
}

/** The key is there. */
export function exists(key: Key): Condition {
  return createRevision(key).above(0n);
}

/** The key is not there; for a range: none of them is. */
export function missing(keys: Key | KeyRange): Condition {
  return createRevision(keys).equals(0n);
}

function compare(
  keys: Key | KeyRange,
  result: etcdserverpb.Compare_CompareResult,
  operand: Pick<etcdserverpb.Compare, "target" | "targetUnion">,
): Condition {
  return {
    encode: (keyspace) =>
      create(etcdserverpb.CompareSchema, { ...keyspace.rangeToWire(wireRange(keys)), result, ...operand }),
  };
}
