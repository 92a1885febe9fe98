/** Leases as options name them: one that was granted, or the id of one. */
export type LeaseOption = bigint | { readonly id: bigint };

/** @returns 0n for none. @throws TypeError for what is no lease, as programs without types may have it. */
export function leaseIdOf(lease: LeaseOption | undefined): bigint {
  if (lease === undefined) return 0n;
  const id: unknown = typeof lease === "object" && lease !== null ? lease.id : lease;
  if (typeof id === "bigint") return id;
  throw new TypeError(`a lease is one that was granted, or its id as a bigint, not ${String(id)}`);
}
