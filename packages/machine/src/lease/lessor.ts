/**
 * The leases of a store and the keys that are attached to them.
 *
 *     log entries ----> grant, revoke, checkpoint      equal on every member, stored in the table `lease`
 *     puts, deletes --> attach, detach                 equal on every member, follow from the live records
 *     leadership -----> promote, demote, renew         the leader's alone: when each lease expires
 *
 * Only the leader's lessor is *primary* and knows expiries; elsewhere a lease lasts for ever. The clock decides nothing that
 * is replicated: an expired lease stays until its revocation has come through the log.
 *
 * Limits: none on the number of leases, as in etcd; all work that grows with it is spread by the driver (`takeExpired`,
 * `takeCheckpoints`, `sweep`, `continuePromotion`).
 * Source: kv-watch-lease 8. Not here: timers, proposals and forwarding, which are the driver's.
 */
import { assert } from "@quorate/std";
import type { LeaseFacts, LeaseTable } from "../apply/lessor-port.js";
import type { RefusalCode } from "../apply/refusal.js";
import { AttachedKeys, type KeyVisitor } from "./attached-keys.js";
import { decodeLeaseRow } from "./lease-row.js";
import { LEASE_TTL_SECONDS_MAX, secondsToServe, type Lease } from "./lease.js";
import { CorruptionError } from "../mvcc/corruption-error.js";
import { Promotion } from "./promotion.js";
import { TimeHeap } from "./time-heap.js";

/** Entries of gone leases that each change of attachments clears away. */
const SWEEP_COUNT = 2;
/** Leases that a new leader gives their time at once: some two milliseconds. */
const PROMOTED_PER_STEP = 2000;

export interface LessorOptions {
  /** See `minLeaseTtlSeconds`. */
  readonly ttlSecondsMin: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Leases with more time left than this are checkpointed this often; undefined for no checkpoints. */
  readonly checkpointIntervalMs?: number | undefined;
}

/** Time left of a lease, to be stored through the log. */
export interface LeaseCheckpoint {
  readonly id: bigint;
  /** Seconds, rounded up. */
  readonly remainingTtl: number;
}

/** Seconds granted, or why the lease was not renewed: `expired` means that its revocation is under way. */
export type Renewal = number | "not-found" | "not-primary" | "expired";

export class Lessor implements LeaseTable {
  /** Called when a lease has been revoked, within the entry that did it. */
  onRevoked: ((id: bigint) => void) | undefined = undefined;
  /** For metrics: renewals made and leases found expired as the primary, since the start. */
  renewedCount = 0;
  expiredCount = 0;
  readonly #options: LessorOptions;
  /** In the order of grants. */
  #leases = new Map<bigint, Lease>();
  #keys = new AttachedKeys();
  #rows: (Lease | undefined)[] = [];
  #freeRows: number[] = [];
  #nextNumber = 1;
  #isPrimary = false;
  /** Counts the times that this member became primary. */
  #leadership = 0;
  /** Until every lease has been given its time again. */
  #promotion: Promotion | undefined;
  readonly #expiries = new TimeHeap();
  readonly #checkpoints = new TimeHeap();

  constructor(options: LessorOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#leases.size;
  }

  get isPrimary(): boolean {
    return this.#isPrimary;
  }

  get hasAttachments(): boolean {
    return this.#keys.count > 0;
  }

  exists(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** What is stored about a lease. */
  row(id: bigint): LeaseFacts | undefined {
    return this.#leases.get(id);
  }

  // Replicated changes

  grant(id: bigint, ttl: number): number | RefusalCode {
    if (id === 0n) return "lease-not-found";
    if (ttl > LEASE_TTL_SECONDS_MAX) return "lease-ttl-too-large";
    if (this.#leases.has(id)) return "lease-exist";
    const lease = this.#add({ id, ttl, remainingTtl: 0 });
    if (this.#isPrimary) {
      this.#refresh(lease);
      this.#scheduleCheckpoint(lease);
    }
    return lease.ttl;
  }

  #add({ id, ttl, remainingTtl }: LeaseFacts): Lease {
    const row = this.#freeRows.pop() ?? this.#rows.length;
    const lease: Lease = {
      id,
      number: this.#nextNumber++,
      row,
      ttl: Math.max(ttl, this.#options.ttlSecondsMin),
      remainingTtl,
      keyCount: 0,
      expiryMs: Infinity,
      leadership: 0,
    };
    this.#rows[row] = lease;
    this.#leases.set(id, lease);
    return lease;
  }

  revoke(id: bigint, visit: KeyVisitor): void {
    const lease = this.#get(id);
    if (lease.keyCount > 0) this.#keys.visit(lease.number, visit);
    this.#keys.drop(lease.number, lease.keyCount);
    this.#leases.delete(id);
    this.#expiries.remove(lease.row);
    this.#checkpoints.remove(lease.row);
    this.#rows[lease.row] = undefined;
    this.#freeRows.push(lease.row);
    this.onRevoked?.(id);
  }

  checkpoint(id: bigint, remainingTtl: number): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    lease.remainingTtl = remainingTtl;
    if (this.#isPrimary) this.#scheduleCheckpoint(lease);
    return true;
  }

  attach(id: bigint, buffer: Uint8Array, start: number, end: number): void {
    const lease = this.#get(id);
    if (this.#keys.add(lease.number, buffer, start, end)) lease.keyCount += 1;
    this.#keys.sweep(SWEEP_COUNT);
  }

  detach(id: bigint, buffer: Uint8Array, start: number, end: number): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    if (this.#keys.remove(lease.number, buffer, start, end)) lease.keyCount -= 1;
    this.#keys.sweep(SWEEP_COUNT);
  }

  #get(id: bigint): Lease {
    const lease = this.#leases.get(id);
    assert(lease !== undefined, () => `no lease ${id.toString(16)}`);
    return lease;
  }

  /** Frees the memory of up to `budgetCount` keys of revoked leases. @returns whether there is more to free. */
  sweep(budgetCount: number): boolean {
    return this.#keys.sweep(budgetCount);
  }

  // Start

  /** Takes a row of the table `lease` back. @throws CorruptionError when it can't be read. */
  restoreRow(key: Uint8Array, value: Uint8Array): void {
    const row = decodeLeaseRow(value);
    if (key.length !== 8 || new DataView(key.buffer, key.byteOffset).getBigInt64(0) !== row.id)
      throw new CorruptionError(
        `a row of the table lease names lease ${row.id.toString(16)}, its key another`,
      );
    this.#add(row);
  }

  /**
   * Takes over the leases and attachments of `other`, which must not be used afterwards: a database from the leader has
   * replaced our own. This lessor is not primary then.
   */
  adopt(other: Lessor): void {
    this.demote();
    this.#leases = other.#leases;
    this.#keys = other.#keys;
    this.#rows = other.#rows;
    this.#freeRows = other.#freeRows;
    this.#nextNumber = other.#nextNumber;
  }

  // The leader's clock

  /**
   * This member leads from now on: every lease starts again, `extendMs` longer than what is left of it. Call
   * `continuePromotion` on later turns until it is done; meanwhile leases may be granted, renewed and revoked.
   */
  promote(extendMs: number): void {
    this.#isPrimary = true;
    this.#leadership += 1;
    this.#expiries.clear();
    this.#checkpoints.clear();
    this.#promotion = new Promotion(this.#leases.values(), this.#options.nowMs(), extendMs);
    this.continuePromotion();
  }

  /** @returns whether there is more to do. */
  continuePromotion(): boolean {
    if (this.#promotion?.step(PROMOTED_PER_STEP, this.#setFirstExpiry) === true) return true;
    this.#promotion = undefined;
    return false;
  }

  readonly #setFirstExpiry = (lease: Lease, expiryMs: number): void => {
    // It may have been revoked, or granted or renewed by this leader already.
    if (this.#rows[lease.row] !== lease || lease.leadership === this.#leadership) return;
    this.#setExpiry(lease, expiryMs);
    this.#scheduleCheckpoint(lease);
  };

  #setExpiry(lease: Lease, expiryMs: number): void {
    lease.expiryMs = expiryMs;
    lease.leadership = this.#leadership;
    this.#expiries.set(lease.row, expiryMs);
  }

  /** On the primary only. */
  #expiryOf(lease: Lease): number {
    if (lease.leadership === this.#leadership) return lease.expiryMs;
    return this.#promotion?.earliestExpiryMs(lease) ?? lease.expiryMs;
  }

  /** This member does not lead (any more): no lease expires here. */
  demote(): void {
    if (!this.#isPrimary) return;
    this.#isPrimary = false;
    this.#promotion = undefined;
    this.#expiries.clear();
    this.#checkpoints.clear();
  }

  /** Starts the lease's time again. A checkpoint of it must have been cleared through the log before: see `hasCheckpoint`. */
  renew(id: bigint): Renewal {
    if (!this.#isPrimary) return "not-primary";
    const lease = this.#leases.get(id);
    if (lease === undefined) return "not-found";
    if (this.#expiryOf(lease) <= this.#options.nowMs()) return "expired";
    this.#refresh(lease);
    this.renewedCount += 1;
    return lease.ttl;
  }

  #refresh(lease: Lease): void {
    this.#setExpiry(lease, this.#options.nowMs() + lease.ttl * 1000);
  }

  /** A later leader would give the lease less than its whole time. */
  hasCheckpoint(id: bigint): boolean {
    return (this.#leases.get(id)?.remainingTtl ?? 0) > 0;
  }

  isExpired(id: bigint): boolean {
    const lease = this.#leases.get(id);
    return this.#isPrimary && lease !== undefined && this.#expiryOf(lease) <= this.#options.nowMs();
  }

  /**
   * Up to `countMax` expired leases, longest expired first. One that is still there `retryMs` later comes again.
   */
  takeExpired(countMax: number, retryMs: number): bigint[] {
    const nowMs = this.#options.nowMs();
    const expired: bigint[] = [];
    while (expired.length < countMax && this.#expiries.firstTime <= nowMs) {
      const lease = this.#rowOf(this.#expiries.first);
      // One that comes again has been counted.
      if (this.#expiries.firstTime === lease.expiryMs) this.expiredCount += 1;
      this.#expiries.set(lease.row, nowMs + retryMs);
      expired.push(lease.id);
    }
    return expired;
  }

  #rowOf(row: number): Lease {
    const lease = this.#rows[row];
    assert(lease !== undefined, () => `no lease in row ${String(row)}`);
    return lease;
  }

  #scheduleCheckpoint(lease: Lease): void {
    const intervalMs = this.#options.checkpointIntervalMs;
    if (intervalMs === undefined) return;
    if (secondsToServe(lease) * 1000 > intervalMs)
      this.#checkpoints.set(lease.row, this.#options.nowMs() + intervalMs);
  }

  /** Up to `countMax` checkpoints that are due. */
  takeCheckpoints(countMax: number): LeaseCheckpoint[] {
    const nowMs = this.#options.nowMs();
    const due: LeaseCheckpoint[] = [];
    while (due.length < countMax && this.#checkpoints.firstTime <= nowMs) {
      const lease = this.#rowOf(this.#checkpoints.first);
      this.#checkpoints.remove(lease.row);
      if (lease.expiryMs <= nowMs) continue;
      const remainingTtl = Math.ceil((lease.expiryMs - nowMs) / 1000);
      // Just renewed: a new leader would give it as much anyway.
      if (remainingTtl < lease.ttl) due.push({ id: lease.id, remainingTtl });
      else this.#scheduleCheckpoint(lease);
    }
    return due;
  }

  // Answers

  /** Seconds left, rounded towards zero (below 0 when the revocation is late), or undefined when there is no such lease. */
  timeToLive(id: bigint): { readonly ttl: number; readonly grantedTtl: number } | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const seconds = this.#isPrimary ? (this.#expiryOf(lease) - this.#options.nowMs()) / 1000 : Infinity;
    return { ttl: Math.trunc(seconds), grantedTtl: lease.ttl };
  }

  /** Copies of the keys attached to a lease, ascending, at most `countMax`, beginning behind `after`. */
  keysOf(id: bigint, countMax: number = Infinity, after?: Uint8Array): Uint8Array[] {
    const keys: Uint8Array[] = [];
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.keyCount === 0) return keys;
    const visit: KeyVisitor = (buffer, start, end) => {
      keys.push(buffer.slice(start, end));
      return keys.length < countMax;
    };
    if (after === undefined) this.#keys.visit(lease.number, visit);
    else this.#keys.visitAfter(lease.number, after, visit);
    return keys;
  }

  /** A copy of the first key attached to a lease at or behind `from`; undefined when there is none, or no such lease. */
  keyFrom(id: bigint, from: Uint8Array | undefined): Uint8Array | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.keyCount === 0) return undefined;
    let key: Uint8Array | undefined;
    const visit: KeyVisitor = (buffer, start, end) => {
      key = buffer.slice(start, end);
      return false;
    };
    if (from === undefined) this.#keys.visit(lease.number, visit);
    else this.#keys.visitFrom(lease.number, from, visit);
    return key;
  }

  keyCountOf(id: bigint): number {
    return this.#leases.get(id)?.keyCount ?? 0;
  }

  /** All leases: by what is left of them on the primary, elsewhere in the order of grants. */
  list(): bigint[] {
    const leases = [...this.#leases.values()];
    if (this.#isPrimary) leases.sort((a, b) => this.#expiryOf(a) - this.#expiryOf(b));
    return leases.map((lease) => lease.id);
  }
}
