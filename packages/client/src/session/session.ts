/**
 * A lease under which several locks and candidacies stand: they are held together and lost together, at the price of one lease.
 */
import type { CallOptions } from "../calls.js";
import { codecOrText, type WithCodec } from "../codec/codec.js";
import { Election, type SessionElectionOptions } from "../election/election.js";
import type { Key } from "../kv/key-range.js";
import type { Lease } from "../lease/lease.js";
import { acquireLock, tryAcquireLock, type Lock, type LockRequest } from "../lock/lock.js";
import { LocalQueue } from "./local-queue.js";
import type { Store } from "./store.js";

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
  readonly #store: Store;
  readonly #turns = new LocalQueue();

  /** @private Made by `client.session`. */
  constructor(store: Store, lease: Lease) {
    this.#store = store;
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
  lock(name: Key, options: LockRequest = {}): Promise<Lock> {
    return acquireLock(this.#store, { name, lease: this.lease, turns: this.#turns }, options);
  }

  /** The lock, if nobody has it; otherwise undefined, without waiting. */
  tryLock(name: Key, options: LockRequest = {}): Promise<Lock | undefined> {
    return tryAcquireLock(this.#store, { name, lease: this.lease, turns: this.#turns }, options);
  }

  /** An election in which this session can be a candidate. */
  election<V>(name: Key, options: SessionElectionOptions<V> & WithCodec<V>): Election<V>;
  /** The same for text. */
  election(name: Key, options?: SessionElectionOptions<string>): Election<string>;
  election<V>(name: Key, options: SessionElectionOptions<V> = {}): Election<V> {
    const lease = (): Promise<{ lease: Lease; isOwn: boolean }> =>
      Promise.resolve({ lease: this.lease, isOwn: false });
    return new Election(this.#store, name, { lease, codec: codecOrText(options.as) });
  }

  /** Ends the session: all that is held under it is given up at once. */
  close(options: CallOptions = {}): Promise<void> {
    return this.lease.revoke(options);
  }

  /** Ends the session. A server that can't be reached is no error: the lease runs out by itself. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.lease[Symbol.asyncDispose]();
  }
}
