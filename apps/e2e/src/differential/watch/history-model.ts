/**
 * What a store must do with writes, computed from the writes alone: pairs in a map, events in a list. Nothing is shared with
 * the server, so that the two can only agree by both being right.
 *
 * Keys are latin1 strings, which sort as their bytes do. Only what the generator makes is understood: no nested
 * transactions, no `ignore_value`, one comparison at most.
 */
export interface ModelPair {
  readonly key: string;
  readonly value: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly lease: bigint;
}

export interface ModelEvent {
  readonly main: number;
  readonly isDelete: boolean;
  /** Of a delete, only `key` and `mod` count. */
  readonly pair: ModelPair;
  /** The pair that the key had at the revision before. */
  readonly previous: ModelPair | undefined;
}

export type Change =
  | { readonly kind: "put"; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly kind: "delete"; readonly key: string; readonly end: string };

export type Write =
  | { readonly kind: "txn"; readonly ifMissing: string | undefined; readonly changes: readonly Change[] }
  | { readonly kind: "grant"; readonly lease: bigint }
  | { readonly kind: "revoke"; readonly lease: bigint }
  | { readonly kind: "compact"; readonly revision: number };

export class HistoryModel {
  readonly events: ModelEvent[] = [];
  readonly compactions: number[] = [];
  /** Revisions that changed some key more than once. */
  readonly doubled: Set<number> = new Set();
  readonly leases: Set<bigint> = new Set();
  revision = 1;
  #pairs = new Map<string, ModelPair>();

  /** The newest compaction; -1 for none. */
  get compacted(): number {
    return this.compactions.at(-1) ?? -1;
  }

  get keys(): readonly string[] {
    return [...this.#pairs.keys()];
  }

  /** Carries a write out that will succeed: its leases are there, its revisions are kept. */
  apply(write: Write): void {
    switch (write.kind) {
      case "grant":
        this.leases.add(write.lease);
        return;
      case "compact":
        this.compactions.push(write.revision);
        return;
      case "revoke": {
        this.leases.delete(write.lease);
        const attached = [...this.#pairs.values()].filter(({ lease }) => lease === write.lease);
        this.#change(
          attached
            .map(({ key }) => key)
            .sort()
            .map((key) => ({ kind: "delete", key, end: "" })),
        );
        return;
      }
      case "txn":
        if (write.ifMissing === undefined || !this.#pairs.has(write.ifMissing)) this.#change(write.changes);
    }
  }

  #change(changes: readonly Change[]): void {
    const main = this.revision + 1;
    const before = new Map(this.#pairs);
    const changed: string[] = [];
    const note = (pair: ModelPair, isDelete: boolean): void => {
      changed.push(pair.key);
      const isCreate = !isDelete && pair.create === pair.mod;
      this.events.push({ main, isDelete, pair, previous: isCreate ? undefined : before.get(pair.key) });
    };
    for (const change of changes) {
      if (change.kind === "put") note(this.#put(change, main), false);
      else for (const pair of this.#delete(change)) note({ ...pair, mod: main }, true);
    }
    if (changed.length > 0) this.revision = main;
    if (new Set(changed).size < changed.length) this.doubled.add(main);
  }

  #put({ key, value, lease }: Change & { kind: "put" }, main: number): ModelPair {
    const old = this.#pairs.get(key);
    const pair = {
      key,
      value,
      lease,
      mod: main,
      create: old?.create ?? main,
      version: (old?.version ?? 0) + 1,
    };
    this.#pairs.set(key, pair);
    return pair;
  }

  #delete({ key, end }: Change & { kind: "delete" }): ModelPair[] {
    const gone = [...this.#pairs.values()]
      .filter((pair) => isInRange(pair.key, key, end))
      .sort((left, right) => (left.key < right.key ? -1 : 1));
    for (const pair of gone) this.#pairs.delete(pair.key);
    return gone;
  }
}

/** The protocol's intervals: no end is one key, an end of one zero byte is everything from `key` on. */
export function isInRange(candidate: string, key: string, end: string): boolean {
  if (end === "") return candidate === key;
  return candidate >= key && (end === "\0" || candidate < end);
}
