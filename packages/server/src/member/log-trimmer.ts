/**
 * Keeps the log short: the tail in memory by count and bytes, the segments on disk behind what the store holds durably.
 *
 * The tail in memory is what followers that lag are sent; a follower further behind gets a database. A mark lies at the beginning
 * of that tail, not at its end, so that a member that starts anew still has it. A mark carries the configuration as of its index,
 * and only the newest is known: it never lies before the last change.
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
/** Entries kept for followers within those bytes: a fast cluster writes the 5000 of the flag in a tenth of a second. */
export const TAIL_ENTRIES_MAX = 100_000;
/** Kept at most for followers that are on their way with a database. */
export const HELD_TAIL_BYTES_MAX: number = 128 * 1024 * 1024;
/** --snapshot-catchup-entries unless set; whoever asks for fewer means it. */
const CATCH_UP_ENTRIES_DEFAULT = 5000;
/** Applied entries between two looks at the tail, unless fewer are kept. */
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
  /** Whether there is anybody to keep entries for. */
  readonly hasFollowers: () => boolean;
  /** The configuration as of the newest applied entry, and the index of the entry that made it. */
  readonly confState: () => ConfState;
  readonly confIndex: () => number;
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
  readonly #checkpointCount: number;
  readonly #checkpoints: Checkpoint[] = [];
  #bytes = 0;
  #markIndex: number;
  #markBytes = 0;
  #markMs: number;
  #marking: Promise<void> | undefined;
  /** Indexes of databases on their way to followers, which will want the entries behind them. */
  readonly #held = new Set<{ readonly index: number }>();

  constructor(parts: LogTrimmerParts, markIndex: number) {
    this.#parts = parts;
    this.#checkpointCount = Math.max(1, Math.min(CHECKPOINT_COUNT, Math.floor(parts.catchUpEntries / 4)));
    this.#markIndex = markIndex;
    this.#markMs = parts.clock.monotonicMs();
  }

  /** Counts one applied entry. Cheap: it is on the hot path. */
  count(index: number, payloadBytes: number): void {
    this.#bytes += payloadBytes + ENTRY_OVERHEAD_BYTES;
    if (index % this.#checkpointCount === 0) this.#checkpoints.push({ index, bytes: this.#bytes });
  }

  /** Keeps the entries above `index` until the returned function is called. */
  hold(index: number): () => void {
    const held = { index };
    this.#held.add(held);
    return () => void this.#held.delete(held);
  }

  /** The log begins anew at `index`, where a database has taken the place of everything before. */
  restored(index: number): void {
    this.#checkpoints.length = 0;
    this.#markIndex = index;
    this.#markBytes = this.#bytes;
    this.#markMs = this.#parts.clock.monotonicMs();
  }

  /** Trims what is due after a group of applied entries. */
  progress(appliedIndex: number): void {
    this.#trimTail(appliedIndex);
    if (this.#marking !== undefined || appliedIndex - this.#markIndex < this.#parts.snapshotCountEntries)
      return;
    const dueByTime = this.#parts.clock.monotonicMs() - this.#markMs >= MARK_INTERVAL_MS;
    if (!dueByTime && this.#bytes - this.#markBytes < MARK_BYTES_MIN) return;
    this.#marking = this.#mark(appliedIndex)
      .catch((error: unknown) => this.#parts.onFailed(error))
      .finally(() => {
        this.#marking = undefined;
      });
  }

  /** The last mark, for a member that stops: the next start then reads no more of the log than it must. */
  async finish(appliedIndex: number): Promise<void> {
    await this.#marking;
    await this.#mark(appliedIndex);
    // Whatever the mark did: what was applied is in the store, and known to be committed.
    await this.#parts.store.flushDurable();
    this.#parts.writeCommitIndex();
  }

  #trimTail(appliedIndex: number): void {
    let limit = appliedIndex;
    for (const { index } of this.#held) limit = Math.min(limit, index);
    const { catchUpEntries, hasFollowers } = this.#parts;
    const generous = catchUpEntries >= CATCH_UP_ENTRIES_DEFAULT && hasFollowers();
    const keepCount = generous ? Math.max(catchUpEntries, TAIL_ENTRIES_MAX) : catchUpEntries;
    let compactTo = 0;
    for (let first = this.#checkpoints[0]; first !== undefined; first = this.#checkpoints[0]) {
      const tooMany = appliedIndex - first.index >= keepCount;
      if (!tooMany && this.#bytes - first.bytes < TAIL_BYTES_MAX) break;
      if (first.index > limit && this.#bytes - first.bytes < HELD_TAIL_BYTES_MAX) break;
      this.#checkpoints.shift();
      compactTo = first.index;
    }
    if (compactTo > 0) compactTail(this.#parts.storage, compactTo, appliedIndex, this.#parts.confState());
  }

  async #mark(appliedIndex: number): Promise<void> {
    const { store, log, report, storage } = this.#parts;
    const index = Math.min(appliedIndex, Math.max(storage.firstIndex() - 1, this.#parts.confIndex()));
    const term = storage.term(index);
    this.#markMs = this.#parts.clock.monotonicMs();
    if (index <= this.#markIndex || typeof term !== "number") return;
    const confState = this.#parts.confState();
    const bytes = this.#bytes;
    await store.flushDurable();
    this.#parts.writeCommitIndex();
    await log.saveSnapshot({ index, term, confState });
    log.releaseBelow(index);
    // A database may have taken the place of the log meanwhile.
    if (index < this.#markIndex) return;
    this.#markIndex = index;
    this.#markBytes = bytes;
    report.info("saved snapshot", { "snapshot-index": index });
  }
}

/**
 * Forgets the tail up to and including `index`, which is in it. Whoever needs those entries gets a database, so raft must know of
 * a state that can be sent instead: the applied one.
 */
export function compactTail(
  storage: MemoryLogStorage,
  index: number,
  appliedIndex: number,
  confState: ConfState,
): void {
  storage.createSnapshot(appliedIndex, confState, NO_DATA);
  storage.compact(index);
}

const NO_DATA = new Uint8Array(0);
