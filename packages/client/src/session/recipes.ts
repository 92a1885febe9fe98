/** All recipes of one client, on what carries its calls and its watches. */
import type { CallOptions, Calls } from "../calls.js";
import { Election } from "../election/election.js";
import { Leases } from "../lease/leases.js";
import type { WaitOptions } from "../lock/hold.js";
import { acquireLock, tryAcquireLock, type Lock, type LockOwner, type LockRequest } from "../lock/lock.js";
import { runStm } from "../stm/run-stm.js";
import type { StmOptions, StmOutcome } from "../stm/stm-options.js";
import type { StmTransaction, ValueCodec } from "../stm/transaction.js";
import type { KeyEvents } from "./key-events.js";
import { LocalQueue } from "./local-queue.js";
import { Session, SESSION_TTL_SECONDS, type SessionOptions } from "./session.js";

export interface LockOptions extends LockRequest {
  /** Seconds until others get the lock when this client has died. Default 60. */
  readonly ttlSeconds?: number;
}

export interface ElectionOptions<V> {
  /** Of what leaders proclaim. */
  readonly codec: ValueCodec<V>;
  /** Seconds until others can lead when a leading client has died. Default 60. */
  readonly ttlSeconds?: number;
}

export class Recipes {
  readonly leases: Leases;
  readonly #calls: Calls;
  readonly #events: KeyEvents;

  constructor(calls: Calls, events: KeyEvents) {
    this.#calls = calls;
    this.#events = events;
    this.leases = new Leases(calls);
  }

  async session({ ttlSeconds = SESSION_TTL_SECONDS, ...options }: SessionOptions = {}): Promise<Session> {
    const lease = await this.leases.grant(ttlSeconds, options);
    return new Session(this.#parts, lease);
  }

  async lock(name: string | Uint8Array, { ttlSeconds, ...request }: LockOptions = {}): Promise<Lock> {
    const owner = await this.#ownerOf(name, ttlSeconds, request);
    try {
      return await acquireLock(this.#parts, owner, request);
    } catch (error) {
      await owner.lease[Symbol.asyncDispose]();
      throw error;
    }
  }

  async tryLock(
    name: string | Uint8Array,
    { ttlSeconds, ...request }: LockOptions = {},
  ): Promise<Lock | undefined> {
    const owner = await this.#ownerOf(name, ttlSeconds, request);
    let lock: Lock | undefined;
    try {
      lock = await tryAcquireLock(this.#parts, owner, request);
      return lock;
    } finally {
      if (lock === undefined) await owner.lease[Symbol.asyncDispose]();
    }
  }

  election<V>(name: string | Uint8Array, options: ElectionOptions<V>): Election<V> {
    const { codec, ttlSeconds = SESSION_TTL_SECONDS } = options;
    const session = async (
      callOptions: CallOptions,
    ): Promise<{ lease: Awaited<ReturnType<Leases["grant"]>>; isOwn: boolean }> => ({
      lease: await this.leases.grant(ttlSeconds, callOptions),
      isOwn: true,
    });
    return new Election({ ...this.#parts, session }, name, codec);
  }

  stm<T, V>(
    codec: ValueCodec<V>,
    body: (tx: StmTransaction<V>) => Promise<T> | T,
    options: StmOptions = {},
  ): Promise<StmOutcome<T>> {
    return runStm(this.#calls, codec, body, options);
  }

  get #parts(): { readonly calls: Calls; readonly events: KeyEvents } {
    return { calls: this.#calls, events: this.#events };
  }

  /** A lease for one lock. Its grant counts as part of the wait, except for the timeout, which is the wait's own. */
  async #ownerOf(
    name: string | Uint8Array,
    ttlSeconds: number = SESSION_TTL_SECONDS,
    { signal }: WaitOptions = {},
  ): Promise<LockOwner> {
    const lease = await this.leases.grant(ttlSeconds, { signal });
    return { name, lease, turns: new LocalQueue(), ownsLease: true };
  }
}
