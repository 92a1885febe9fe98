/**
 * Frees what compactions have forgotten, in small steps beside the load: `batchCount` revisions, a pause, again. Before the first step
 * it has what the compaction leaves hashed, so that members can compare it later. One runner per store; it sleeps while there is nothing
 * to free. Source of the defaults: etcd --compaction-batch-limit (1000) and
 * --compaction-sleep-interval (10 ms).
 */
import type { ReportPort, SchedulerPort } from "./ports.js";

export interface CompactionHash {
  readonly hash: number;
  readonly revision: number;
  readonly compactRevision: number;
}

export interface CompactingStore {
  readonly compactRevision: number;
  readonly finishedCompactRevision: number;
  /**
   * Hashes the compaction just scheduled, which frees nothing until then; undefined when there is nothing to hash. Resolves to undefined
   * when the store was replaced meanwhile.
   * @param pause awaited after each chunk of rows, whose count it is told.
   */
  hashCompaction(pause: (rowCount: number) => Promise<void>): Promise<CompactionHash | undefined> | undefined;
  /** @returns whether there is more to free now. */
  compactStep(budgetCount: number): boolean;
}

export interface CompactionRunnerParts {
  readonly store: CompactingStore;
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
  readonly batchCount: number;
  readonly pauseMs: number;
  /** Freed rows wait to be written. */
  readonly onFreed: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class CompactionRunner {
  readonly #parts: CompactionRunnerParts;
  #cancel: (() => void) | undefined;
  #isHashing = false;
  /** Rows since the last pause. */
  #hashedCount = 0;
  #stopped = false;

  constructor(parts: CompactionRunnerParts) {
    this.#parts = parts;
  }

  /** Looks whether there is work; cheap when there is none. */
  wake(): void {
    const { store } = this.#parts;
    if (this.#cancel !== undefined || this.#isHashing || this.#stopped) return;
    if (store.finishedCompactRevision >= store.compactRevision) return;
    this.#plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #plan(): void {
    this.#cancel = this.#parts.scheduler.after(this.#parts.pauseMs, () => {
      this.#cancel = undefined;
      try {
        this.#step();
      } catch (error) {
        this.#parts.onFailed(error);
      }
    });
  }

  #step(): void {
    const { store, batchCount, report } = this.#parts;
    const hashing = store.hashCompaction(this.#pauseHash);
    if (hashing !== undefined) {
      this.#isHashing = true;
      this.#hashedCount = 0;
      hashing.then(this.#onHashed, this.#onHashFailed);
      return;
    }
    const more = store.compactStep(batchCount);
    this.#parts.onFreed();
    if (store.finishedCompactRevision >= store.compactRevision) {
      report.info("finished scheduled compaction", { "compact-revision": store.compactRevision });
    } else if (more || !this.#stopped) {
      // Not more yet not finished: an open read still needs what would be freed. It is looked at again after a pause.
      this.#plan();
    }
  }

  /** A hash keeps the pace of the freeing: a pause for every `batchCount` rows, a turn between. */
  readonly #pauseHash = (rowCount: number): Promise<void> => {
    const { scheduler, batchCount, pauseMs } = this.#parts;
    this.#hashedCount += rowCount;
    if (this.#hashedCount < batchCount) return scheduler.yieldTurn();
    this.#hashedCount = 0;
    return new Promise((resolve) => void scheduler.after(pauseMs, resolve));
  };

  readonly #onHashed = (hashed: CompactionHash | undefined): void => {
    this.#isHashing = false;
    if (hashed !== undefined) {
      const { hash, revision, compactRevision } = hashed;
      this.#parts.report.info("storing new hash", { hash, revision, "compact-revision": compactRevision });
    }
    this.wake();
  };

  /** The store of a member that stops may be closed before its hash is there. */
  readonly #onHashFailed = (error: unknown): void => {
    this.#isHashing = false;
    if (!this.#stopped) this.#parts.onFailed(error);
  };
}
