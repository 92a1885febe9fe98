/**
 * Waits until what is committed is applied, so that a lease that was granted a moment ago is known here. Waiters share one
 * timer, which runs only while somebody waits.
 */
import type { MemberPort } from "../api/member-port.js";
import type { ClockPort, SchedulerPort } from "../member/ports.js";
import { APPLY_POLL_MS, APPLY_WAIT_MS } from "./limits.js";

export interface CatchUpParts {
  readonly member: Pick<MemberPort, "committedIndex" | "appliedIndex">;
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
}

interface Waiter {
  readonly index: number;
  readonly deadlineMs: number;
  readonly resolve: (caughtUp: boolean) => void;
}

export class CatchUp {
  readonly #parts: CatchUpParts;
  /** As many as there are callers; their deadlines ascend. */
  #waiters: Waiter[] = [];

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** Resolves to false when what is committed now was not applied within `APPLY_WAIT_MS`. */
  wait(): Promise<boolean> {
    const { member, clock } = this.#parts;
    const index = member.committedIndex;
    if (member.appliedIndex >= index) return Promise.resolve(true);
    return new Promise((resolve) => {
      this.#waiters.push({ index, deadlineMs: clock.monotonicMs() + APPLY_WAIT_MS, resolve });
      if (this.#waiters.length === 1) this.#schedule();
    });
  }

  #schedule(): void {
    this.#parts.scheduler.after(APPLY_POLL_MS, () => {
      this.#look();
    });
  }

  #look(): void {
    const { member, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const { appliedIndex } = member;
    this.#waiters = this.#waiters.filter(({ index, deadlineMs, resolve }) => {
      if (appliedIndex < index && nowMs < deadlineMs) return true;
      resolve(appliedIndex >= index);
      return false;
    });
    if (this.#waiters.length > 0) this.#schedule();
  }
}
