/** Watches over a real store's history, looked at again while anybody watches: slow, complete, and free of the real hub's rules. */
import type { Store } from "@quorate/machine";
import type { WatchListener, WatchPort, WatchedEvent } from "../../lock/watch-port.js";

interface Watcher {
  readonly from: Buffer;
  readonly to: Buffer | undefined;
  next: number;
  readonly listener: WatchListener;
}

const TOMBSTONE_KEY_BYTES = 18;

export class FakeWatches implements WatchPort {
  readonly #store: Store;
  readonly #watchers = new Set<Watcher>();
  #isRunning = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Ranges watched at present, as `from` or `from..to`. */
  get ranges(): string[] {
    return [...this.#watchers].map(({ from, to }) =>
      to === undefined ? from.toString("latin1") : `${from.toString("latin1")}..${to.toString("latin1")}`,
    );
  }

  watch(...[range, startRevision, listener]: Parameters<WatchPort["watch"]>): () => void {
    const to = range.to === undefined ? undefined : Buffer.from(range.to);
    const watcher = { from: Buffer.from(range.from), to, next: startRevision, listener };
    this.#watchers.add(watcher);
    void this.#run();
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** The hub gives up on everybody. */
  closeAll(reason: string): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const { listener } of watchers) listener.onClosed(reason);
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#watchers.size > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const watcher of [...this.#watchers]) await this.#serve(watcher);
    }
    this.#isRunning = false;
  }

  async #serve(watcher: Watcher): Promise<void> {
    const { revision } = this.#store;
    if (watcher.next > revision) return;
    const events: WatchedEvent[] = [];
    for await (const { keys, values } of this.#store.history(watcher.next, revision + 1)) {
      keys.forEach((row, i) => {
        const record = values[i] ?? new Uint8Array(0);
        const size = record[1] ?? 0;
        const key = Buffer.from(record.subarray(2, 2 + size));
        const isIn =
          watcher.to === undefined
            ? key.equals(watcher.from)
            : Buffer.compare(key, watcher.from) >= 0 && Buffer.compare(key, watcher.to) < 0;
        const main = Number(Buffer.from(row).readBigUInt64BE(0));
        if (isIn) events.push({ isDelete: row.length === TOMBSTONE_KEY_BYTES, record, revision: main });
      });
    }
    watcher.next = revision + 1;
    if (events.length > 0 && this.#watchers.has(watcher)) watcher.listener.onEvents(events);
  }
}
