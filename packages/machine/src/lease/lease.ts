/** One lease as the lessor holds it, and the rules about its length. Source: kv-watch-lease 8.1. */

/** Longest time to live that a client may ask for, in seconds (etcd). */
export const LEASE_TTL_SECONDS_MAX = 9_000_000_000;

export interface Lease {
  /** Any 64 bits but zero. */
  readonly id: bigint;
  /** Grows with each grant and is never used again: names the lease among the attached keys. */
  readonly number: number;
  /** Its place in the heaps; used again once the lease is gone. */
  readonly row: number;
  /** Seconds granted, at least the minimum. */
  readonly ttl: number;
  /** Seconds left at the last checkpoint; 0 when it was renewed since or never checkpointed. */
  remainingTtl: number;
  keyCount: number;
  /** When it expires, in monotonic milliseconds; meaningful in the leadership that set it only. */
  expiryMs: number;
  /** Number of the leadership that set `expiryMs`; 0 for none. */
  leadership: number;
}

/**
 * The shortest time to live, in seconds: what a new leader may need until it has taken over.
 * Equal on all members only if their tick settings are: it decides what is stored.
 */
export function minLeaseTtlSeconds(electionTicks: number, heartbeatMs: number): number {
  return Math.ceil((Math.floor((3 * electionTicks) / 2) * heartbeatMs) / 1000);
}

/** Seconds that a new leader gives a lease: what the last checkpoint left of it, else all of it. */
export function secondsToServe(lease: Lease): number {
  return lease.remainingTtl > 0 ? lease.remainingTtl : lease.ttl;
}
