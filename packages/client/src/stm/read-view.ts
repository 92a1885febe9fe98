/**
 * What one attempt of a transaction has read. With a snapshot, the first read decides the revision of all others.
 *
 * Keys are latin1 strings inside: one character a byte, so that they can be compared and looked up.
 */
import { etcdserverpb, type mvccpb } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import type { Store } from "../session/store.js";

/** What the server takes in one transaction by default. */
export const OPS_PER_TXN_MAX = 128;

/** A key at the revision it was read; `pair` is undefined when it did not exist. */
export interface ReadRow {
  readonly key: Uint8Array;
  readonly pair: mvccpb.KeyValue | undefined;
  /** Of the store when it was read. */
  readonly revision: bigint;
}

export interface ReadViewOptions {
  readonly store: Store;
  readonly callOptions: CallOptions;
  readonly hasSnapshot: boolean;
  /** Rows that came with the refusal of the last attempt, by name; used up when they are read. */
  readonly fetched: Map<string, ReadRow>;
}

export class ReadView {
  readonly #options: ReadViewOptions;
  readonly #rows = new Map<string, ReadRow>();
  readonly #underWay = new Map<string, Promise<ReadRow>>();
  #revision: bigint | undefined;
  /** The read that decides the revision, while it is under way. */
  #first: Promise<unknown> | undefined;

  constructor(options: ReadViewOptions) {
    this.#options = options;
  }

  /** Of the snapshot, or of the first read; undefined before. */
  get revision(): bigint | undefined {
    return this.#revision;
  }

  /** All keys that were read, in the order of their reading. */
  get rows(): ReadonlyMap<string, ReadRow> {
    return this.#rows;
  }

  async read(name: string, key: Uint8Array): Promise<ReadRow> {
    const known = this.#known(name) ?? this.#underWay.get(name);
    if (known !== undefined) return known;
    const reading = this.#fetchOne(name, key).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, reading);
    return reading;
  }

  /** Reads several keys with as few calls as possible. */
  async readAll(keys: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const missing = [...keys].filter(([name]) => this.#known(name) === undefined);
    for (let start = 0; start < missing.length; start += OPS_PER_TXN_MAX) {
      const group = missing.slice(start, start + OPS_PER_TXN_MAX);
      await this.#decideRevision(() => this.#fetch(group));
    }
  }

  async #fetchOne(name: string, key: Uint8Array): Promise<ReadRow> {
    await this.#decideRevision(async () => {
      // Meanwhile it may have come with others.
      if (this.#known(name) === undefined) await this.#fetch([[name, key]]);
    });
    const row = this.#rows.get(name);
    if (row === undefined) throw new Error("a transaction of reads was answered without its rows");
    return row;
  }

  /** Runs reads one after the other until one has decided the revision, and side by side from then on. */
  async #decideRevision(read: () => Promise<void>): Promise<void> {
    while (this.#options.hasSnapshot && this.#revision === undefined && this.#first !== undefined) {
      await this.#first.catch(() => undefined);
    }
    const reading = read();
    if (this.#revision !== undefined) return reading;
    this.#first = reading;
    try {
      await reading;
    } finally {
      this.#first = undefined;
    }
  }

  #known(name: string): ReadRow | undefined {
    const row = this.#rows.get(name) ?? this.#options.fetched.get(name);
    if (row === undefined) return undefined;
    // A snapshot that has begun without the rows of the last attempt is of another revision.
    if (this.#options.hasSnapshot && this.#revision !== undefined && row.revision !== this.#revision) {
      return this.#rows.get(name);
    }
    this.#options.fetched.delete(name);
    this.#add(name, row);
    return row;
  }

  #add(name: string, row: ReadRow): void {
    // What was read stays so, also when two readers asked at the same time.
    if (!this.#rows.has(name)) this.#rows.set(name, row);
    this.#revision ??= row.revision;
  }

  async #fetch(group: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    const { store, callOptions, hasSnapshot } = this.#options;
    const { calls, keyspace } = store;
    const at = hasSnapshot ? (this.#revision ?? 0n) : 0n;
    const success = group.map(([, key]) => rangeOp(keyspace.toWire(key), at));
    const answer = await calls.unary(
      etcdserverpb.KV.method.txn,
      { success },
      { ...callOptions, safety: "read" },
    );
    const revision = at === 0n ? (answer.header?.revision ?? 0n) : at;
    group.forEach(([name, key], place) => {
      this.#add(name, { key, pair: rangedPair(answer.responses[place]), revision });
    });
  }
}

type RequestOp = { request: { case: "requestRange"; value: { key: Uint8Array; revision: bigint } } };

/** @param key as on the wire. @param revision 0 for the newest. */
export function rangeOp(key: Uint8Array, revision: bigint): RequestOp {
  return { request: { case: "requestRange", value: { key, revision } } };
}

export function rangedPair(response: etcdserverpb.ResponseOp | undefined): mvccpb.KeyValue | undefined {
  return response?.response.case === "responseRange" ? response.response.value.kvs[0] : undefined;
}
