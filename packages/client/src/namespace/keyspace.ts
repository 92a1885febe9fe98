/**
 * Keys below a prefix: what a namespace's user calls `a` is `<prefix>a` on the wire. Without prefix, keys are what they are.
 * Source: etcd `client/v3/namespace`.
 */
import { isNoEnd, prefixEnd, type WireRange } from "../kv/key-range.js";

export class Keyspace {
  readonly prefix: Uint8Array;

  constructor(prefix: Uint8Array = new Uint8Array(0)) {
    this.prefix = prefix;
  }

  /** The namespace below `prefix` of this one. */
  below(prefix: Uint8Array): Keyspace {
    return new Keyspace(join(this.prefix, prefix));
  }

  /** @throws TypeError for an empty key, which nothing can have. */
  toWire(key: Uint8Array): Uint8Array {
    if (key.length === 0) throw new TypeError("a key has at least one byte");
    return this.prefix.length === 0 ? key : join(this.prefix, key);
  }

  rangeToWire({ key, rangeEnd }: WireRange): WireRange {
    if (this.prefix.length === 0) return { key, rangeEnd };
    if (rangeEnd.length === 0) return { key: this.toWire(key), rangeEnd };
    // A range of everything begins with a zero byte: the key that is the bare prefix is none of the namespace's.
    const end = isNoEnd(rangeEnd) ? prefixEnd(this.prefix) : join(this.prefix, rangeEnd);
    return { key: join(this.prefix, key), rangeEnd: end };
  }

  /** Whether a key of the wire is one of the namespace. */
  contains(key: Uint8Array): boolean {
    return key.length >= this.prefix.length && this.prefix.every((byte, i) => byte === key[i]);
  }

  fromWire(key: Uint8Array): Uint8Array {
    return this.prefix.length === 0 ? key : key.subarray(this.prefix.length);
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
