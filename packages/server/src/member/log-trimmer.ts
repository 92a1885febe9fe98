/**
 * Keeps the log short: the tail in memory by count and bytes, the segments on disk behind what the store holds durably.
 *
 * The order on disk: flush the store, write the commit index, record a snapshot mark in the log, release the segments behind it. A crash between two
 * of these steps leaves more log than needed, never less.
 *
 * A mark is due after `snapshotCountEntries` entries, as etcd's --snapshot-count says; but since a mark here costs a flush of
 * the engine, and a fast member applies 10 000 entries in a tenth of a second, it also waits until `MARK_BYTES_MIN` of log or
 * `MARK_INTERVAL_MS` have passed.
 */
import type { StoreDriver } from "@quorate/machine";
import type { ConfState, MemoryLogStorage } from "@quorate/raft";
import type { ClockPort, LogPort, ReportPort } from "./ports.js";

export const MARK_BYTES_MIN: number = 64 * 1024 * 1024;
export const MARK_INTERVAL_MS = 30_000;
/** Payload bytes of applied entries kept in memory for slow followers, whatever their count. */
export const TAIL_BYTES_MAX: number = 64 * 1024 * 1024;
/** Applied entries between two looks at the tail. */
const CHECKPOINT_COUNT = 512;
/** What an entry costs in memory besides its payload. */
const ENTRY_OVERHEAD_BYTES = 100;

export interface LogTrimmerParts {
  readonly store: Pick<StoreDriver, "flushDurable">;
  readonly storage: MemoryLogStorage;
  readonly log: LogPort;
  readonly clock: ClockPort;
  readonly report: ReportPort;
  readonly snapshotCountEntries: number;
  readonly catchUpEntries: number;
  /** The configuration as of the newest applied entry. */
  readonly confState: () => ConfState;
  /** Puts the newest commit index into the log, ahead of the mark. */
  readonly writeCommitIndex: () => void;
  readonly onFailed: (error: unknown) => void;
}

interface Checkpoint {
  readonly index: number;
  /** Sum over all entries up to `index`, from the start of the process. */
  readonly bytes: number;
}

export class LogTrimmer {
  readonly #parts: LogTrimmerParts;
  readonly #checkpoints: Checkpoint[] = [];
  #bytes = 0;
  #markIndex: number;
  #markBytes = 0;
  #markMs: number;
  #marking: Promise<void> | undefined;

  constructor(parts: LogTrimmerParts, markIndex: number) {
    this.#parts = parts;
    this.#markIndex = markIndex;
    this.#markMs = parts.clock.monotonicMs();
  }

  /** Counts one applied entry. Cheap: it is on the hot path. */
  count(index: number, payloadBytes: number): void {
    this.#bytes += payloadBytes + ENTRY_OVERHEAD_BYTES;
    if (index % CHECKPOINT_COUNT === 0) this.#checkpoints.push({ index, bytes: this.#bytes });
  }

  /** Trims what is due after a group of applied entries. */
  progress(appliedIndex: number, appliedTerm: number): void {
    this.#trimTail(appliedIndex);
    if (this.#marking !== undefined || appliedIndex - this.#markIndex < this.#parts.snapshotCountEntries)
      return;
    const dueByTime = this.#parts.clock.monotonicMs() - this.#markMs >= MARK_INTERVAL_MS;
    if (!dueByTime && this.#bytes - this.#markBytes < MARK_BYTES_MIN) return;
    this.#marking = this.#mark(appliedIndex, appliedTerm)
      .catch((error: unknown) => this.#parts.onFailed(error))
      .finally(() => {
        this.#marking = undefined;
      });
  }

  /** The last mark, for a member that stops: the next start then reads no more of the log than it must. */
  async finish(appliedIndex: number, appliedTerm: number): Promise<void> {
    await this.#marking;
    if (appliedIndex > this.#markIndex) await this.#mark(appliedIndex, appliedTerm);
  }

  #trimTail(appliedIndex: number): void {
    let compactTo = 0;
    for (let first = this.#checkpoints[0]; first !== undefined; first = this.#checkpoints[0]) {
      const tooMany = appliedIndex - first.index >= this.#parts.catchUpEntries;
      if (!tooMany && this.#bytes - first.bytes < TAIL_BYTES_MAX) break;
      this.#checkpoints.shift();
      compactTo = first.index;
    }
    if (compactTo > 0) this.#parts.storage.compact(compactTo);
  }

  async #mark(index: number, term: number): Promise<void> {
    const { store, log, report } = this.#parts;
    const confState = this.#parts.confState();
    const bytes = this.#bytes;
    this.#markMs = this.#parts.clock.monotonicMs();
    await store.flushDurable();
    this.#parts.writeCommitIndex();
    await log.saveSnapshot({ index, term, confState });
    log.releaseBelow(index);
    this.#markIndex = index;
    this.#markBytes = bytes;
    report.info("saved snapshot", { "snapshot-index": index });
  }
}
