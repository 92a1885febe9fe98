/**
 * The reference LogStorage: everything in memory. The product keeps the log's tail in one too, next to the log on disk.
 *
 *     snapshot | (before) | first ...... last |      entries are an EntryRun: append and compact cost O(1) per entry
 *
 * Not synchronised with any disk: the caller persists first, then tells it here. `before` is the compacted position whose
 * term is still known. The snapshot may lie behind or ahead of it.
 * Source: upstream storage.go, MemoryStorage.
 */
import { assert } from "@quorate/std";
import { EntryRun } from "./log/entry-run.js";
import { type ConfState, emptyConfState } from "./types/conf-change.js";
import type { Entry } from "./types/entry.js";
import type { Compacted, InitialState, LogStorage, Unavailable } from "./types/log-storage.js";
import { type HardState, type Snapshot, emptyHardState, emptySnapshot } from "./types/snapshot.js";

export class MemoryLogStorage implements LogStorage {
  #hardState: HardState = emptyHardState;
  #confState: ConfState = emptyConfState;
  #snapshot: Snapshot = emptySnapshot;
  /** Term of the position just before the first entry. */
  #beforeTerm = 0;
  readonly #run = new EntryRun(1);

  initialState(): InitialState {
    return { hardState: this.#hardState, confState: this.#confState };
  }

  setHardState(state: HardState): void {
    this.#hardState = state;
  }

  /** Overrides the configuration that `initialState` reports; normally it comes with snapshots. */
  setConfState(state: ConfState): void {
    this.#confState = state;
  }

  firstIndex(): number {
    return this.#run.first;
  }

  lastIndex(): number {
    return this.#run.next - 1;
  }

  term(index: number): number | Compacted | Unavailable {
    if (index < this.#run.first - 1) return "compacted";
    if (index === this.#run.first - 1) return this.#beforeTerm;
    return index < this.#run.next ? this.#run.at(index).term : "unavailable";
  }

  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] | Compacted | Unavailable {
    if (lo < this.#run.first) return "compacted";
    if (hi > this.#run.next) return "unavailable";
    return this.#run.sliceLimited(lo, hi, bytesMax);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Adds entries, contiguous among themselves, replacing whatever was stored from the first new index on. Entries at or
   * before the compacted position are skipped. Asserts that no gap appears.
   */
  append(entries: readonly Entry[]): void {
    const head = entries[0];
    if (head === undefined) return;
    const skip = Math.max(0, this.#run.first - head.index);
    if (skip >= entries.length) return;
    if (head.index + skip < this.#run.next) this.#run.truncate(head.index + skip);
    this.#run.push(entries, skip);
  }

  /** Replaces the log by a snapshot. @returns "out-of-date" (nothing changes) unless it is newer than the present one. */
  applySnapshot(snapshot: Snapshot): "applied" | "out-of-date" {
    if (this.#snapshot.metadata.index >= snapshot.metadata.index) return "out-of-date";
    this.#snapshot = snapshot;
    this.#confState = snapshot.metadata.confState;
    this.#beforeTerm = snapshot.metadata.term;
    this.#run.reset(snapshot.metadata.index + 1);
    return "applied";
  }

  /**
   * Records a snapshot of the applied state at `index`, which must be in the log. Entries stay until `compact`.
   * @param confState the configuration as of `index`; null keeps the one of the previous snapshot.
   * @returns the snapshot, or "out-of-date" when the present one is as new.
   */
  createSnapshot(index: number, confState: ConfState | null, data: Uint8Array): Snapshot | "out-of-date" {
    const previous = this.#snapshot.metadata;
    if (index <= previous.index) return "out-of-date";
    const term = this.term(index);
    assert(typeof term === "number", () => `snapshot ${index} is ${term}, last index ${this.lastIndex()}`);
    this.#snapshot = { data, metadata: { confState: confState ?? previous.confState, index, term } };
    return this.#snapshot;
  }

  /** Forgets entries up to and including `index`; asserts that it is in the log. @returns "compacted" if it was before. */
  compact(index: number): "done" | Compacted {
    if (index < this.#run.first) return "compacted";
    this.#beforeTerm = this.#run.at(index).term;
    this.#run.dropBefore(index + 1);
    return "done";
  }
}
