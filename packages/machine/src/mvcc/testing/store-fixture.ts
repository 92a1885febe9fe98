/** Short words for driving a store in tests. */
import type { Engine } from "../engine.js";
import { Store } from "../store.js";
import type { StoreOptions } from "../store-options.js";
import type { Slot } from "../store-api.js";
import { LATEST } from "../store-api.js";
import { latin1 } from "./naive-store.js";

export const yieldTurn = (): Promise<void> => Promise.resolve();

export class StoreFixture {
  store: Store;
  readonly engine: Engine;
  readonly #options: Partial<StoreOptions>;

  private constructor(store: Store, engine: Engine, options: Partial<StoreOptions>) {
    this.store = store;
    this.engine = engine;
    this.#options = options;
  }

  static async open(engine: Engine, options: Partial<StoreOptions> = {}): Promise<StoreFixture> {
    return new StoreFixture(await Store.open(engine, { yieldTurn, ...options }), engine, options);
  }

  /** Closes nothing, writes nothing more: what a new process would find in the engine. */
  async reopen(): Promise<void> {
    this.store = await Store.open(this.engine, { yieldTurn, ...this.#options });
  }

  /** One transaction at the next log index. @returns R. */
  apply(change: (store: Store) => void): number {
    this.store.begin(this.store.consistentIndex + 1, 1);
    change(this.store);
    return this.store.end();
  }

  put(key: string, value = "", lease = 0n): number {
    return this.apply((store) => putText(store, key, value, lease));
  }

  delete(key: string): number {
    return this.apply((store) => deleteText(store, key));
  }

  compact(revision: number): "compacted" | "future-revision" | undefined {
    let result: "compacted" | "future-revision" | undefined;
    this.apply((store) => {
      result = store.compact(revision);
    });
    return result;
  }

  /** Frees all there is to free and waits until the engine knows. */
  async compactFully(): Promise<void> {
    await this.store.flushPending();
    while (this.store.compactStep(100));
    await this.store.flushPending();
  }

  find(key: string, atRevision = LATEST): Slot {
    const bytes = latin1(key);
    return this.store.find(bytes, 0, bytes.length, atRevision);
  }

  /** `key@create/main/version` of all live keys. */
  describe(atRevision = LATEST): string[] {
    const out: string[] = [];
    this.store.scan(new Uint8Array(0), undefined, atRevision, (slot, buffer, start, end) => {
      const key = Buffer.from(buffer.subarray(start, end)).toString("latin1");
      const { store } = this;
      out.push(
        `${key}@${String(store.createRevisionOf(slot))}/${String(store.mainOf(slot))}/${String(store.versionOf(slot))}`,
      );
      return true;
    });
    return out;
  }

  /** `main.sub` of the rows in the engine, with `t` for tombstones. */
  async engineRows(): Promise<string[]> {
    const out: string[] = [];
    for await (const chunk of this.store.rows("key")) {
      for (const key of chunk.keys) {
        const view = Buffer.from(key);
        out.push(
          `${String(view.readBigUInt64BE(0))}.${String(view.readBigUInt64BE(9))}${key.length === 18 ? "t" : ""}`,
        );
      }
    }
    return out;
  }
}

export function putText(store: Store, key: string, value: string, lease: bigint): Slot {
  const k = latin1(key);
  const v = latin1(value);
  return store.put(k, 0, k.length, v, 0, v.length, lease);
}

export function deleteText(store: Store, key: string): Slot {
  const k = latin1(key);
  return store.delete(k, 0, k.length);
}
