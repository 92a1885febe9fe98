/** Holders of one lock, and what they wrote under its protection. */
import type { LeasePromise } from "../lease-promise.js";

export interface FencedHold {
  readonly client: number;
  readonly lease: bigint;
  /** The revision at which the holder's key was made: it grows from holder to holder. */
  readonly token: number;
  readonly fromMs: number;
  /** How long the lease lives, as of the last answer. */
  promise: LeasePromise;
  /** When the holder began to let go. */
  releasedMs: number;
}

export interface FencedWrite {
  readonly client: number;
  readonly token: number;
  /** `refused`: the holder's key was not there any more. */
  readonly outcome: "ok" | "refused" | "failed" | "unknown";
  readonly revision: number | undefined;
  readonly startMs: number;
  readonly endMs: number;
}
