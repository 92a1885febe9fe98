/** Failures of locks and leaderships. */

/** The reason of `lock.lost` and `leadership.lost` when its key is gone although the lease is there: somebody has deleted it. */
export class OwnershipLostError extends Error {
  override readonly name = "OwnershipLostError";
  /** Of the lock or the election. */
  readonly queue: string;

  constructor(queue: string) {
    super(`the key that holds "${queue}" was deleted by somebody else`);
    this.queue = queue;
  }
}

/** Others had the lock, or led, for all of the time that was given. Nothing is left in the queue. */
export class AcquireTimeoutError extends Error {
  override readonly name = "AcquireTimeoutError";
  readonly queue: string;
  readonly timeoutMs: number;

  constructor(queue: string, timeoutMs: number) {
    super(`"${queue}" was not free within ${timeoutMs} ms`);
    this.queue = queue;
    this.timeoutMs = timeoutMs;
  }
}
