/**
 * Changes on the way to a reader that may be slower than they come: of each key only the newest waits, so that what waits is bounded
 * by the number of keys, and a reader that comes late sees what is different and not how it became so.
 */
import type { CacheEntry } from "./cache-entry.js";

/** One key of a local copy has another value, or is gone. `previous` is what the reader of changes knew. */
export type CacheChange<V> =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly entry: CacheEntry<V>;
      readonly previous: CacheEntry<V> | undefined;
    }
  | { readonly kind: "delete"; readonly key: string; readonly previous: CacheEntry<V> };

interface Pending<V> {
  readonly entry: CacheEntry<V> | undefined;
  /** What the reader knows. */
  readonly previous: CacheEntry<V> | undefined;
}

export class ChangeQueue<V> implements AsyncIterableIterator<CacheChange<V>, undefined, undefined> {
  /** In the order of their newest change. */
  readonly #pending = new Map<string, Pending<V>>();
  /** Of all who wait: several may ask before the first has got something. */
  readonly #wakes: (() => void)[] = [];
  #end: { readonly error?: unknown } | undefined;
  readonly #onReturn: () => void;

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(name: string, entry: CacheEntry<V> | undefined, previous: CacheEntry<V> | undefined): void {
    const waiting = this.#pending.get(name);
    const known = waiting === undefined ? previous : waiting.previous;
    this.#pending.delete(name);
    // Created and deleted before it was seen.
    if (entry !== undefined || known !== undefined) this.#pending.set(name, { entry, previous: known });
    this.#wakeAll();
  }

  /** What waits is still delivered. */
  end(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#wakeAll();
  }

  async next(): Promise<IteratorResult<CacheChange<V>, undefined>> {
    for (;;) {
      for (const [name, { entry, previous }] of this.#pending) {
        this.#pending.delete(name);
        const change = changeOf(entry, previous);
        if (change !== undefined) return { done: false, value: change };
      }
      if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error as Error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  return(): Promise<IteratorResult<CacheChange<V>, undefined>> {
    this.#pending.clear();
    this.#end = {};
    this.#wakeAll();
    this.#onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  #wakeAll(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function changeOf<V>(
  entry: CacheEntry<V> | undefined,
  previous: CacheEntry<V> | undefined,
): CacheChange<V> | undefined {
  if (entry !== undefined) return { kind: "put", key: entry.key, entry, previous };
  return previous && { kind: "delete", key: previous.key, previous };
}
