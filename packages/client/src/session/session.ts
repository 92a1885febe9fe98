/**
 * A lease under which several locks and candidacies stand: they are held together and lost together, at the price of one lease.
 */
import type { CallOptions } from "../calls.js";
import { Election, type ElectionParts } from "../election/election.js";
import type { Lease } from "../lease/lease.js";
import type { ValueCodec } from "../stm/transaction.js";
import { acquireLock, tryAcquireLock, type Lock, type LockRequest } from "../lock/lock.js";
import type { QueueParts } from "../lock/queue-place.js";
import { LocalQueue } from "./local-queue.js";

/** Seconds for which locks and leaderships outlive a client that has died, unless told otherwise. */
export const SESSION_TTL_SECONDS = 60;

export interface SessionOptions extends CallOptions {
  /** Seconds until what is held is given to others when this client has died. Default 60. */
  readonly ttlSeconds?: number;
}

/**
 * ```
 * await using session = await client.session({ ttlSeconds: 10 });
 * await using lock = await session.lock("jobs/7");
 * ```
 */
export class Session implements AsyncDisposable {
  readonly lease: Lease;
  readonly #parts: QueueParts;
  readonly #turns = new LocalQueue();

  /** @private Made by `client.session`. */
  constructor(parts: QueueParts, lease: Lease) {
    this.#parts = parts;
    this.lease = lease;
  }

  /** Aborted once when the session is lost or ended, with a `LeaseLostError`. */
  get lost(): AbortSignal {
    return this.lease.lost;
  }

  /**
   * Waits for a lock, and holds it under this session. Users of one session exclude each other too.
   * @throws what `client.lock` throws.
   */
  lock(name: string | Uint8Array, options: LockRequest = {}): Promise<Lock> {
    return acquireLock(this.#parts, { name, lease: this.lease, turns: this.#turns }, options);
  }

  /** The lock, if nobody has it; otherwise undefined, without waiting. */
  tryLock(name: string | Uint8Array, options: LockRequest = {}): Promise<Lock | undefined> {
    return tryAcquireLock(this.#parts, { name, lease: this.lease, turns: this.#turns }, options);
  }

  /** An election in which this session can be a candidate. */
  election<V>(name: string | Uint8Array, codec: ValueCodec<V>): Election<V> {
    const parts: ElectionParts = {
      ...this.#parts,
      session: () => Promise.resolve({ lease: this.lease, isOwn: false }),
    };
    return new Election(parts, name, codec);
  }

  /** Ends the session: all that is held under it is given up at once. */
  close(options: CallOptions = {}): Promise<void> {
    return this.lease.revoke(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lease[Symbol.asyncDispose]();
  }
}
