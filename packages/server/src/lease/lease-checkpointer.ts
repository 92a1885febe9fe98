/** Stores what is left of long leases from time to time, as the primary, so that a change of leaders does not give them all again. */
import type { Lessor } from "@quorate/machine";
import type { LeaseProposals } from "./lease-proposals.js";
import { CHECKPOINTS_PER_ENTRY_MAX, CHECKPOINT_ENTRIES_PER_ROUND_MAX } from "./limits.js";

export class LeaseCheckpointer {
  readonly #lessor: Lessor;
  readonly #proposals: LeaseProposals;
  #isRunning = false;

  constructor(lessor: Lessor, proposals: LeaseProposals) {
    this.#lessor = lessor;
    this.#proposals = proposals;
  }

  /** One round: proposes the checkpoints that are due, one entry after the other. */
  async round(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let entry = 0; entry < CHECKPOINT_ENTRIES_PER_ROUND_MAX && this.#lessor.isPrimary; entry++) {
        const due = this.#lessor.takeCheckpoints(CHECKPOINTS_PER_ENTRY_MAX);
        if (due.length === 0) return;
        // One that fails is not proposed again: the lease merely lasts longer after a change of leaders.
        await this.#proposals.checkpoint(due);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
