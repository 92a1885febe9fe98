/** The log port of the member over the write-ahead log on disk. */
import type { Entry, HardState } from "@quorate/raft";
import type { Wal, WalBatch } from "@quorate/storage";
import type { LogPort, SnapshotMark } from "../member/ports.js";

type Done = (error: Error | undefined) => void;

interface Waiting {
  readonly batch: WalBatch;
  readonly done: Done;
}

/** Keeps appends in order when the log's queue is full: they wait here until it has room. */
export class RaftLog implements LogPort {
  readonly #wal: Wal;
  readonly #segmentsKept: number;
  readonly #onPurgeFailed: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #purging: Promise<void> = Promise.resolve();

  /** @param segmentsKept segments left on disk although they are no longer needed. */
  constructor(wal: Wal, segmentsKept: number, onPurgeFailed: (error: unknown) => void) {
    this.#wal = wal;
    this.#segmentsKept = segmentsKept;
    this.#onPurgeFailed = onPurgeFailed;
  }

  append(hardState: HardState | undefined, entries: readonly Entry[], done: Done): void {
    this.#append({ batch: { entries, hardState }, done });
  }

  saveSnapshot(mark: SnapshotMark): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#append({
        batch: { entries: [], snapshot: mark },
        done: (error) => (error === undefined ? resolve() : reject(error)),
      });
    });
  }

  releaseBelow(index: number): void {
    this.#wal.releaseTo(index);
    this.#purging = this.#purging
      .then(() => this.#wal.purge(this.#segmentsKept))
      .then(() => undefined, this.#onPurgeFailed);
  }

  async close(): Promise<void> {
    await this.#purging;
    await this.#wal.close();
  }

  #append(next: Waiting): void {
    if (this.#waiting.length > 0 || !this.#tryAppend(next)) this.#waiting.push(next);
  }

  #tryAppend({ batch, done }: Waiting): boolean {
    return this.#wal.append(batch, (error) => {
      done(error);
      this.#appendWaiting();
    });
  }

  #appendWaiting(): void {
    const waiting = this.#waiting;
    let taken = 0;
    for (const next of waiting) {
      if (!this.#tryAppend(next)) break;
      taken += 1;
    }
    if (taken > 0) this.#waiting = waiting.slice(taken);
  }
}
