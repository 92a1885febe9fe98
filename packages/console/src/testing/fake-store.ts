/**
 * A store of revisions in memory: what the fake console answers from. It keeps etcd's rules for revisions, versions, ranges and
 * compaction, and none of its care for speed; a bulk of keys is kept as names only, so that a million of them fits into a tab.
 */
import { create, mvccpb } from "@quorate/proto";
import { latin1, noBytes } from "../text/bytes.js";

export interface FakeEvent {
  readonly revision: bigint;
  readonly key: string;
  /** Absent for a delete. */
  readonly kv?: mvccpb.KeyValue;
  readonly previous?: mvccpb.KeyValue;
}

interface State {
  readonly revision: bigint;
  readonly kv: mvccpb.KeyValue | undefined;
}

export function fromLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export class FakeStore {
  revision = 1n;
  compacted = 0n;
  /** All keys that have a history, in order; deleted ones too. */
  #names: string[] = [];
  readonly #history = new Map<string, State[]>();
  readonly #bulk = new Map<string, bigint>();
  readonly #listeners = new Set<(event: FakeEvent) => void>();
  readonly #log: FakeEvent[] = [];

  put(key: Uint8Array, value: Uint8Array, lease = 0n): bigint {
    this.revision += 1n;
    this.putAt(key, value, lease);
    return this.revision;
  }

  /** Puts at the current revision: several in one transaction share it. */
  putAt(key: Uint8Array, value: Uint8Array, lease: bigint): void {
    const name = latin1(key);
    const previous = this.get(name);
    const kv = create(mvccpb.KeyValueSchema, {
      key,
      value,
      lease,
      createRevision: previous?.createRevision ?? this.revision,
      modRevision: this.revision,
      version: (previous?.version ?? 0n) + 1n,
    });
    this.#append(name, kv, previous);
  }

  deleteAt(name: string): void {
    const previous = this.get(name);
    if (previous !== undefined) this.#append(name, undefined, previous);
  }

  /** Adds keys with one-line values, all in one revision. */
  bulk(names: readonly string[]): void {
    this.revision += 1n;
    for (const name of names) this.#bulk.set(name, this.revision);
    this.#names = [...new Set([...this.#names, ...names])].sort();
  }

  get(name: string, at: bigint = this.revision): mvccpb.KeyValue | undefined {
    return this.states(name).findLast(({ revision }) => revision <= at)?.kv;
  }

  /** Oldest first. */
  states(name: string): readonly State[] {
    const born = this.#bulk.get(name);
    const first: State[] =
      born === undefined
        ? []
        : [
            {
              revision: born,
              kv: create(mvccpb.KeyValueSchema, {
                key: fromLatin1(name),
                value: new TextEncoder().encode(`value of ${name}`),
                createRevision: born,
                modRevision: born,
                version: 1n,
              }),
            },
          ];
    return [...first, ...(this.#history.get(name) ?? [])];
  }

  /** Names of the half-open range that exist at a revision, as etcd's key and range_end say it. */
  *range(key: Uint8Array, rangeEnd: Uint8Array, at: bigint = this.revision): Generator<string> {
    const start = latin1(key);
    if (rangeEnd.length === 0) {
      if (this.get(start, at) !== undefined) yield start;
      return;
    }
    const end = latin1(rangeEnd);
    for (let index = this.seek(start); index < this.#names.length; index += 1) {
      const name = this.#names[index]!;
      if (end !== "\0" && name >= end) return;
      if (this.#exists(name, at)) yield name;
    }
  }

  /** The first existing name at or behind `from`. */
  next(from: string, at: bigint): string | undefined {
    for (let index = this.seek(from); index < this.#names.length; index += 1) {
      if (this.#exists(this.#names[index]!, at)) return this.#names[index];
    }
    return undefined;
  }

  seek(from: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#names[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  watch(listener: (event: FakeEvent) => void, from: bigint): () => void {
    if (from > 0n) for (const event of this.#log) if (event.revision >= from) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #exists(name: string, at: bigint): boolean {
    const states = this.#history.get(name);
    if (states !== undefined && states.length > 0) return this.get(name, at) !== undefined;
    return (this.#bulk.get(name) ?? at + 1n) <= at;
  }

  #append(name: string, kv: mvccpb.KeyValue | undefined, previous: mvccpb.KeyValue | undefined): void {
    const states = this.#history.get(name) ?? [];
    if (states.length === 0) {
      this.#history.set(name, states);
      const index = this.seek(name);
      if (this.#names[index] !== name) this.#names.splice(index, 0, name);
    }
    states.push({ revision: this.revision, kv });
    const event: FakeEvent = {
      revision: this.revision,
      key: name,
      ...(kv === undefined ? {} : { kv }),
      ...(previous === undefined ? {} : { previous }),
    };
    this.#log.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

/** A key's metadata without its value, as lists show it. */
export function withoutValue(kv: mvccpb.KeyValue): mvccpb.KeyValue {
  return create(mvccpb.KeyValueSchema, { ...kv, value: noBytes });
}
