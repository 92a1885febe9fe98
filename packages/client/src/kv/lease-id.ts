/** Leases as options name them: one that was granted, or the id of one. */
export type LeaseOption = bigint | { readonly id: bigint };

/** @returns 0n for none. @throws TypeError for what is no lease, as programs without types may have it. */
export function leaseIdOf(lease: LeaseOption | undefined): bigint {
  if (lease === undefined) return 0n;
  const id: unknown = typeof lease === "object" && lease !== null ? lease.id : lease;
  if (typeof id === "bigint" && BigInt.asIntN(64, id) === id) return id;
  throw new TypeError(`a lease is one that was granted, or its id as a bigint of 64 bits, not ${String(id)}`);
}

/** @throws TypeError for what is no id: a lease by another name would be another lease to those who look after it. */
export function checkLeaseId(id: bigint): void {
  if (typeof id !== "bigint" || BigInt.asIntN(64, id) !== id)
    throw new TypeError(`the id of a lease is a bigint of 64 bits, not ${String(id)}`);
}
