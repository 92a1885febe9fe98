/**
 * Frees what compactions have forgotten, in small steps beside the load: `batchCount` revisions, a pause, again. One runner
 * per store; it sleeps while there is nothing to free. Source of the defaults: etcd --compaction-batch-limit (1000) and
 * --compaction-sleep-interval (10 ms).
 */
import type { ReportPort, SchedulerPort } from "./ports.js";

export interface CompactingStore {
  readonly compactRevision: number;
  readonly finishedCompactRevision: number;
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
  #stopped = false;

  constructor(parts: CompactionRunnerParts) {
    this.#parts = parts;
  }

  /** Looks whether there is work; cheap when there is none. */
  wake(): void {
    const { store } = this.#parts;
    if (this.#cancel !== undefined || this.#stopped || store.finishedCompactRevision >= store.compactRevision)
      return;
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
    const more = store.compactStep(batchCount);
    this.#parts.onFreed();
    if (store.finishedCompactRevision >= store.compactRevision) {
      report.info("finished scheduled compaction", { "compact-revision": store.compactRevision });
    } else if (more || !this.#stopped) {
      // Not more yet not finished: an open read still needs what would be freed. It is looked at again after a pause.
      this.#plan();
    }
  }
}
