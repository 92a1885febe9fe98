/**
 * Port: what apply asks of the leases. A key is attached to at most one lease: apply detaches it from the old one before it
 * attaches it to the new one. Attachments follow from the live records, so they are rebuilt at start and never stored.
 */
import { assert } from "@quorate/std";
import type { RefusalCode } from "./refusal.js";

export interface LeaseAttachments {
  /** False while no key is attached to any lease: spares apply a look-up per put. */
  readonly hasAttachments: boolean;
  exists(lease: bigint): boolean;
  /** The first key at or behind `from` that is attached to the lease; undefined when there is none, or no such lease. */
  keyFrom(lease: bigint, from: Uint8Array | undefined): Uint8Array | undefined;
  /** Attaches key [start, end) of `buffer` to a lease that exists. No reference is kept to `buffer`. */
  attach(lease: bigint, buffer: Uint8Array, start: number, end: number): void;
  /** Detaches a key from the lease its last record named; the lease may be gone. */
  detach(lease: bigint, buffer: Uint8Array, start: number, end: number): void;
}

/** What is stored about a lease. Times are in seconds; `remainingTtl` is 0 without a checkpoint. */
export interface LeaseFacts {
  readonly id: bigint;
  readonly ttl: number;
  readonly remainingTtl: number;
}

/** The leases themselves, as entries of the log change them. */
export interface LeaseTable extends LeaseAttachments {
  /** @returns the seconds granted, or why not. */
  grant(lease: bigint, ttlSeconds: number): number | RefusalCode;
  /** Removes a lease that exists, after a visit to its keys [start, end) of `buffer` in byte order. Returning false stops. */
  revoke(lease: bigint, visit: (buffer: Uint8Array, start: number, end: number) => boolean): void;
  /** Takes note of what is left of a lease, 0 for all of it. @returns false when there is no such lease. */
  checkpoint(lease: bigint, remainingTtlSeconds: number): boolean;
  /** What is to be stored about a lease, or undefined when there is no such lease. */
  row(lease: bigint): LeaseFacts | undefined;
}

/** Leases of a store that has none and gets none. */
export const NO_LEASES: LeaseTable = {
  hasAttachments: false,
  exists: () => false,
  keyFrom: () => undefined,
  attach: () => undefined,
  detach: () => undefined,
  grant: () => {
    assert(false, "an entry grants a lease where there is no lessor");
  },
  revoke: () => undefined,
  checkpoint: () => false,
  row: () => undefined,
};
