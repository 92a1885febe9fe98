/**
 * Expiries under a new leader. All leases start again at the same moment, so those of one length would end at the same moment
 * too; when there are many, they are spread so that revocations keep up.
 * Source: kv-watch-lease 8.7.
 */
import { secondsToServe, type Lease } from "./lease.js";

/** Revocations per second that a leader makes (etcd). */
export const LEASE_REVOKES_PER_SECOND = 1000;
/** Fewer may end in one second, so that a heap of expired leases still shrinks meanwhile (etcd). */
const EXPIRIES_PER_SECOND: number = (3 * LEASE_REVOKES_PER_SECOND) / 4;
const WINDOW_MS = 1000;

/** Sets the expiry of each lease for a leader that takes over at `nowMs`; `extendMs` makes up for the time without one. */
export function setExpiries(leases: readonly Lease[], nowMs: number, extendMs: number): void {
  for (const lease of leases) lease.expiryMs = nowMs + extendMs + secondsToServe(lease) * 1000;
  if (leases.length >= LEASE_REVOKES_PER_SECOND) spread(leases, nowMs + extendMs);
}

function spread(leases: readonly Lease[], startMs: number): void {
  const ascending = [...leases].sort((a, b) => a.expiryMs - b.expiryMs);
  const first = ascending[0];
  if (first === undefined) return;
  // A window holds the leases that would end within a second of its first; those beyond its share are put off.
  let windowStartMs = first.expiryMs;
  let windowEndMs = windowStartMs + WINDOW_MS;
  let count = 0;
  for (const lease of ascending) {
    const { expiryMs } = lease;
    if (expiryMs > windowEndMs) {
      windowStartMs = expiryMs;
      windowEndMs = windowStartMs + WINDOW_MS;
      count = 1;
      continue;
    }
    count += 1;
    if (count <= EXPIRIES_PER_SECOND) continue;
    // One that would end later anyway needs less delay.
    const delayMs = (WINDOW_MS * count) / EXPIRIES_PER_SECOND - (expiryMs - windowStartMs);
    windowEndMs = windowStartMs + delayMs;
    lease.expiryMs = startMs + secondsToServe(lease) * 1000 + delayMs;
  }
}
