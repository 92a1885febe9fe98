/**
 * Locks: at most one holder in the cluster, as long as its lease lives.
 *
 * A holder that stalls longer than its lease may not know yet that another has the lock. So whatever a lock protects should compare
 * fencing tokens, or be written in a transaction with `lock.guard`.
 */
import type { CallOptions } from "../calls.js";
import type { Lease } from "../lease/lease.js";
import type { LocalQueue } from "../session/local-queue.js";
import type { Store } from "../session/store.js";
import type { Condition } from "../txn/conditions.js";
import { onAbort } from "../session/on-abort.js";
import { decodeText } from "../codec/text.js";
import { keyBytes, type Key } from "../kv/key-range.js";
import { nameOf } from "../session/key-name.js";
import {
  enterQueue,
  Hold,
  LEAVE_MAX_MS,
  reachFront,
  WaitTime,
  withDeadline,
  type WaitOptions,
} from "./hold.js";
import { leavePlace, placed } from "./queue-place.js";

/** How long a lock is waited for, and what others see of its holder. */
export interface LockRequest extends WaitOptions {
  /** What others see as the value of the lock's key, such as who holds it. Default: empty. */
  readonly value?: string | Uint8Array;
}

/** Whose lock it is to be. */
export interface LockOwner {
  readonly name: Key;
  readonly lease: Lease;
  /** Where users of one session wait for each other. */
  readonly turns: LocalQueue;
  /** The lease is for this lock alone, and is revoked with it. */
  readonly ownsLease?: boolean;
  /** Of a wait that has begun before, with the grant of the lease; otherwise that of the request begins. */
  readonly time?: WaitTime;
}

/** The reason of `lost` after `unlock`. */
export class UnlockedError extends Error {
  override readonly name = "UnlockedError";

  constructor(label: string) {
    super(`"${label}" was unlocked`);
  }
}

/**
 * A lock that is held.
 *
 * ```
 * await using lock = await client.lock("jobs/7");
 * await work({ signal: lock.lost, token: lock.fencingToken });
 * ```
 */
export class Lock implements AsyncDisposable {
  /** Of the lock, as it was asked for. */
  readonly name: string;
  readonly leaseId: bigint;
  readonly #store: Store;
  readonly #owner: LockOwner;
  readonly #hold: Hold;
  readonly #leave: () => void;
  #unlocking: Promise<void> | undefined;

  /** @private Made by `client.lock` and `session.lock`. */
  constructor(store: Store, owner: LockOwner, hold: Hold, leave: () => void) {
    this.name = labelOf(owner.name);
    this.leaseId = owner.lease.id;
    this.#store = store;
    this.#owner = owner;
    this.#hold = hold;
    this.#leave = leave;
    // Users of the session that wait must not wait for a lock that is gone; for one that is being given up they wait until it is,
    // because the server takes two places of one lease for the same.
    onAbort(hold.lost, () => {
      if (!(hold.lost.reason instanceof UnlockedError)) leave();
    });
  }

  /** The key that stands for the lock while it is held. */
  get key(): Uint8Array {
    return this.#hold.place.key;
  }

  /**
   * Grows with every holder of this lock: a store that has seen a higher one refuses what comes with a lower one. It is the creation
   * revision of `key`.
   */
  get fencingToken(): bigint {
    return this.#hold.place.revision;
  }

  /**
   * Aborted once when the lock must not be relied on any more: with a `LeaseLostError`, an `OwnershipLostError` when somebody has
   * deleted its key, or an `UnlockedError` after `unlock`.
   */
  get lost(): AbortSignal {
    return this.#hold.lost;
  }

  /** The comparison for transactions that must only take effect while the lock is held. */
  get guard(): Condition {
    return placed(this.#hold.place);
  }

  /** @throws the reason of `lost` when it is lost. */
  assertHeld(): void {
    this.lost.throwIfAborted();
  }

  /** Gives the lock to the next in the queue. A lock that is lost already is no error. May be called again. */
  unlock(options: CallOptions = {}): Promise<void> {
    this.#unlocking ??= this.#unlock(options).catch((error: unknown) => {
      this.#unlocking = undefined;
      throw error;
    });
    return this.#unlocking;
  }

  /** Unlocks. A server that can't be reached is not waited for long, and is no error: the lease runs out by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.unlock({ timeoutMs: LEAVE_MAX_MS }).catch(() => undefined);
  }

  async #unlock(options: CallOptions): Promise<void> {
    const { lease, ownsLease = false } = this.#owner;
    this.#hold.end(new UnlockedError(this.name));
    try {
      if (ownsLease) await lease.revoke(options);
      else await leavePlace(this.#store, this.#hold.place, options);
    } finally {
      this.#leave();
    }
  }
}

/**
 * @throws AcquireTimeoutError, what a call rejects with that finds nobody to ask, the reason of the signal, `LeaseLostError` or
 * `OwnershipLostError` when the place in the queue was lost while waiting.
 */
export async function acquireLock(store: Store, owner: LockOwner, request: LockRequest): Promise<Lock> {
  const label = labelOf(owner.name);
  const turn = nameOf(keyBytes(owner.name));
  const { lease, turns, time = new WaitTime(request.timeoutMs) } = owner;
  return withDeadline(store, { label, lease, time }, request.signal, async (wait) => {
    const { signal } = wait;
    if (turns.isBusy(turn)) wait.taken();
    const leave = await turns.enter(turn, signal);
    try {
      const value = keyBytes(request.value ?? "");
      const { place, isFirst } = await enterQueue(store, { ...owner, value }, wait);
      if (!isFirst) await reachFront(store, { name: owner.name, label }, place, signal);
      return new Lock(store, owner, new Hold(store, { label, lease, place }), leave);
    } catch (error) {
      leave();
      throw error;
    }
  });
}

/** @returns undefined when somebody else has it, which others may find in the queue for a moment. */
export async function tryAcquireLock(
  store: Store,
  owner: LockOwner,
  request: LockRequest,
): Promise<Lock | undefined> {
  const label = labelOf(owner.name);
  const turn = nameOf(keyBytes(owner.name));
  const { lease, turns, time = new WaitTime(request.timeoutMs) } = owner;
  if (turns.isBusy(turn)) return undefined;
  return withDeadline(store, { label, lease, time }, request.signal, async (wait) => {
    const leave = await turns.enter(turn, wait.signal);
    try {
      const value = keyBytes(request.value ?? "");
      const { place, isFirst } = await enterQueue(store, { ...owner, value }, wait);
      if (isFirst) return new Lock(store, owner, new Hold(store, { label, lease, place }), leave);
      // Not under the signal: whoever gives up leaves nothing in the queue either.
      await leavePlace(store, place, { timeoutMs: LEAVE_MAX_MS });
      leave();
      return undefined;
    } catch (error) {
      leave();
      throw error;
    }
  });
}

/** How errors name it. @throws TypeError for what is no key. */
export function labelOf(name: Key): string {
  return typeof name === "string" ? name : decodeText(keyBytes(name));
}
