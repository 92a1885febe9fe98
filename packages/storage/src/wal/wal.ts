/**
 * The write-ahead log of one member: what it has promised to remember, in etcd's file format.
 *
 * Ordering: appends become durable in the order of the calls, and their callbacks run in that order. Nothing that depends
 * on an append (an acknowledgement, a vote) may leave the member before its callback ran without an error.
 * Limits: `WalLimits`. Not here: reading (`log-contents`), the lock on the folder (`data-dir`).
 */
import type { HardState } from "@quorate/raft";
import { assert } from "@quorate/std";
import { OperationalError, toOperationalError } from "../errors.js";
import type { FileSystem } from "../vfs/file-system.js";
import type { WalLimits } from "./limits.js";
import type { WalMetadata, WalSnapshot } from "./record.js";
import type { Segment } from "./segment.js";
import type { SegmentName } from "./segment-name.js";
import type { AppendDone, WalBatch } from "./wal-writer.js";
import { WalWriter } from "./wal-writer.js";

/** Where writing goes on. Made by `createWal` and `openWal` only. */
export interface WalStart {
  readonly files: FileSystem;
  readonly dir: string;
  readonly limits: WalLimits;
  readonly metadata: WalMetadata;
  /** The newest segment, open. */
  readonly segment: Segment;
  /** All segments, oldest first. */
  readonly segments: readonly SegmentName[];
  /** In bytes, behind the last record of the newest segment. */
  readonly offset: number;
  /** Running checksum there. */
  readonly crc: number;
  readonly lastIndex: number;
  readonly hardState: HardState;
}

export class Wal {
  readonly metadata: WalMetadata;
  readonly #files: FileSystem;
  readonly #dir: string;
  readonly #writer: WalWriter;
  /** Oldest first; the first `#releasedCount` of them are no longer needed. */
  readonly #segments: SegmentName[];
  #releasedCount = 0;
  #closing: Promise<void> | undefined;

  constructor(start: WalStart) {
    this.metadata = start.metadata;
    this.#files = start.files;
    this.#dir = start.dir;
    this.#segments = [...start.segments];
    const segmentName = this.#segments[this.#segments.length - 1] as SegmentName;
    this.#writer = new WalWriter({ ...start, segmentName }, (name) => this.#segments.push(name));
  }

  /**
   * Records `batch`; `done` runs once it is durable, never within this call. The entries' bytes are copied before the call
   * returns. An error is final: it goes to every waiting and every later append, none of which counts as written.
   * @returns false when `queueBytesMax` is reached: nothing was taken, `done` will not run, try again after another one has.
   */
  append(batch: WalBatch, done: AppendDone): boolean {
    const snapshot = batch.snapshot;
    const hasMembers = snapshot === undefined || snapshot.index === 0 || snapshot.confState !== undefined;
    assert(hasMembers, "a snapshot record needs the configuration");
    if (this.#closing !== undefined) {
      const refusal = this.failure ?? new OperationalError("closed", `${this.#dir}: the log is closed`);
      queueMicrotask(() => done(refusal));
      return true;
    }
    return this.#writer.append(batch, done);
  }

  /**
   * Records a state that need not be durable now (only the commit index moved): it goes out with the next append, or with
   * `close`. Losing it costs a restarted member nothing but hearing it again.
   */
  appendLazily(hardState: HardState): void {
    this.#writer.setHardState(hardState);
  }

  /** Bytes that were appended and are not durable yet. */
  get queuedBytes(): number {
    return this.#writer.queuedBytes;
  }

  /** Set once a write has failed. */
  get failure(): OperationalError | undefined {
    return this.#writer.failure;
  }

  /** Names of the segments, oldest first. */
  get segmentNames(): string[] {
    return this.#segments.map((segment) => segment.name);
  }

  /**
   * Declares that entries below `index` are no longer needed from this log; `purge` may then delete the segments that hold
   * nothing else. The newest segment that starts below `index` stays, because it holds what leads up to it.
   * Only call it with what a durable snapshot record and a durable state cover.
   */
  releaseTo(index: number): void {
    const behind = this.#segments.findIndex((segment) => segment.firstIndex >= index);
    const releasable = behind < 0 ? this.#segments.length - 1 : behind - 1;
    this.#releasedCount = Math.max(this.#releasedCount, releasable);
  }

  /**
   * Deletes released segments, oldest first, as long as more than `keepCount` remain. @returns how many it deleted.
   * Errors: `OperationalError`; the log itself is not affected.
   */
  async purge(keepCount: number): Promise<number> {
    let purged = 0;
    try {
      while (this.#releasedCount > 0 && this.#segments.length > keepCount) {
        const oldest = this.#segments[0] as SegmentName;
        // It counts as gone only when it is: a segment that stayed while its successor went would be a gap at the next start.
        await this.#files.remove(`${this.#dir}/${oldest.name}`);
        this.#releasedCount--;
        this.#segments.shift();
        purged++;
      }
      if (purged > 0) await this.#files.syncDirectory(this.#dir);
    } catch (error) {
      throw toOperationalError(error, `deleting old segments of ${this.#dir}`);
    }
    return purged;
  }

  /** Resolves when everything appended so far is durable. Errors: why the log failed. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle: AppendDone = (error) => (error === undefined ? resolve() : reject(error));
      if (this.#writer.append({ entries: [] }, settle)) return;
      // The queue is full, so there is somebody to wait for.
      this.#writer.idle().then(() => (this.failure === undefined ? resolve() : reject(this.failure)), reject);
    });
  }

  /**
   * Writes what is queued, then closes the files. Appends from now on fail with `closed`. Repeated calls share one result.
   * Errors: `OperationalError` when the last write fails; a log that had failed before closes without one.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const flushed = this.failure === undefined ? this.flush() : Promise.resolve();
    try {
      await flushed;
      await this.#writer.idle();
    } finally {
      await this.#writer.close();
    }
  }
}

export type { AppendDone, WalBatch, WalSnapshot };
