/**
 * The tail of the log that storage has not confirmed yet, and a snapshot on its way in, if any.
 *
 *     storage ...... | entries handed out, write under way | entries not yet handed out |
 *                    ^ first                                ^ offsetInProgress           ^ next
 *
 * A new leader may overwrite any of it. Entries leave only when storage confirms exactly the entry that is still here: same
 * index and same term.
 * Source: upstream log_unstable.go.
 */
import type { EventSink } from "../events/event.js";
import type { Entry } from "../types/entry.js";
import type { Snapshot } from "../types/snapshot.js";
import { EntryRun } from "./entry-run.js";

export class Unstable {
  readonly #run: EntryRun;
  readonly #events: EventSink | null;
  #snapshot: Snapshot | null = null;
  #snapshotInProgress = false;
  /** Invariant: first <= offsetInProgress <= next. */
  #offsetInProgress: number;

  constructor(first: number, events: EventSink | null) {
    this.#run = new EntryRun(first);
    this.#offsetInProgress = first;
    this.#events = events;
  }

  /** Index of the first unstable entry; everything before it is in storage (or in the snapshot). */
  get first(): number {
    return this.#run.first;
  }

  get next(): number {
    return this.#run.next;
  }

  get offsetInProgress(): number {
    return this.#offsetInProgress;
  }

  get length(): number {
    return this.#run.length;
  }

  /** The incoming snapshot, handed out or not. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** The incoming snapshot while it has not been handed out. */
  nextSnapshot(): Snapshot | null {
    return this.#snapshotInProgress ? null : this.#snapshot;
  }

  /** Last index known here: of the entries, else of the snapshot; null when neither is there. */
  lastIndex(): number | null {
    if (this.#run.length > 0) return this.#run.next - 1;
    return this.#snapshot === null ? null : this.#snapshot.metadata.index;
  }

  /** Term at `index` if known here, else null. */
  term(index: number): number | null {
    if (index < this.#run.first) {
      const metadata = this.#snapshot?.metadata;
      return metadata !== undefined && metadata.index === index ? metadata.term : null;
    }
    return index < this.#run.next ? this.#run.at(index).term : null;
  }

  hasNextEntries(): boolean {
    return this.#run.next > this.#offsetInProgress;
  }

  /** Entries not yet handed out. */
  nextEntries(): Entry[] {
    return this.#run.slice(this.#offsetInProgress, this.#run.next);
  }

  slice(lo: number, hi: number, bytesMax: number): Entry[] {
    return this.#run.sliceLimited(lo, hi, bytesMax);
  }

  /** Everything here has been handed out to be written. */
  acceptInProgress(): void {
    this.#offsetInProgress = this.#run.next;
    if (this.#snapshot !== null) this.#snapshotInProgress = true;
  }

  /** Storage confirmed everything up to the entry (index, term); ignored unless that very entry is still here. */
  stableTo(index: number, term: number): void {
    const own = this.term(index);
    if (own === null) {
      this.#events?.emit({ kind: "stable-entry-missing", index });
    } else if (index < this.#run.first) {
      this.#events?.emit({ kind: "stable-entry-in-snapshot", index });
    } else if (own !== term) {
      // Overwritten between the write's start and its end: the newer write will be confirmed in its turn.
      this.#events?.emit({ kind: "stable-entry-mismatch", index, term, ownTerm: own });
    } else {
      this.#run.dropBefore(index + 1);
      this.#offsetInProgress = Math.max(this.#offsetInProgress, index + 1);
    }
  }

  /** Storage confirmed the snapshot with this index. */
  stableSnapshotTo(index: number): void {
    if (this.#snapshot?.metadata.index !== index) return;
    this.#snapshot = null;
    this.#snapshotInProgress = false;
  }

  /** Forgets all entries in favour of a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#run.reset(snapshot.metadata.index + 1);
    this.#offsetInProgress = this.#run.first;
    this.#snapshot = snapshot;
    this.#snapshotInProgress = false;
  }

  /** Appends `entries[from..]`, first forgetting whatever stands at or after the first of them. */
  truncateAndAppend(entries: readonly Entry[], from: number): void {
    const index = (entries[from] as Entry).index;
    if (index !== this.#run.next) {
      if (index <= this.#run.first) {
        this.#events?.emit({ kind: "unstable-replaced", index });
        this.#run.reset(index);
        this.#offsetInProgress = index;
      } else {
        this.#events?.emit({ kind: "unstable-truncated", index });
        this.#run.truncate(index);
        // What was handed out beyond the cut will be overwritten by what is appended now: that has yet to go out.
        this.#offsetInProgress = Math.min(this.#offsetInProgress, index);
      }
    }
    this.#run.push(entries, from);
  }
}
