/** How transactions of `client.stm` interfere with others, and how they are run. */
import type { CallOptions } from "../calls.js";

/**
 * - `serializable-snapshot`: all reads are of one revision, and at the commit no key that was read *or written* may have changed
 *   since. The default.
 * - `serializable`: all reads are of one revision, and no key that was read may have changed since.
 * - `repeatable-reads`: a key that is read twice has the same value; keys may be of different revisions. At the commit none of
 *   them may have changed.
 * - `read-committed`: nothing is checked at the commit.
 *
 * Source: etcd `client/v3/concurrency`.
 */
export type Isolation = "serializable-snapshot" | "serializable" | "repeatable-reads" | "read-committed";

/** For programs without types. */
export const ISOLATIONS: ReadonlySet<Isolation> = new Set([
  "serializable-snapshot",
  "serializable",
  "repeatable-reads",
  "read-committed",
]);

/** Of one software transaction. */
export interface StmOptions extends CallOptions {
  /** Default `serializable-snapshot`. */
  readonly isolation?: Isolation;
  /** Keys that will surely be read: they are fetched in one round trip before the function begins. */
  readonly prefetch?: readonly (string | Uint8Array)[];
  /** Attempts before `StmConflictError`. Default 100. */
  readonly attemptsMax?: number;
}

/** Attempts of a software transaction, unless it says otherwise. */
export const STM_ATTEMPTS_MAX = 100;

/** Others changed what the transaction read at every one of its attempts. Nothing was written. */
export class StmConflictError extends Error {
  override readonly name = "StmConflictError";
  readonly attempts: number;

  constructor(attempts: number) {
    super(`the transaction met a conflict at each of ${attempts} attempts`);
    this.attempts = attempts;
  }
}

/** What a transaction that was committed came to. */
export interface StmOutcome<T> {
  /** What the function returned. */
  readonly result: T;
  /** Of the store at the commit; for a transaction that wrote nothing, of what it read. */
  readonly revision: bigint;
  /** 1 when there was no conflict. */
  readonly attempts: number;
}
