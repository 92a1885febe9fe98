/** Compactions with what they free and how long they keep the event loop. */
import type { CompactingStore, CompactionHash } from "../member/compaction-runner.js";
import type { ClockPort } from "../member/ports.js";
import type { MemberMeters } from "./member-meters.js";

export interface MeteredCompactionsOptions {
  /** Runs now; another one after a database was installed. */
  readonly store: () => CompactingStore & { readonly statistics: { readonly revisionCount: number } };
  readonly meters: MemberMeters;
  readonly clock: ClockPort;
}

export class MeteredCompactions implements CompactingStore {
  readonly #options: MeteredCompactionsOptions;
  /** When the first step of the compaction that runs began; below 0 while none does. */
  #startedMs = -1;

  constructor(options: MeteredCompactionsOptions) {
    this.#options = options;
  }

  get compactRevision(): number {
    return this.#options.store().compactRevision;
  }

  get finishedCompactRevision(): number {
    return this.#options.store().finishedCompactRevision;
  }

  hashCompaction(
    pause: (rowCount: number) => Promise<void>,
  ): Promise<CompactionHash | undefined> | undefined {
    const store = this.#options.store();
    return store.hashCompaction(pause)?.catch((error: unknown) => {
      // One that was replaced meanwhile is closed at some time, and nobody asks for its hashes.
      if (this.#options.store() !== store) return undefined;
      throw error;
    });
  }

  compactStep(budgetCount: number): boolean {
    const { meters, clock } = this.#options;
    const store = this.#options.store();
    const before = store.statistics.revisionCount;
    const startMs = clock.monotonicMs();
    if (this.#startedMs < 0) this.#startedMs = startMs;
    const more = store.compactStep(budgetCount);
    const endMs = clock.monotonicMs();
    meters.compactedKeys += before - store.statistics.revisionCount;
    meters.compactionPauseMs.observe(endMs - startMs);
    meters.indexCompactionPauseMs.observe(endMs - startMs);
    if (store.finishedCompactRevision >= store.compactRevision) {
      meters.compactionTotalMs.observe(endMs - this.#startedMs);
      meters.lastCompactionUnixSeconds = Math.floor(clock.unixMs() / 1000);
      this.#startedMs = -1;
    }
    return more;
  }
}
