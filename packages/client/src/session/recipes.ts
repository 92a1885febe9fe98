/** All recipes of one client or namespace, on what carries its calls and its watches. */
import type { CallOptions } from "../calls.js";
import { codecOrText, type Codec } from "../codec/codec.js";
import { Election, type SessionElectionOptions } from "../election/election.js";
import type { Key } from "../kv/key-range.js";
import type { Lease } from "../lease/lease.js";
import { Leases } from "../lease/leases.js";
import { WaitTime, withDeadline } from "../lock/hold.js";
import {
  acquireLock,
  labelOf,
  tryAcquireLock,
  type Lock,
  type LockOwner,
  type LockRequest,
} from "../lock/lock.js";
import { runStm } from "../stm/run-stm.js";
import type { StmOptions, StmOutcome } from "../stm/stm-options.js";
import type { StmTransaction } from "../stm/transaction.js";
import { LocalQueue } from "./local-queue.js";
import { Session, SESSION_TTL_SECONDS, type SessionOptions } from "./session.js";
import type { Store } from "./store.js";

/** Of a lock with a lease of its own. */
export interface LockOptions extends LockRequest {
  /** Seconds until others get the lock when this client has died. Default 60. */
  readonly ttlSeconds?: number;
}

/** Of an election whose candidates have leases of their own. */
export interface ElectionOptions<V> extends SessionElectionOptions<V> {
  /** Seconds until others can lead when a leading client has died. Default 60. */
  readonly ttlSeconds?: number;
}

/** Each method is the one of `Client` with its name. */
export class Recipes {
  readonly leases: Leases;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    this.leases = new Leases(store.calls, store.keyspace);
  }

  async session({ ttlSeconds = SESSION_TTL_SECONDS, ...options }: SessionOptions = {}): Promise<Session> {
    return new Session(this.#store, await this.leases.grant(ttlSeconds, options));
  }

  lock(name: Key, options: LockOptions = {}): Promise<Lock> {
    return this.#lockWith(name, options, acquireLock);
  }

  tryLock(name: Key, options: LockOptions = {}): Promise<Lock | undefined> {
    return this.#lockWith(name, options, tryAcquireLock);
  }

  /** Under a lease of its own. The time that is given is for the lease and the lock together. */
  async #lockWith<T extends Lock | undefined>(
    name: Key,
    { ttlSeconds = SESSION_TTL_SECONDS, timeoutMs, signal: wanted, ...request }: LockOptions,
    acquire: (store: Store, owner: LockOwner, request: LockRequest) => Promise<T>,
  ): Promise<T> {
    return withDeadline(this.#store, { label: labelOf(name) }, wanted, async ({ signal }) => {
      const time = new WaitTime(timeoutMs);
      const lease = await this.leases.grant(ttlSeconds, { signal, timeoutMs: time.leftMs });
      const owner = { name, lease, turns: new LocalQueue(), ownsLease: true, time };
      let lock: T | undefined;
      try {
        lock = await acquire(this.#store, owner, { ...request, signal });
        return lock;
      } finally {
        if (lock === undefined) await lease[Symbol.asyncDispose]();
      }
    });
  }

  election<V>(name: Key, options: ElectionOptions<V> = {}): Election<V> {
    const { as, ttlSeconds = SESSION_TTL_SECONDS } = options;
    const lease = async (callOptions: CallOptions): Promise<{ lease: Lease; isOwn: boolean }> => ({
      lease: await this.leases.grant(ttlSeconds, callOptions),
      isOwn: true,
    });
    return new Election(this.#store, name, { lease, codec: codecOrText(as) });
  }

  stm<T, V>(
    codec: Codec<V>,
    body: (tx: StmTransaction<V>) => Promise<T> | T,
    options: StmOptions = {},
  ): Promise<StmOutcome<T>> {
    return runStm(this.#store, codec, body, options);
  }
}
