/**
 * The log: what storage holds followed by the unstable tail, and how far it is committed and applied.
 *
 *      snapshot | ........ storage ........ | .... unstable .... |
 *               ^ firstIndex         applied <= applying <= committed <= lastIndex
 *
 * Invariants: applied <= applying <= committed <= lastIndex. The position before firstIndex has no entry any more but
 * still a term, so that an append right after the snapshot can be matched.
 * Source: Raft paper section 5.3; upstream log.go.
 */
import { assert } from "@quorate/std";
import type { EventSink } from "../events/event.js";
import { type Entry, entriesBytes, entryBytes } from "../types/entry.js";
import type { Compacted, LogStorage, Unavailable } from "../types/log-storage.js";
import type { Snapshot } from "../types/snapshot.js";
import { Unstable } from "./unstable.js";

/** A position in a log, named so that index and term cannot be swapped. */
export interface EntryId {
  readonly term: number;
  readonly index: number;
}

export class RaftLog {
  readonly #storage: LogStorage;
  readonly unstable: Unstable;
  readonly #events: EventSink | null;
  #committed: number;
  #applying: number;
  #applied: number;
  /** Encoded bytes of committed entries that may be handed out and unacknowledged at a time. */
  readonly #applyingBytesMax: number;
  #applyingBytes = 0;
  /** Encoded bytes of the entry that was handed out last. */
  #lastApplyingBytes = 0;
  /** No more entries to apply until some are acknowledged. */
  #applyingPaused = false;

  constructor(storage: LogStorage, applyingBytesMax: number, events: EventSink | null) {
    this.#storage = storage;
    this.#events = events;
    this.#applyingBytesMax = applyingBytesMax;
    this.unstable = new Unstable(storage.lastIndex() + 1, events);
    this.#committed = this.#applying = this.#applied = storage.firstIndex() - 1;
  }

  /** Highest position known to be on a quorum of nodes. */
  get committed(): number {
    return this.#committed;
  }

  /** Highest position handed out to be applied. */
  get applying(): number {
    return this.#applying;
  }

  /** Highest position reported as applied. */
  get applied(): number {
    return this.#applied;
  }

  firstIndex(): number {
    const snapshot = this.unstable.snapshot;
    return snapshot === null ? this.#storage.firstIndex() : snapshot.metadata.index + 1;
  }

  lastIndex(): number {
    return this.unstable.lastIndex() ?? this.#storage.lastIndex();
  }

  lastEntryId(): EntryId {
    const index = this.lastIndex();
    const term = this.term(index);
    assert(typeof term === "number", () => `term of the last entry ${index} is ${term}`);
    return { term, index };
  }

  term(index: number): number | Compacted | Unavailable {
    // Unstable first: it answers the hot cases without asking storage for its bounds.
    const own = this.unstable.term(index);
    if (own !== null) return own;
    if (index + 1 < this.firstIndex()) return "compacted";
    if (index > this.lastIndex()) return "unavailable";
    return this.#storage.term(index);
  }

  /** Like `term`, 0 where no term is known. */
  termOrZero(index: number): number {
    const term = this.term(index);
    return typeof term === "number" ? term : 0;
  }

  matchTerm(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends at `last` is at least as complete as ours. Raft paper section 5.4.1. */
  isUpToDate(last: EntryId): boolean {
    const own = this.lastEntryId();
    return last.term > own.term || (last.term === own.term && last.index >= own.index);
  }

  /**
   * A leader's append. @returns the last index now known to match the leader's log, or null when `prev` does not match.
   * Only what conflicts or is new is written: an old, shorter append must not cut what a newer one brought.
   */
  maybeAppend(prev: EntryId, entries: readonly Entry[], leaderCommit: number): number | null {
    if (!this.matchTerm(prev.index, prev.term)) return null;
    const last = prev.index + entries.length;
    const conflict = this.#findConflict(entries);
    if (conflict !== 0) {
      assert(
        conflict > this.#committed,
        () => `entry ${conflict} conflict with committed entry [committed(${this.#committed})]`,
      );
      this.append(entries, conflict - prev.index - 1);
    }
    // Not our own last index: what stands beyond this message may belong to a dead branch.
    this.commitTo(Math.min(leaderCommit, last));
    return last;
  }

  /** Appends `entries[from..]`, replacing what stands there. @returns the last index. */
  append(entries: readonly Entry[], from = 0): number {
    const head = entries[from];
    if (head === undefined) return this.lastIndex();
    assert(
      head.index > this.#committed,
      () => `after(${head.index - 1}) is out of range [committed(${this.#committed})]`,
    );
    this.unstable.truncateAndAppend(entries, from);
    return this.unstable.next - 1;
  }

  /** Index of the first of `entries` that conflicts with, or is missing from, our log; 0 when all are here already. */
  #findConflict(entries: readonly Entry[]): number {
    for (const entry of entries) {
      if (this.matchTerm(entry.index, entry.term)) continue;
      if (entry.index <= this.lastIndex()) {
        this.#events?.emit({
          kind: "log-conflict",
          index: entry.index,
          ownTerm: this.termOrZero(entry.index),
          term: entry.term,
        });
      }
      return entry.index;
    }
    return 0;
  }

  /**
   * The best guess where our log may match one of which only the entry (index, term) is known: the largest position at or
   * below `index` whose term is at most `term`, or is not known (then with term 0).
   */
  findConflictByTerm(index: number, term: number): EntryId {
    for (let at = index; at > 0; at--) {
      const own = this.term(at);
      if (typeof own !== "number") return { index: at, term: 0 };
      if (own <= term) return { index: at, term: own };
    }
    return { index: 0, term: 0 };
  }

  /** Never goes down. Asserts that the position exists: a commit beyond our log means that entries were lost. */
  commitTo(index: number): void {
    if (index <= this.#committed) return;
    assert(
      index <= this.lastIndex(),
      () =>
        `tocommit(${index}) is out of range [lastIndex(${this.lastIndex()})]. Was the raft log corrupted, truncated, or lost?`,
    );
    this.#committed = index;
  }

  /** Commits (index, term) if it is news and really in the log. Raft paper section 5.4.2: the term must be the leader's own. */
  maybeCommit(index: number, term: number): boolean {
    if (term === 0 || index <= this.#committed || !this.matchTerm(index, term)) return false;
    this.commitTo(index);
    return true;
  }

  /** Sets the commit index found in a hard state, checked by the caller. */
  loadCommitted(index: number): void {
    this.#committed = index;
  }

  /** The application has applied everything up to `index`; `bytes` of handed out entries are acknowledged by that. */
  appliedTo(index: number, bytes: number): void {
    assert(
      index >= this.#applied && index <= this.#committed,
      () =>
        `applied(${index}) is out of range [prevApplied(${this.#applied}), committed(${this.#committed})]`,
    );
    this.#applied = index;
    this.#applying = Math.max(this.#applying, index);
    this.#applyingBytes = Math.max(0, this.#applyingBytes - bytes);
    this.#applyingPaused = this.#applyingBytes >= this.#applyingBytesMax;
  }

  /** Encoded bytes handed out and not acknowledged, but for the newest entry, which alone may go beyond the limit. */
  get applyingBytesBeforeLast(): number {
    return Math.max(0, this.#applyingBytes - this.#lastApplyingBytes);
  }

  /** Encoded size of entries about to be acknowledged; not worth counting when there is no limit. */
  applyingBytesOf(entries: readonly Entry[]): number {
    return this.#applyingBytesMax === Infinity ? 0 : entriesBytes(entries);
  }

  /** `entries`, the result of `nextCommitted`, have been handed out. */
  acceptApplying(entries: readonly Entry[], allowUnstable: boolean): void {
    const last = (entries[entries.length - 1] as Entry).index;
    assert(
      last <= this.#committed,
      () =>
        `applying(${last}) is out of range [prevApplying(${this.#applying}), committed(${this.#committed})]`,
    );
    this.#applying = last;
    this.#applyingBytes += this.applyingBytesOf(entries);
    this.#lastApplyingBytes = entryBytes(entries[entries.length - 1] as Entry);
    // A page that stops short of what could be applied was cut by the limit: the next entry would exceed it.
    this.#applyingPaused =
      this.#applyingBytes >= this.#applyingBytesMax || last < this.#appliableIndex(allowUnstable);
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    // What an incoming snapshot contains must not be applied entry by entry as well.
    if (this.#applyingPaused || this.unstable.snapshot !== null) return false;
    return this.#applying < this.#appliableIndex(allowUnstable);
  }

  /** The next page of entries to apply; at least one when `hasNextCommitted`. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return [];
    const bytesMax = this.#applyingBytesMax - this.#applyingBytes;
    const entries = this.slice(this.#applying + 1, this.#appliableIndex(allowUnstable) + 1, bytesMax);
    assert(typeof entries !== "string", () => `committed entries after ${this.#applying} are compacted`);
    return entries;
  }

  /** With asynchronous writes an entry may be applied only once it is stable here. */
  #appliableIndex(allowUnstable: boolean): number {
    return allowUnstable ? this.#committed : Math.min(this.#committed, this.unstable.first - 1);
  }

  snapshot(): Snapshot | "temporarily-unavailable" {
    return this.unstable.snapshot ?? this.#storage.snapshot();
  }

  /** Entries from `index` to the end, cut to `bytesMax`. */
  entriesFrom(index: number, bytesMax: number): readonly Entry[] | Compacted {
    const last = this.lastIndex();
    return index > last ? [] : this.slice(index, last + 1, bytesMax);
  }

  /** Entries of [lo, hi), cut to `bytesMax` encoded bytes but never below one. Asserts hi - 1 <= lastIndex. */
  slice(lo: number, hi: number, bytesMax: number): readonly Entry[] | Compacted {
    assert(lo <= hi, () => `invalid slice ${lo} > ${hi}`);
    // The unstable tail starts behind every snapshot, so this common case needs no further bounds from storage.
    const border = this.unstable.first;
    if (lo >= border) return this.unstable.slice(lo, hi, bytesMax);
    if (lo < this.firstIndex()) return "compacted";
    assert(
      hi <= this.lastIndex() + 1,
      () => `slice[${lo},${hi}) out of bound, last index ${this.lastIndex()}`,
    );
    if (lo === hi) return [];

    const cut = Math.min(hi, border);
    const stable = this.#storage.entries(lo, cut, bytesMax);
    if (stable === "compacted") return stable;
    assert(stable !== "unavailable", () => `entries[${lo}:${cut}) is unavailable from storage`);
    // A short answer means that the limit was reached.
    if (hi <= border || stable.length < cut - lo) return stable;
    if (bytesMax === Infinity) return stable.concat(this.unstable.slice(border, hi, Infinity));
    const bytes = entriesBytes(stable);
    if (bytes >= bytesMax) return stable;
    const tail = this.unstable.slice(border, hi, bytesMax - bytes);
    // Only a single entry can exceed what is left; it has to wait.
    if (tail.length === 1 && bytes + entriesBytes(tail) > bytesMax) return stable;
    return stable.concat(tail);
  }

  /**
   * Whether an entry like this stands in (applied, last], where last is at most `committed`; read page by page to bound
   * memory. What the application has compacted before reporting it as applied counts as one.
   */
  hasUnapplied(last: number, wanted: (entry: Entry) => boolean): boolean {
    let lo = this.#applied + 1;
    while (lo <= last) {
      const page = this.slice(lo, last + 1, this.#applyingBytesMax);
      if (page === "compacted" || page.some(wanted)) return true;
      assert(page.length > 0, () => `got 0 entries in [${lo}, ${last}]`);
      lo += page.length;
    }
    return false;
  }

  /** Replaces the whole log by a snapshot. */
  restore(snapshot: Snapshot): void {
    this.#events?.emit({
      kind: "log-restore",
      index: snapshot.metadata.index,
      term: snapshot.metadata.term,
      log: this.view(),
    });
    this.#committed = snapshot.metadata.index;
    this.unstable.restore(snapshot);
  }

  /** The markers, as a copy. */
  view(): RaftLogView {
    return {
      committed: this.#committed,
      applied: this.#applied,
      applying: this.#applying,
      unstableFirst: this.unstable.first,
      unstableInProgress: this.unstable.offsetInProgress,
      unstableCount: this.unstable.length,
    };
  }
}

/** Where the markers of a log stand. */
export interface RaftLogView {
  readonly committed: number;
  readonly applied: number;
  readonly applying: number;
  readonly unstableFirst: number;
  readonly unstableInProgress: number;
  readonly unstableCount: number;
}
