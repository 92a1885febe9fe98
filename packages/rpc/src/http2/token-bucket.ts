/**
 * A stock of allowances: taking costs, good behaviour and time give back.
 *
 * The clock is read only when the stock looks empty, so that the common case is one subtraction.
 * Invariant: 0 <= stock <= burst.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #stock: number;
  #refilledAtMs: number;

  /** @param nowMs monotonic clock in milliseconds. */
  constructor(burst: number, perSecond: number, nowMs: () => number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#stock = burst;
    this.#refilledAtMs = nowMs();
  }

  /** @returns false when the stock is empty even after what time gave back. */
  take(): boolean {
    if (this.#stock >= 1) {
      this.#stock -= 1;
      return true;
    }
    const now = this.#nowMs();
    this.give(((now - this.#refilledAtMs) / 1000) * this.#perSecond);
    this.#refilledAtMs = now;
    if (this.#stock < 1) return false;
    this.#stock -= 1;
    return true;
  }

  give(count: number): void {
    this.#stock = Math.min(this.#burst, this.#stock + count);
  }
}
