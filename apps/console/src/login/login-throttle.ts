/**
 * Slows down those who guess. After some failures an address has to wait, twice as long after each further one; and however many addresses
 * guess, few passwords are hashed at a time.
 */
import { isIPv6 } from "node:net";

/** Failures that cost nothing: a person mistypes. */
export const FREE_FAILURES = 5;
export const WAIT_MS_FIRST = 1000;
export const WAIT_MS_MAX: number = 5 * 60_000;
/** A failure is forgotten after this time. */
const FORGET_MS = 15 * 60_000;
/** Addresses remembered; beyond it the one that failed longest ago is forgotten. */
export const ADDRESSES_MAX = 10_000;
/** Passwords hashed at a time. */
export const TRIES_AT_ONCE_MAX = 4;

interface Failures {
  readonly count: number;
  readonly atMs: number;
}

export class LoginThrottle {
  readonly #failures = new Map<string, Failures>();
  readonly #nowMs: () => number;
  #trying = 0;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /**
   * Runs `attempt`, which tells whether the login was right. @returns its answer, or the milliseconds to wait before it may be tried.
   */
  async attempt(
    address: string,
    attempt: () => Promise<boolean>,
  ): Promise<{ ok: boolean } | { waitMs: number }> {
    const key = networkOf(address);
    const waitMs = this.#waitMs(key);
    if (waitMs > 0) return { waitMs };
    if (this.#trying >= TRIES_AT_ONCE_MAX) return { waitMs: WAIT_MS_FIRST };
    this.#trying += 1;
    // Counted before the answer is known, so that many tries at once are not one failure.
    this.#fail(key);
    try {
      const ok = await attempt();
      if (ok) this.#failures.delete(key);
      return { ok };
    } finally {
      this.#trying -= 1;
    }
  }

  #waitMs(key: string): number {
    const failures = this.#failures.get(key);
    if (failures === undefined) return 0;
    const sinceMs = this.#nowMs() - failures.atMs;
    if (sinceMs > FORGET_MS) {
      this.#failures.delete(key);
      return 0;
    }
    const excess = failures.count - FREE_FAILURES;
    if (excess < 0) return 0;
    return Math.max(0, Math.min(WAIT_MS_FIRST * 2 ** excess, WAIT_MS_MAX) - sinceMs);
  }

  #fail(key: string): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < ADDRESSES_MAX) break;
      this.#failures.delete(oldest);
    }
    this.#failures.set(key, { count, atMs: this.#nowMs() });
  }
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const tailGroups = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  return [...groups, ...Array.from({ length: zeros }, () => "0"), ...tailGroups].slice(0, 4).join(":");
}
