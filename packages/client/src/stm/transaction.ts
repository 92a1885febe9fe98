/** What the function of a software transaction gets: reads that are remembered, writes that wait for the commit. */
import { decodeValue } from "../codec/decode-value.js";
import type { mvccpb } from "@quorate/proto";
import { utf8, type Codec } from "../codec/codec.js";
import { encodeValue } from "../kv/encode-value.js";
import { keyBytes } from "../kv/key-range.js";
import { leaseIdOf } from "../kv/lease-id.js";
import { nameOf } from "../session/key-name.js";
import type { ReadView } from "./read-view.js";

/** Of one write of a software transaction. */
export interface StmPutOptions {
  /** Attaches the key to a lease. */
  readonly lease?: bigint | { readonly id: bigint };
}

export type Write =
  | { readonly kind: "put"; readonly key: Uint8Array; readonly value: Uint8Array; readonly lease: bigint }
  | { readonly kind: "delete"; readonly key: Uint8Array };

/** What several views of one attempt share. */
export interface Attempt {
  readonly reads: ReadView;
  /** By name; the last write to a key is the one that counts. */
  readonly writes: Map<string, Write>;
  /** Whether the function has returned: what it would write from here on would be lost. */
  isOver: boolean;
}

/**
 * One attempt of a transaction. `V` is the type of values.
 *
 * The function that gets it may run several times, so it should do nothing but read, compute and write through it. All its methods
 * see the writes made before.
 */
export class StmTransaction<V> {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly #attempt: Attempt;
  readonly #codec: Codec<V>;

  /** @private Made by `runStm`. */
  constructor(attempt: Attempt, codec: Codec<V>, number: number) {
    this.#attempt = attempt;
    this.#codec = codec;
    this.attempt = number;
  }

  /** The value of a key; undefined when there is none. */
  async get(key: string | Uint8Array): Promise<V | undefined> {
    const bytes = keyBytes(key);
    const name = nameOf(bytes);
    const write = this.#attempt.writes.get(name);
    if (write !== undefined) return write.kind === "put" ? this.#codec.decode(write.value) : undefined;
    const { pair } = await this.#attempt.reads.read(name, bytes);
    return pair === undefined
      ? undefined
      : decodeValue(this.#codec, {
          key: utf8.decode(bytes),
          modRevision: pair.modRevision,
          valueBytes: pair.value,
        });
  }

  /** The values of several keys, in their order, in as few round trips as possible. */
  async getAll(keys: readonly (string | Uint8Array)[]): Promise<(V | undefined)[]> {
    const { reads, writes } = this.#attempt;
    const bytes = keys.map(keyBytes);
    const unwritten = bytes.map((key) => [nameOf(key), key] as const).filter(([name]) => !writes.has(name));
    await reads.readAll(new Map(unwritten));
    const values: (V | undefined)[] = [];
    for (const key of bytes) values.push(await this.get(key));
    return values;
  }

  /**
   * The revision at which the key was last changed, 0 when it does not exist. Writes of this transaction have no revision yet and
   * are not counted.
   */
  async revisionOf(key: string | Uint8Array): Promise<bigint> {
    return (await this.#pair(key))?.modRevision ?? 0n;
  }

  /** Whether the key exists, with the writes of this transaction. */
  async has(key: string | Uint8Array): Promise<boolean> {
    const write = this.#attempt.writes.get(nameOf(keyBytes(key)));
    return write === undefined ? (await this.#pair(key)) !== undefined : write.kind === "put";
  }

  /** Writes a key at the commit. @throws Error when the function has returned, which may not have awaited all that it began. */
  put(key: string | Uint8Array, value: V, { lease }: StmPutOptions = {}): void {
    const bytes = keyBytes(key);
    const encoded = encodeValue(value, this.#codec);
    this.#assertUnderWay();
    const write: Write = { kind: "put", key: bytes, value: encoded, lease: leaseIdOf(lease) };
    this.#attempt.writes.set(nameOf(bytes), write);
  }

  /** A key that does not exist is no error. */
  delete(key: string | Uint8Array): void {
    const bytes = keyBytes(key);
    this.#assertUnderWay();
    this.#attempt.writes.set(nameOf(bytes), { kind: "delete", key: bytes });
  }

  /** The same transaction for values of another type. */
  as<W>(codec: Codec<W>): StmTransaction<W> {
    return new StmTransaction(this.#attempt, codec, this.attempt);
  }

  #assertUnderWay(): void {
    if (this.#attempt.isOver)
      throw new Error("a write after the end of its transaction: an await may be missing");
  }

  async #pair(key: string | Uint8Array): Promise<mvccpb.KeyValue | undefined> {
    const bytes = keyBytes(key);
    return (await this.#attempt.reads.read(nameOf(bytes), bytes)).pair;
  }
}
