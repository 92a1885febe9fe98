/** Renewals of expired leases, which wait for their revocation: it may have been decided already, so they must not win. */
import type { QueueLevel } from "../member/queue-limits.js";
import { RENEWALS_WAITING_MAX } from "./limits.js";

export class RevocationWaits {
  readonly #waiting = new Map<bigint, (() => void)[]>();
  #count = 0;

  levels(): readonly QueueLevel[] {
    return [{ name: "RENEWALS_WAITING_MAX", held: this.#count, limit: RENEWALS_WAITING_MAX }];
  }

  /** Resolves when the lease is revoked or leadership is lost; undefined when too many wait. */
  wait(id: bigint): Promise<void> | undefined {
    if (this.#count >= RENEWALS_WAITING_MAX) return undefined;
    this.#count += 1;
    return new Promise((resolve) => {
      const others = this.#waiting.get(id);
      if (others === undefined) this.#waiting.set(id, [resolve]);
      else others.push(resolve);
    });
  }

  onRevoked(id: bigint): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#count -= waiting.length;
    for (const resolve of waiting) resolve();
  }

  /** Leadership was lost or all leases were replaced: everybody looks again. */
  wakeAll(): void {
    for (const id of [...this.#waiting.keys()]) this.onRevoked(id);
  }
}
