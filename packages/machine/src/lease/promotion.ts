/**
 * Expiries under a new leader. All leases start again at the same moment, so those of one length would end at the same moment
 * too; when there are many, they are spread so that revocations keep up.
 *
 * Lengths are whole seconds and there are few different ones, so leases are put in order by their length without comparing
 * them with each other: a change of leaders with many leases must not stop everything else.
 * Source: kv-watch-lease 8.7.
 */
import { secondsToServe, type Lease } from "./lease.js";

/** Revocations per second that a leader makes (etcd). */
export const LEASE_REVOKES_PER_SECOND = 1000;
/** Fewer may end in one second, so that a heap of expired leases still shrinks meanwhile (etcd). */
const EXPIRIES_PER_SECOND: number = (3 * LEASE_REVOKES_PER_SECOND) / 4;
const WINDOW_MS = 1000;

/** One change of leadership, in steps: first all leases are looked at, then each is given its end, the next ones first. */
export class Promotion {
  readonly #startMs: number;
  readonly #leases: Iterator<Lease>;
  readonly #bySeconds = new Map<number, Lease[]>();
  #count = 0;
  /** Once all are looked at: those of one length each, ascending. */
  #groups: readonly Lease[][] | undefined;
  #group = 0;
  #place = 0;
  // A window holds the leases that would end within a second of its first; those beyond its share are put off.
  #windowStartMs = -Infinity;
  #windowEndMs = -Infinity;
  #windowCount = 0;

  /**
   * @param leases may grow and shrink between the steps.
   * @param extendMs makes up for the time without a leader.
   */
  constructor(leases: Iterator<Lease>, nowMs: number, extendMs: number) {
    this.#leases = leases;
    this.#startMs = nowMs + extendMs;
  }

  /** When a lease ends if it is not put off: until it was given its end, it has this one. */
  earliestExpiryMs(lease: Lease): number {
    return this.#startMs + secondsToServe(lease) * 1000;
  }

  /**
   * Goes on with up to `budgetCount` leases.
   * @param setExpiry is told the ends, about ascending.
   * @returns whether there is more to do.
   */
  step(budgetCount: number, setExpiry: (lease: Lease, expiryMs: number) => void): boolean {
    let budget = budgetCount;
    while (this.#groups === undefined) {
      if (budget <= 0) return true;
      budget -= this.#look(budget);
    }
    const groups = this.#groups;
    for (; this.#group < groups.length; this.#group += 1, this.#place = 0) {
      const alike = groups[this.#group] ?? [];
      for (; this.#place < alike.length; this.#place += 1, budget -= 1) {
        if (budget <= 0) return true;
        const lease = alike[this.#place] as Lease;
        setExpiry(lease, this.#spread(this.earliestExpiryMs(lease)));
      }
    }
    return false;
  }

  /** @returns how many leases were looked at, at least 1. */
  #look(budget: number): number {
    for (let looked = 1; looked <= budget; looked += 1) {
      const next = this.#leases.next();
      if (next.done === true) {
        const lengths = Float64Array.from(this.#bySeconds.keys()).sort();
        this.#groups = Array.from(lengths, (seconds) => this.#bySeconds.get(seconds) ?? []);
        return looked;
      }
      this.#count += 1;
      const seconds = secondsToServe(next.value);
      const alike = this.#bySeconds.get(seconds);
      if (alike === undefined) this.#bySeconds.set(seconds, [next.value]);
      else alike.push(next.value);
    }
    return budget;
  }

  #spread(expiryMs: number): number {
    if (this.#count < LEASE_REVOKES_PER_SECOND) return expiryMs;
    if (expiryMs > this.#windowEndMs) {
      this.#windowStartMs = expiryMs;
      this.#windowEndMs = expiryMs + WINDOW_MS;
      this.#windowCount = 1;
      return expiryMs;
    }
    this.#windowCount += 1;
    if (this.#windowCount <= EXPIRIES_PER_SECOND) return expiryMs;
    // One that would end later anyway needs less delay.
    const delayMs = (WINDOW_MS * this.#windowCount) / EXPIRIES_PER_SECOND - (expiryMs - this.#windowStartMs);
    this.#windowEndMs = this.#windowStartMs + delayMs;
    return expiryMs + delayMs;
  }
}
