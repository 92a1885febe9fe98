/**
 * The reference LogStorage: everything in memory. The product keeps its log tail in one too, behind the write-ahead log.
 *
 * Layout: one array of entries with a moving head, so that compaction costs amortised O(1) per entry.
 *
 *     #entries:  [ x x x | e(first) ... e(last) ]
 *                  dead ^#head
 *
 * Not synchronised with any disk: the caller persists first, then tells it here.
 * Source: upstream storage.go, MemoryStorage.
 */
import { assert } from "@quorate/std";
import { type ConfState, emptyConfState } from "./types/conf-change.js";
import { type Entry, entryBytes } from "./types/entry.js";
import type { Compacted, InitialState, LogStorage, Unavailable } from "./types/log-storage.js";
import { type HardState, type Snapshot, emptyHardState, emptySnapshot } from "./types/snapshot.js";

/** Dead slots before the head that are tolerated before the array is packed. */
const DEAD_SLOTS_MIN = 1024;

export class MemoryLogStorage implements LogStorage {
  #hardState: HardState = emptyHardState;
  #confState: ConfState = emptyConfState;
  #snapshot: Snapshot = emptySnapshot;
  /** Position just before the first entry; its term answers `term(firstIndex - 1)`. */
  #beforeIndex = 0;
  #beforeTerm = 0;
  #entries: (Entry | null)[] = [];
  #head = 0;

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
    return this.#beforeIndex + 1;
  }

  lastIndex(): number {
    return this.#beforeIndex + this.#entries.length - this.#head;
  }

  term(index: number): number | Compacted | Unavailable {
    if (index < this.#beforeIndex) return "compacted";
    if (index === this.#beforeIndex) return this.#beforeTerm;
    if (index > this.lastIndex()) return "unavailable";
    return this.#at(index).term;
  }

  entries(lo: number, hi: number, bytesMax: number): readonly Entry[] | Compacted | Unavailable {
    if (lo <= this.#beforeIndex) return "compacted";
    if (hi > this.lastIndex() + 1) return "unavailable";
    const start = this.#slot(lo);
    let end = this.#slot(hi);
    if (bytesMax !== Infinity) {
      let bytes = 0;
      for (let i = start; i < end; i++) {
        bytes += entryBytes(this.#entries[i] as Entry);
        if (bytes > bytesMax && i > start) end = i;
      }
    }
    return this.#entries.slice(start, end) as Entry[];
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Adds entries, contiguous among themselves, replacing whatever was stored from the first new index on. Entries at or
   * before the snapshot are skipped. Asserts that no gap appears.
   */
  append(entries: readonly Entry[]): void {
    const count = entries.length;
    if (count === 0) return;
    const first = (entries[0] as Entry).index;
    const skip = Math.max(0, this.#beforeIndex + 1 - first);
    if (skip >= count) return;
    const last = this.lastIndex();
    const from = first + skip;
    assert(from <= last + 1, () => `missing log entries between ${last} and ${from}`);
    if (from <= last) this.#entries.length = this.#slot(from);
    for (let i = skip; i < count; i++) this.#entries.push(entries[i] as Entry);
  }

  /** Replaces the log by a snapshot. @returns "out-of-date" (and changes nothing) unless it is newer than the present one. */
  applySnapshot(snapshot: Snapshot): "applied" | "out-of-date" {
    if (this.#snapshot.metadata.index >= snapshot.metadata.index) return "out-of-date";
    this.#snapshot = snapshot;
    this.#confState = snapshot.metadata.confState;
    this.#beforeIndex = snapshot.metadata.index;
    this.#beforeTerm = snapshot.metadata.term;
    this.#entries = [];
    this.#head = 0;
    return "applied";
  }

  /**
   * Records a snapshot of the applied state at `index`, which must be in the log. Entries stay until `compact`.
   * @param confState the configuration as of `index`; null keeps the one of the previous snapshot.
   * @returns the snapshot, or "out-of-date" when the present one is as new.
   */
  createSnapshot(index: number, confState: ConfState | null, data: Uint8Array): Snapshot | "out-of-date" {
    if (index <= this.#snapshot.metadata.index) return "out-of-date";
    const term = this.term(index);
    assert(typeof term === "number", () => `snapshot ${index} is out of bound lastindex(${this.lastIndex()})`);
    this.#snapshot = {
      data,
      metadata: { confState: confState ?? this.#snapshot.metadata.confState, index, term },
    };
    return this.#snapshot;
  }

  /** Forgets entries up to and including `index`. @returns "compacted" when that happened before. Asserts index <= lastIndex. */
  compact(index: number): "done" | Compacted {
    if (index <= this.#beforeIndex) return "compacted";
    assert(index <= this.lastIndex(), () => `compact ${index} is out of bound lastindex(${this.lastIndex()})`);
    const slot = this.#slot(index);
    this.#beforeTerm = (this.#entries[slot] as Entry).term;
    // Dead slots must not keep entries alive until the array is packed.
    this.#entries.fill(null, this.#head, slot + 1);
    this.#head = slot + 1;
    this.#beforeIndex = index;
    if (this.#head >= DEAD_SLOTS_MIN && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return "done";
  }

  #slot(index: number): number {
    return this.#head + index - this.#beforeIndex - 1;
  }

  #at(index: number): Entry {
    return this.#entries[this.#slot(index)] as Entry;
  }
}
