/**
 * Getting to the front of a queue and staying there: what locks and leaderships have in common.
 */
import { checkTimeout, startTimer } from "../connection/timeout.js";
import type { Lease } from "../lease/lease.js";
import type { Key } from "../kv/key-range.js";
import type { Store } from "../session/store.js";
import { linkSignals, type LinkedSignal } from "../session/linked-signal.js";
import { AcquireTimeoutError, OwnershipLostError } from "./lock-errors.js";
import {
  dropKey,
  leavePlace,
  placeKey,
  takePlace,
  waitForFront,
  waitUntilGone,
  type QueuePlace,
  type TakenPlace,
} from "./queue-place.js";

/** For giving up a place that was waited for in vain, or held until now; a server that can't be reached lets the lease run out. */
export const LEAVE_MAX_MS = 2000;

/** How long a lock or a leadership is waited for. */
export interface WaitOptions {
  /** Ends the wait; it rejects with the signal's reason, and nothing is left in the queue. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds to wait, then AcquireTimeoutError. Default: as long as it takes. When they are over before the cluster has said
   * whether it is free, the wait ends as calls do: with UnavailableError or DeadlineError.
   */
  readonly timeoutMs?: number | undefined;
}

/** The time of one wait, which its steps share. */
export class WaitTime {
  readonly totalMs: number | undefined;
  readonly #endMs: number;

  /** Begins now. @throws TypeError for a time that is no number. */
  constructor(totalMs: number | undefined) {
    this.totalMs = checkTimeout(totalMs);
    this.#endMs = performance.now() + (totalMs ?? Infinity);
  }

  /** Undefined for no limit: calls have their own then. */
  get leftMs(): number | undefined {
    return this.totalMs === undefined ? undefined : Math.max(0, this.#endMs - performance.now());
  }
}

/** One wait that is under way. */
export interface Wait {
  readonly signal: AbortSignal;
  /** The calls that find out whether it is free get what is left of the time, and tell themselves why it was not enough. */
  readonly leftMs: () => number | undefined;
  /** Somebody has it: from here on it is the end of the time that ends the wait. */
  readonly taken: () => void;
}

/** What is waited for. */
export interface WaitedFor {
  readonly label: string;
  readonly lease?: Lease;
  readonly time?: WaitTime;
}

/** Runs `run` under a signal that aborts with the caller's, the lease's loss, the client's end, or the time of what is taken. */
export async function withDeadline<T>(
  { calls }: Store,
  { label, lease, time }: WaitedFor,
  callerSignal: AbortSignal | undefined,
  run: (wait: Wait) => Promise<T>,
): Promise<T> {
  const linked = linkSignals([callerSignal, lease?.lost, calls.closed]);
  let isTaken = false;
  let isOver = false;
  const giveUp = (): void => {
    if (isTaken && isOver) linked.abort(new AcquireTimeoutError(label, time?.totalMs ?? 0));
  };
  const endTimer = startTimer(time?.leftMs, () => {
    isOver = true;
    giveUp();
  });
  const taken = (): void => {
    isTaken = true;
    giveUp();
  };
  try {
    linked.signal.throwIfAborted();
    return await run({ signal: linked.signal, leftMs: () => time?.leftMs, taken });
  } catch (error) {
    // Whatever way the call ended, the reason that was given for it is the better story.
    linked.signal.throwIfAborted();
    throw error;
  } finally {
    endTimer();
    linked.unlink();
  }
}

/** Takes a place; when it is not known whether that happened, makes sure that it is not kept. */
export async function enterQueue(
  store: Store,
  queue: { readonly name: Key; readonly lease: Lease; readonly value: Uint8Array },
  { signal, leftMs, taken }: Wait,
): Promise<TakenPlace> {
  const { name, lease, value } = queue;
  try {
    const options = { signal, timeoutMs: leftMs() };
    const place = await takePlace(store, { name, leaseId: lease.id, value }, options);
    if (!place.isFirst) taken();
    return place;
  } catch (error) {
    await dropKey(store, placeKey(name, lease.id), { timeoutMs: LEAVE_MAX_MS }).catch(() => undefined);
    throw error;
  }
}

/** Waits until the place is in front; gives it up when that fails. */
export async function reachFront(
  store: Store,
  queue: { readonly name: Key; readonly label: string },
  place: QueuePlace,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (!(await waitForFront(store, queue.name, place, signal))) throw new OwnershipLostError(queue.label);
  } catch (error) {
    await leavePlace(store, place, { timeoutMs: LEAVE_MAX_MS }).catch(() => undefined);
    throw error;
  }
}

/** Looks after a place in front: its signal aborts once, when the lease is lost or the key deleted. */
export class Hold {
  readonly place: QueuePlace;
  readonly #linked: LinkedSignal;

  constructor(
    store: Store,
    held: { readonly label: string; readonly lease: Lease; readonly place: QueuePlace },
  ) {
    this.place = held.place;
    this.#linked = linkSignals([held.lease.lost, store.calls.closed]);
    void this.#watch(store, held.label);
  }

  get lost(): AbortSignal {
    return this.#linked.signal;
  }

  /** It is given up on purpose: nothing is reported from here on, but whoever asks sees that it is over. */
  end(reason: unknown): void {
    this.#linked.abort(reason);
  }

  /** Somebody deleted the key, as a comparison has shown. */
  deleted(label: string): void {
    this.#linked.abort(new OwnershipLostError(label));
  }

  async #watch(store: Store, label: string): Promise<void> {
    try {
      await waitUntilGone(store, this.place, this.#linked.signal);
      this.#linked.abort(new OwnershipLostError(label));
    } catch {
      // It was given up, or the server refuses the watch: that says nothing about the place, and the lease still does.
    }
  }
}
