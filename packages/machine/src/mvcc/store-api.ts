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

/** A prefix-free name of one of the small tables that travel with the revisions: `lease`, `alarm`, `meta`, ... */
export type TableName = string;

export interface StoreReads {
  readonly revision: number;
  readonly compactRevision: number;
  /** The live record of a key at `atRevision`, or NO_SLOT when it did not exist or was deleted then. */
  find(buffer: Uint8Array, start: number, end: number, atRevision: number): Slot;
  /** Visits the live records in [from, to) at `atRevision`, ascending by key. */
  scan(from: Uint8Array, to: Uint8Array | undefined, atRevision: number, visit: ScanVisitor): void;
  /** Number of live keys in [from, to) at the newest state, open write transaction included; O(log n). */
  countLatest(from: Uint8Array, to: Uint8Array | undefined): number;

  mainOf(slot: Slot): number;
  subOf(slot: Slot): number;
  createRevisionOf(slot: Slot): number;
  versionOf(slot: Slot): number;
  leaseOf(slot: Slot): bigint;

  /** The encoded `mvccpb.KeyValue` when it is in memory (a view that stays intact for as long as it is referenced). */
  record(slot: Slot): Uint8Array | undefined;
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
