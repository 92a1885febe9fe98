/** A lease that this client holds: a promise of the server to remove what is attached to it once the client is gone. */
import type { CallOptions } from "../calls.js";
import type { KeepAlives, KeptLease } from "./keep-alives.js";
import { LeaseLostError, type LeaseLoss } from "./lease-errors.js";
import type { LeaseTimes, Leases } from "./leases.js";

/** For the revocation that leaves a scope; a server that can't be reached lets the lease run out by itself. */
const DISPOSE_MAX_MS = 2000;

/** What the server said when the lease was granted or taken over. */
export interface LeaseTerm {
  readonly id: bigint;
  readonly ttlSeconds: number;
  /** When the request that started this time was sent, on the clock of `performance.now()`. */
  readonly sentMs: number;
  readonly renews: boolean;
}

/**
 * Renewed in the background until it is revoked, released or lost.
 *
 * ```
 * await using lease = await client.leases.grant(10);
 * await client.put("workers/7", "ready", { lease });
 * ```
 *
 * Leaving the scope revokes it, and with it all keys that are attached to it.
 */
export class Lease implements AsyncDisposable {
  readonly id: bigint;
  /** Seconds the server granted, which may be more than was asked for. */
  readonly ttlSeconds: number;
  readonly #leases: Leases;
  readonly #keepAlives: KeepAlives;
  readonly #kept: KeptLease;
  readonly #lost = new AbortController();
  #isRevoked = false;

  /** @private Leases are made by `Leases`. */
  constructor(leases: Leases, keepAlives: KeepAlives, term: LeaseTerm) {
    this.id = term.id;
    this.ttlSeconds = term.ttlSeconds;
    this.#leases = leases;
    this.#keepAlives = keepAlives;
    const ttlMs = term.ttlSeconds * 1000;
    this.#kept = {
      id: term.id,
      ttlMs,
      deadlineMs: term.sentMs + ttlMs,
      onLost: (loss) => this.#lose(loss),
    };
    keepAlives.add(this.#kept, term.renews);
  }

  /**
   * Aborted once, with a `LeaseLostError`, when the lease must not be relied on any more: the server has said that it is gone, it
   * could not be renewed in time, or this client has ended it. Pass it to whatever depends on the lease.
   */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Milliseconds for which the lease is certainly there; 0 once it is lost. */
  get remainingMs(): number {
    return this.#lost.signal.aborted ? 0 : Math.max(0, this.#kept.deadlineMs - performance.now());
  }

  /** @throws LeaseLostError when it is lost. */
  assertHeld(): void {
    this.#lost.signal.throwIfAborted();
  }

  /** What the server says about it now. */
  timeToLive(options: CallOptions & { readonly keys?: boolean } = {}): Promise<LeaseTimes> {
    return this.#leases.timeToLive(this.id, options);
  }

  /** Renews it now, beyond what happens in the background. @throws LeaseLostError when the server does not have it any more. */
  async renew(options: CallOptions = {}): Promise<number> {
    this.assertHeld();
    const sentMs = performance.now();
    const ttlSeconds = await this.#leases.renew(this.id, options);
    this.#keepAlives.renewed(this.id, sentMs, ttlSeconds);
    return ttlSeconds;
  }

  /** Removes the lease and all keys attached to it. A lease that is gone already is no error. May be called again. */
  async revoke(options: CallOptions = {}): Promise<void> {
    if (this.#isRevoked) return;
    this.release();
    await this.#leases.revoke(this.id, options);
    this.#isRevoked = true;
  }

  /** Stops renewing without revoking: keys stay until the time has run out, or for whoever attaches the lease meanwhile. */
  release(): void {
    this.#keepAlives.remove(this.#kept);
    this.#lose("ended");
  }

  /** Revokes it. A server that can't be reached is not waited for long, and is no error: the lease runs out by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.revoke({ timeoutMs: DISPOSE_MAX_MS }).catch(() => undefined);
  }

  #lose(loss: LeaseLoss): void {
    if (loss === "expired") this.#isRevoked = true;
    if (!this.#lost.signal.aborted) this.#lost.abort(new LeaseLostError(this.id, loss));
  }
}
