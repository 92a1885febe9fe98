/** What leases promise: nobody else gets the lock while the holder's lease lives, and a revoked lease does not come back. */
import { surelyLivesUntil } from "./lease-promise.js";
import type { Hold, Revival } from "./lock-load.js";

/** Until when nobody else may have the lock. */
export function surelyHeldUntil(
  { promise, releasedMs }: Pick<Hold, "promise" | "releasedMs">,
  clockErrorMax: number,
): number {
  return Math.min(releasedMs, surelyLivesUntil(promise, clockErrorMax));
}

/** @param clockErrorMax how much faster than the world's the clocks of members go at most, as a share. */
export function checkLocks(
  holds: readonly Hold[],
  revivals: readonly Revival[],
  clockErrorMax: number,
): string[] {
  const violations = revivals.map(
    ({ lease, revokedMs, renewedMs }) =>
      `lease ${lease.toString(16)} was revoked at ${revokedMs.toFixed(1)} ms and renewed at ${renewedMs.toFixed(1)} ms`,
  );
  const ordered = [...holds].sort((a, b) => a.fromMs - b.fromMs);
  for (const [i, hold] of ordered.entries()) {
    const next = ordered[i + 1];
    if (next === undefined) break;
    const surelyUntilMs = surelyHeldUntil(hold, clockErrorMax);
    if (next.fromMs >= surelyUntilMs) continue;
    violations.push(
      `client ${next.client} got the lock at ${next.fromMs.toFixed(1)} ms, while client ${hold.client} had it from ` +
        `${hold.fromMs.toFixed(1)} to ${surelyUntilMs.toFixed(1)} ms by lease ${hold.lease.toString(16)}`,
    );
  }
  return violations;
}
