/**
 * Port: what raft reads back of the log it had persisted. The writer side belongs to the member: it appends what a Ready
 * (or a MsgStorageAppend) hands it, and raft finds it here afterwards.
 * Source: upstream storage.go.
 */
import type { ConfState } from "./conf-change.js";
import type { Entry } from "./entry.js";
import type { HardState, Snapshot } from "./snapshot.js";

/** The position lies at or before the snapshot: its entry is gone for good. */
export type Compacted = "compacted";
/** The position lies beyond the last entry. */
export type Unavailable = "unavailable";

export interface InitialState {
  readonly hardState: HardState;
  readonly confState: ConfState;
}

/**
 * All calls are synchronous and cheap: raft makes them on its hot path. Between two calls the log may grow or be compacted
 * by the member; it never loses entries it has reported, except by truncation that raft itself asked for.
 */
export interface LogStorage {
  /** Called once, at construction of a node. */
  initialState(): InitialState;
  /**
   * Entries of the half-open index range [lo, hi), cut to `bytesMax` encoded bytes but never below one entry.
   * The result is the caller's: later writes to the storage must not change it. `lo < hi`.
   */
  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] | Compacted | Unavailable;
  /** Term of the entry at `index`, which may be `firstIndex() - 1`: the snapshot's term is kept for matching. */
  term(index: number): number | Compacted | Unavailable;
  /** Index of the first entry still there; one past the snapshot when there are none. */
  firstIndex(): number;
  /** Index of the last entry; the snapshot's index when there are none. */
  lastIndex(): number;
  /** The newest snapshot, or "temporarily-unavailable" when the caller had better ask again later. */
  snapshot(): Snapshot | "temporarily-unavailable";
}
