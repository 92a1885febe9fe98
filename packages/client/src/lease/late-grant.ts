/**
 * Grants that may be given up. A server may grant a lease whose answer nobody waits for any more: that lease would live until its time
 * is over, and be counted and listed meanwhile.
 */
import type { CallOptions } from "../calls.js";
import { startTimer } from "../connection/timeout.js";
import { waitFor } from "../connection/wait-for.js";
import { QuorateError } from "../errors/errors.js";

/** For the late answer to a grant that was given up, and then again for the revocation. */
export const GIVE_UP_MAX_MS = 2000;

export interface RevocableGrant {
  /** @returns the seconds that were granted. */
  readonly grant: (options: CallOptions) => Promise<number>;
  readonly revoke: (options: CallOptions) => Promise<void>;
}

/**
 * As `grant`, which the caller's signal ends at once for the caller only. The call itself goes on for a while: a revocation that overtook
 * it would be of a lease that is not there yet. It happens in the background, and a server that can't be reached lets the lease run out.
 */
export async function grantOrTakeBack(lease: RevocableGrant, options: CallOptions): Promise<number> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  const givenUp = new AbortController();
  const granting = lease.grant({ timeoutMs, signal: givenUp.signal });
  try {
    return await waitFor(granting, { signal });
  } catch (error) {
    if (signal?.aborted === true || isUncertain(error)) void takeBack(lease, granting, givenUp);
    throw error;
  }
}

/** A refusal says that nothing was granted. */
function isUncertain(error: unknown): boolean {
  return error instanceof QuorateError && error.retry !== "none";
}

async function takeBack(
  lease: RevocableGrant,
  granting: Promise<number>,
  givenUp: AbortController,
): Promise<void> {
  const endTimer = startTimer(GIVE_UP_MAX_MS, () => givenUp.abort(new Error("the grant was given up")));
  await granting.catch(() => undefined);
  endTimer();
  await lease.revoke({ timeoutMs: GIVE_UP_MAX_MS }).catch(() => undefined);
}
