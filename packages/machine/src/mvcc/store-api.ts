/**
 * Contract between the multi-version store and the layer that gives requests their meaning (`apply/`).
 *
 * Terms. R: `revision`, the newest committed main revision (1 on an empty store). C: `compactRevision` (-1 before the
 * first compaction). A *slot* is a small integer that names one revision of one key (a record or a tombstone); it stays
 * valid for the current synchronous turn, and across turns while a `ReadView` at a revision that can see it is open.
 *
 * Key arguments are byte ranges `[start, end)` of a buffer, so that the hot path makes no views. Intervals are half-open;
 * `to === undefined` means no upper bound. The store keeps no reference to an argument buffer after a call returns.
 */

export type Slot = number;
export const NO_SLOT: Slot = -1;

/** Reads at this revision see everything, the open write transaction included. */
export const LATEST: number = Number.MAX_SAFE_INTEGER;

/** Return false to stop. The key bytes [start, end) of `buffer` are valid only during the call. */
export type ScanVisitor = (slot: Slot, buffer: Uint8Array, start: number, end: number) => boolean;

/**
 * One of etcd's buckets; `key` holds the revisions and belongs to the store, the others are small tables whose rows travel
 * with the revisions. The store itself owns the rows `consistent_index`, `term`, `scheduledCompactRev` and
 * `finishedCompactRev` of `meta`.
 */
export type TableName =
  | "alarm"
  | "auth"
  | "authRoles"
  | "authUsers"
  | "cluster"
  | "key"
  | "lease"
  | "members"
  | "members_removed"
  | "meta";

export interface StoreReads {
  readonly revision: number;
  readonly compactRevision: number;
  /** The live record of a key at `atRevision`, or NO_SLOT when it did not exist or was deleted then. */
  find(buffer: Uint8Array, start: number, end: number, atRevision: number): Slot;
  /**
   * Visits the live records in [from, to) at `atRevision`, ascending by key. The visitor may overwrite or delete keys; it
   * may not put a key that is new to the store.
   */
  scan(from: Uint8Array, to: Uint8Array | undefined, atRevision: number, visit: ScanVisitor): void;
  /** Number of live keys in [from, to) at the newest state, open write transaction included; O(log n). */
  countLatest(from: Uint8Array, to: Uint8Array | undefined): number;

  mainOf(slot: Slot): number;
  subOf(slot: Slot): number;
  createRevisionOf(slot: Slot): number;
  versionOf(slot: Slot): number;
  leaseOf(slot: Slot): bigint;
  isTombstone(slot: Slot): boolean;
  /** The revision of the same key just before this one (a tombstone possibly), or NO_SLOT when none is left. */
  previousOf(slot: Slot): Slot;
  /** Bytes of the encoded record. */
  recordSizeOf(slot: Slot): number;

  /** The encoded `mvccpb.KeyValue` when it is in memory (a view that stays intact for as long as it is referenced). */
  record(slot: Slot): Uint8Array | undefined;
  /**
   * Copies the encoded record to `target` at `at` without making a view: the hot path of replies.
   * @returns false, copying nothing, when the record is not in memory.
   */
  copyRecord(slot: Slot, target: Uint8Array, at: number): boolean;
  /** The encoded records in the order of `slots`; loads what is not in memory. */
  load(slots: ArrayLike<Slot>): Promise<Uint8Array[]>;
  /** Keeps every record visible at `revision` readable until `release`, compactions notwithstanding. */
  openReadView(revision: number): ReadView;
}

export interface ReadView {
  readonly revision: number;
  release(): void;
}

/** Only the apply path writes, one transaction at a time, each begun and ended within one synchronous turn. */
export interface StoreWrites extends StoreReads {
  /**
   * Opens the transaction of log entry `index`; its changes get main revision R + 1 and subs 0, 1, 2, ...
   * The consistent index and term travel in the same engine batch as the changes.
   */
  begin(index: number, term: number): void;
  /** True once the open transaction has changed a key. */
  readonly changed: boolean;
  /** Writes key [ks, ke) of `kb` with value [vs, ve) of `vb` and the lease (0n for none). @returns the new slot. */
  put(kb: Uint8Array, ks: number, ke: number, vb: Uint8Array, vs: number, ve: number, lease: bigint): Slot;
  /** Writes a tombstone. @returns the slot that was live, or NO_SLOT when nothing was deleted. */
  delete(buffer: Uint8Array, start: number, end: number): Slot;
  /** Sets or removes a row of a small table in the same atomic batch. */
  setRow(table: TableName, key: Uint8Array, value: Uint8Array | undefined): void;
  /** Commits: R grows by one if a key changed. @returns R. */
  end(): number;
  /** Schedules compaction at `revision`: C moves at once; freeing happens in `compactStep`s. */
  compact(revision: number): "compacted" | "future-revision" | undefined;
}

/** What the driver of a member (not apply) does with the store; implemented by `Store`. Nothing here has a timer inside. */
export interface StoreDriver {
  /** Log index and term of the last applied entry, whether or not its changes have reached the engine. */
  readonly consistentIndex: number;
  readonly consistentTerm: number;
  /** Every entry up to here is in the engine: survives a crash of the process. */
  readonly persistedIndex: number;
  /** Every entry up to here has been flushed: survives a crash of the machine. The log may be trimmed behind it. */
  readonly durableIndex: number;

  /**
   * Hands gathered changes to the engine as one atomic batch, unless one is in flight or nothing is gathered (undefined).
   * Call it after each group of applied entries and again when the promise resolves. A rejection means that the engine
   * failed: the member stops.
   */
  pump(): Promise<void> | undefined;
  /** Resolves once everything committed so far is in the engine. */
  flushPending(): Promise<void>;
  /** `flushPending`, then the engine's own flush; moves `durableIndex`. */
  flushDurable(): Promise<void>;
  /** True while more than `unwrittenBytesMax` wait for the engine: hold back proposals and await `drained`. */
  readonly needsBackpressure: boolean;
  drained(): Promise<void>;

  /** Frees at most `budgetCount` revisions. @returns whether there is more to free now. */
  compactStep(budgetCount: number): boolean;
  /** C of the last compaction whose freeing has finished in memory, or -1. */
  readonly finishedCompactRevision: number;
  /** Resolves once the freeing of a compaction at or above `revision` is in the engine. */
  whenCompacted(revision: number): Promise<void>;

  /** The cross-member checksum at `revision` (0: the current one). */
  hashKv(revision: number): Promise<HashKvResult>;
  /**
   * Computes the checksum of the compaction just scheduled, which frees nothing until then; undefined unless the option
   * `hashCompactions` is on and there is one to hash.
   * @param pause awaited after each chunk of rows, whose count it is told, in the place of a mere turn.
   */
  hashCompaction(pause?: (rowCount: number) => Promise<void>): Promise<KvHash> | undefined;
  /** The checksums of the last compactions as far as they were computed, oldest first; `hashKv` answers with them too. */
  readonly compactionHashes: readonly KvHash[];
  /** The checksum over all tables (diagnostic). */
  hashAll(): Promise<number>;
  /** Rows of one table as of now, ascending, table prefix removed. */
  rows(table: TableName): AsyncIterable<TableChunk>;
  /**
   * Rows of revisions in [fromRevision, toRevision), as of now, in revision order; keys are etcd's 17 or 18 bytes. Complete
   * from C on; below it, rows are missing.
   */
  history(fromRevision: number, toRevision: number): AsyncIterable<TableChunk>;
  /** Rows of all tables in one consistent view as of now, in the order of table names. */
  allRows(): AsyncIterable<TableChunk>;
}

/** Parallel arrays of one table's rows. */
export interface TableChunk {
  readonly table: TableName;
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}

/** A checksum of all revisions up to `revision`, of which those up to `compactRevision` had been compacted. */
export interface KvHash {
  readonly kind: "hash";
  readonly hash: number;
  readonly revision: number;
  /** -1: nothing had been. */
  readonly compactRevision: number;
}

export type HashKvResult = KvHash | { readonly kind: "compacted" } | { readonly kind: "future-revision" };

/** Called at the end of each transaction that changed a key; `slots[0, count)` in order of sub, valid during the call. */
export type CommitListener = (revision: number, slots: Int32Array, count: number) => void;
