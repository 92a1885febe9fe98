/**
 * Revokes leases that have expired, as the primary: a bounded number per round and in flight, so that fifty thousand that expire
 * in one second neither fill the log nor the event loop. What is not revoked stays expired and is taken again.
 *
 *     every round: expired leases --(at most 500)--> queue --(at most 16 in flight)--> log
 */
import type { Lessor } from "@quorate/machine";
import type { ClockPort } from "../member/ports.js";
import type { QueueLevel } from "../member/queue-limits.js";
import type { LeadershipCheck } from "./leadership-check.js";
import type { LeaseProposals } from "./lease-proposals.js";
import { REVOKES_IN_FLIGHT_MAX, REVOKES_PER_ROUND_MAX, ROUND_WORK_MS_MAX } from "./limits.js";

/** Leases looked at between two looks at the clock. */
const TAKEN_AT_ONCE = 50;

export interface LeaseRevokerParts {
  readonly lessor: Lessor;
  readonly proposals: LeaseProposals;
  readonly leadership: LeadershipCheck;
  readonly clock: ClockPort;
  /** A revocation that has not come through by then is proposed again. */
  readonly retryMs: number;
}

export class LeaseRevoker {
  readonly #parts: LeaseRevokerParts;
  /** Taken and not proposed: at most `REVOKES_PER_ROUND_MAX`. */
  #queue: bigint[] = [];
  #inFlightCount = 0;
  #isAsking = false;

  constructor(parts: LeaseRevokerParts) {
    this.#parts = parts;
  }

  /** Revocations proposed and not yet settled. */
  get inFlightCount(): number {
    return this.#inFlightCount;
  }

  levels(): readonly QueueLevel[] {
    return [
      { name: "REVOKES_PER_ROUND_MAX", held: this.#queue.length, limit: REVOKES_PER_ROUND_MAX },
      { name: "REVOKES_IN_FLIGHT_MAX", held: this.#inFlightCount, limit: REVOKES_IN_FLIGHT_MAX },
    ];
  }

  /** One round. Resolves when its revocations are on their way, or leadership could not be confirmed. */
  async round(): Promise<void> {
    const { lessor, leadership } = this.#parts;
    if (!lessor.isPrimary) {
      this.#queue = [];
      return;
    }
    if (this.#isAsking) return;
    const leads = leadership.ensure();
    if (leads !== true) {
      this.#isAsking = true;
      const confirmed = await leads;
      this.#isAsking = false;
      if (!confirmed) return;
    }
    this.#take();
    this.#pump();
  }

  #take(): void {
    const { lessor, clock, retryMs } = this.#parts;
    const endMs = clock.monotonicMs() + ROUND_WORK_MS_MAX;
    while (this.#queue.length < REVOKES_PER_ROUND_MAX && clock.monotonicMs() < endMs) {
      const room = Math.min(TAKEN_AT_ONCE, REVOKES_PER_ROUND_MAX - this.#queue.length);
      const expired = lessor.takeExpired(room, retryMs);
      if (expired.length === 0) return;
      this.#queue.push(...expired);
    }
  }

  #pump(): void {
    const { lessor, proposals } = this.#parts;
    while (this.#inFlightCount < REVOKES_IN_FLIGHT_MAX) {
      const id = this.#queue.shift();
      if (id === undefined) return;
      // Revoked by a client, or this member no longer leads.
      if (!lessor.isExpired(id)) continue;
      this.#inFlightCount += 1;
      proposals.revoke(id, () => {
        this.#inFlightCount -= 1;
        this.#pump();
      });
    }
  }
}
