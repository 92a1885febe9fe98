/**
 * Proposals on their way: those not yet handed to raft, and the waiters of all that are not yet applied here.
 *
 * Order: proposals leave in the order they came. Limits: `queuedCountMax` and `queuedBytesMax` not yet proposed,
 * `proposersWaitingMax` waiters; a waiter waits at most the request timeout, checked on each tick (waiters are kept in order of
 * arrival, so that only the oldest are looked at).
 */
import type { MemberFailure, ProposalWaiter } from "../api/member-port.js";
import type { BatchLimits, QueueLevel, QueueLimits } from "./queue-limits.js";

interface Waiting {
  readonly waiter: ProposalWaiter;
  readonly sinceMs: number;
}

export class WaitingProposals {
  readonly #limits: QueueLimits;
  readonly #waiting = new Map<number, Waiting>();
  #queued: Uint8Array[] = [];
  #queuedSuffixes: number[] = [];
  #queuedBytes = 0;
  #failedCount = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Waiters that got no outcome since the start. */
  get failedCount(): number {
    return this.#failedCount;
  }

  levels(): readonly QueueLevel[] {
    const { queuedCountMax, queuedBytesMax, proposersWaitingMax } = this.#limits;
    return [
      { name: "queuedCountMax", held: this.#queued.length, limit: queuedCountMax },
      { name: "queuedBytesMax", held: this.#queuedBytes, limit: queuedBytesMax },
      { name: "proposersWaitingMax", held: this.#waiting.size, limit: proposersWaitingMax },
    ];
  }

  /** @returns false, changing nothing, when too much is queued or too many wait. */
  add(entry: Uint8Array, suffix: number, waiting: Waiting): boolean {
    const { queuedCountMax, queuedBytesMax, proposersWaitingMax } = this.#limits;
    if (this.#queued.length >= queuedCountMax || this.#queuedBytes + entry.length > queuedBytesMax)
      return false;
    // Of forwarded ones nobody knows whether they arrived: their clients wait here although nothing is queued.
    if (this.#waiting.size >= proposersWaitingMax) return false;
    this.#queued.push(entry);
    this.#queuedSuffixes.push(suffix);
    this.#queuedBytes += entry.length;
    this.#waiting.set(suffix, waiting);
    return true;
  }

  /** The next entries for raft, in order; empty when there are none. They count as queued until `proposed`. */
  nextBatch({ countMax, bytesMax }: BatchLimits): readonly Uint8Array[] {
    if (this.#queuedBytes <= bytesMax && this.#queued.length <= countMax) return this.#queued;
    let count = 0;
    let bytes = 0;
    while (count < this.#queued.length && count < countMax) {
      bytes += this.#queued[count]?.length ?? 0;
      if (bytes > bytesMax && count > 0) break;
      count += 1;
    }
    return this.#queued.slice(0, count);
  }

  /** Raft has taken the batch that `nextBatch` returned. */
  proposed(batch: readonly Uint8Array[]): void {
    if (batch === this.#queued) {
      this.#queued = [];
      this.#queuedSuffixes = [];
      this.#queuedBytes = 0;
      return;
    }
    for (const entry of batch) this.#queuedBytes -= entry.length;
    this.#queued = this.#queued.slice(batch.length);
    this.#queuedSuffixes = this.#queuedSuffixes.slice(batch.length);
  }

  get hasQueued(): boolean {
    return this.#queued.length > 0;
  }

  /** Takes the waiter of an applied entry out, or undefined when nobody here waits for it. */
  take(suffix: number): ProposalWaiter | undefined {
    const waiting = this.#waiting.get(suffix);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(suffix);
    return waiting.waiter;
  }

  has(suffix: number): boolean {
    return this.#waiting.has(suffix);
  }

  abandon(suffix: number): void {
    if (this.#waiting.delete(suffix)) this.#failedCount += 1;
  }

  /** Fails every waiter that began before `beforeMs`, with a failure that may depend on when it began. */
  expire(beforeMs: number, failure: (sinceMs: number) => MemberFailure): void {
    let expired = false;
    for (const [suffix, waiting] of this.#waiting) {
      if (waiting.sinceMs >= beforeMs) break;
      this.#waiting.delete(suffix);
      this.#failedCount += 1;
      expired = true;
      waiting.waiter.onFailed(failure(waiting.sinceMs));
    }
    if (expired && this.#queued.length > 0) this.#dropUnawaited();
  }

  /** Fails what only a leader may propose and raft has not taken. */
  failLeaderOnly(failure: MemberFailure): void {
    const suffixes = this.#queuedSuffixes.filter(
      (suffix) => this.#waiting.get(suffix)?.waiter.onlyAsLeader === true,
    );
    const waiters = suffixes.map((suffix) => this.take(suffix));
    if (waiters.length === 0) return;
    this.#failedCount += waiters.length;
    this.#dropUnawaited();
    for (const waiter of waiters) waiter?.onFailed(failure);
  }

  /** What its client has given up, and raft has never seen, need not be written any more. */
  #dropUnawaited(): void {
    const keep = this.#queuedSuffixes.map((suffix) => this.#waiting.has(suffix));
    this.#queued = this.#queued.filter((_, i) => keep[i] === true);
    this.#queuedSuffixes = this.#queuedSuffixes.filter((_, i) => keep[i] === true);
    this.#queuedBytes = this.#queued.reduce((sum, entry) => sum + entry.length, 0);
  }

  /** Fails everybody: the member stops. */
  failAll(failure: MemberFailure): void {
    const waiters = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#queued = [];
    this.#queuedSuffixes = [];
    this.#queuedBytes = 0;
    for (const { waiter } of waiters) waiter.onFailed(failure);
  }
}
