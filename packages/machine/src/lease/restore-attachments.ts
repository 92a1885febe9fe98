/** Rebuilds at start what no row says: which live key is attached to which lease. */
import { LATEST, type StoreReads } from "../mvcc/store-api.js";
import type { Turns } from "../apply/turn-sort.js";
import type { Lessor } from "./lessor.js";

/** Live keys looked at per turn: one to three milliseconds of work when all of them have leases. */
const KEYS_PER_TURN = 512;

/**
 * Attaches every live key whose record names a lease that exists. Nothing may be applied meanwhile. Costs nothing without
 * leases.
 */
export async function restoreAttachments(lessor: Lessor, store: StoreReads, turns: Turns): Promise<void> {
  if (lessor.size === 0) return;
  let from: Uint8Array | undefined = new Uint8Array(0);
  while (from !== undefined) {
    from = attachFrom(from, lessor, store);
    if (from !== undefined) await turns.yieldTurn();
  }
}

/** @returns where to go on, or undefined at the end. */
function attachFrom(from: Uint8Array, lessor: Lessor, store: StoreReads): Uint8Array | undefined {
  let count = 0;
  let next: Uint8Array | undefined;
  store.scan(from, undefined, LATEST, (slot, buffer, start, end) => {
    const lease = store.leaseOf(slot);
    if (lease !== 0n && lessor.exists(lease)) lessor.attach(lease, buffer, start, end);
    count += 1;
    if (count < KEYS_PER_TURN) return true;
    // The smallest key behind this one.
    next = new Uint8Array(end - start + 1);
    next.set(buffer.subarray(start, end));
    return false;
  });
  return next;
}
