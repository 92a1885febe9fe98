/**
 * A leader's view of one follower: how far its log is known to match, and how to send to it.
 *
 *                       accepted append
 *       +-----------+ ----------------> +---------------+
 *       |   probe   |                   |   replicate   |
 *       | one by one| <---------------- | a window ahead|
 *       +-----------+   rejected,       +---------------+
 *         |      ^      unreachable         |       ^
 *         |      |                          |       | append accepted at or past our first index
 *         |      | snapshot reported        |       |
 *         v      | (done or failed)         v       |
 *       +-----------------------------------------------+
 *       |   snapshot: nothing is sent until it arrived   |
 *       +-----------------------------------------------+
 *
 * One flat class, although `pendingSnapshot` belongs to one state only: progress is touched on every acknowledgement, and
 * one object shape that changes state in place keeps that free of allocation.
 * Source: Raft thesis sections 3.5 and 10.2.1; upstream tracker/progress.go.
 */
import { assert } from "@quorate/std";
import type { Inflights } from "./inflights.js";

export type ProgressState = "StateProbe" | "StateReplicate" | "StateSnapshot";

/** A copy of the state of a Progress, for status and events. */
export interface ProgressView {
  readonly match: number;
  readonly next: number;
  readonly state: ProgressState;
  readonly pendingSnapshot: number;
  readonly recentActive: boolean;
  readonly isLearner: boolean;
  readonly paused: boolean;
  readonly inflightCount: number;
  readonly inflightBytes: number;
  readonly inflightFull: boolean;
}

export class Progress {
  /** The follower's log is known to equal ours up to here. Invariant: match < next. */
  match: number;
  /** First entry not yet sent; those in (match, next) are in flight. In the snapshot state: pendingSnapshot + 1. */
  next: number;
  state: ProgressState = "StateProbe";
  /** Index of the snapshot under way; 0 outside the snapshot state. */
  pendingSnapshot = 0;
  /** Something was heard of the follower since the last quorum check. */
  recentActive = false;
  /** One MsgApp is out and unanswered (probe), or the window is full (replicate): send no more until a sign of life. */
  appendsPaused = false;
  isLearner: boolean;
  readonly inflights: Inflights;
  /** Highest commit index sent; may fall back when what was sent is presumed lost. */
  #sentCommit = 0;

  constructor(match: number, next: number, isLearner: boolean, inflights: Inflights) {
    this.match = match;
    this.next = next;
    this.isLearner = isLearner;
    this.inflights = inflights;
  }

  /** A copy that shares the inflights: for configuration drafts, which may only change `isLearner`. */
  clone(): Progress {
    const copy = new Progress(this.match, this.next, this.isLearner, this.inflights);
    copy.state = this.state;
    copy.pendingSnapshot = this.pendingSnapshot;
    copy.recentActive = this.recentActive;
    copy.appendsPaused = this.appendsPaused;
    copy.#sentCommit = this.#sentCommit;
    return copy;
  }

  /** True while no entries may be sent. */
  get paused(): boolean {
    return this.state === "StateSnapshot" || this.appendsPaused;
  }

  becomeProbe(): void {
    // After a snapshot that was reported as delivered the next probe starts behind it; after a failed one the caller has
    // cleared pendingSnapshot first.
    const past = this.state === "StateSnapshot" ? this.pendingSnapshot : 0;
    this.#enter("StateProbe");
    this.next = Math.max(this.match, past) + 1;
    this.#regressSentCommit();
  }

  becomeReplicate(): void {
    this.#enter("StateReplicate");
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#enter("StateSnapshot");
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.#sentCommit = index;
  }

  #enter(state: ProgressState): void {
    this.appendsPaused = false;
    this.pendingSnapshot = 0;
    this.state = state;
    this.inflights.reset();
  }

  /** Books a MsgApp of `count` entries starting at `next`. */
  sentEntries(count: number, bytes: number): void {
    assert(this.state !== "StateSnapshot", "append sent to a follower that waits for a snapshot");
    if (this.state === "StateReplicate") {
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1, bytes);
      }
      // With the window full, this message counts as a probe: one sign of life, then silence until it is answered.
      this.appendsPaused = this.inflights.full;
    } else if (count > 0) {
      this.appendsPaused = true;
    }
  }

  sentCommit(index: number): void {
    this.#sentCommit = index;
  }

  /** Whether telling the follower `index` could move its commit index beyond what it was told already. */
  canBumpCommit(index: number): boolean {
    return index > this.#sentCommit && this.#sentCommit < this.next - 1;
  }

  /** The follower acknowledged everything up to `index`. @returns false when that is old news. */
  maybeUpdate(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.appendsPaused = false;
    return true;
  }

  /**
   * The follower rejected an append with previous index `rejected`, and may match us up to `matchHint`.
   * @returns false when the rejection is stale (reordered or duplicated) and was ignored.
   */
  maybeDecrTo(rejected: number, matchHint: number): boolean {
    if (this.state === "StateReplicate") {
      if (rejected <= this.match) return false;
      this.next = this.match + 1;
      this.#regressSentCommit();
      return true;
    }
    // A probing follower is sent one message at a time, so a genuine rejection names exactly that one.
    if (rejected !== this.next - 1) return false;
    this.next = Math.max(Math.min(rejected, matchHint + 1), this.match + 1);
    this.#regressSentCommit();
    this.appendsPaused = false;
    return true;
  }

  #regressSentCommit(): void {
    this.#sentCommit = Math.min(this.#sentCommit, this.next - 1);
  }

  view(): ProgressView {
    return {
      match: this.match,
      next: this.next,
      state: this.state,
      pendingSnapshot: this.pendingSnapshot,
      recentActive: this.recentActive,
      isLearner: this.isLearner,
      paused: this.paused,
      inflightCount: this.inflights.count,
      inflightBytes: this.inflights.bytes,
      inflightFull: this.inflights.full,
    };
  }
}

/** Progress of every node of the configuration. Built in ascending id order, so that iterating is deterministic. */
export type ProgressMap = ReadonlyMap<bigint, Progress>;
