/** What a holder was told of its lease's life, and how long that surely is by the world's clock. */

export interface LeasePromise {
  /** When the request was sent whose answer told it: the leader cannot have begun to count earlier. */
  readonly fromMs: number;
  readonly forMs: number;
}

/** The promise that reaches further. */
export function longerPromise(one: LeasePromise, other: LeasePromise): LeasePromise {
  return other.fromMs + other.forMs > one.fromMs + one.forMs ? other : one;
}

/**
 * @param clockErrorMax how much faster than the world's the clocks of members go at most, as a share. A leader measures the whole lease
 * with its own clock, also that part which was over before the lease was of any use.
 */
export function surelyLivesUntil({ fromMs, forMs }: LeasePromise, clockErrorMax: number): number {
  return fromMs + forMs * (1 - clockErrorMax);
}
