/**
 * Port: what apply asks of the leases. A key is attached to at most one lease: apply detaches it from the old one before it
 * attaches it to the new one. Attachments follow from the live records, so they are rebuilt at start and never stored.
 */
export interface LeaseAttachments {
  /** False while no key is attached to any lease: spares apply a look-up per put. */
  readonly hasAttachments: boolean;
  exists(lease: bigint): boolean;
  /** Attaches key [start, end) of `buffer` to a lease that exists. No reference is kept to `buffer`. */
  attach(lease: bigint, buffer: Uint8Array, start: number, end: number): void;
  /** Detaches a key from the lease its last record named; the lease may be gone. */
  detach(lease: bigint, buffer: Uint8Array, start: number, end: number): void;
}

/** Leases of a store that has none. */
export const NO_LEASES: LeaseAttachments = {
  hasAttachments: false,
  exists: () => false,
  attach: () => undefined,
  detach: () => undefined,
};
