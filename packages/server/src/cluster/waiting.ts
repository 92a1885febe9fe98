/** Waiting, over ports. */
import type { MemberFailure } from "../api/member-port.js";
import type { ClockPort, SchedulerPort } from "../member/ports.js";
import type { ClusterFacts } from "./ports.js";

export interface Timers {
  readonly clock: Pick<ClockPort, "monotonicMs">;
  readonly scheduler: Pick<SchedulerPort, "after">;
}

export function pause({ scheduler }: Pick<Timers, "scheduler">, ms: number): Promise<void> {
  return new Promise((resolve) => void scheduler.after(ms, resolve));
}

/** Everything that was acknowledged before is visible here. @returns why not, or undefined. */
export function linearize(member: Pick<ClusterFacts, "awaitReadIndex">): Promise<MemberFailure | undefined> {
  return new Promise((resolve) => {
    member.awaitReadIndex({ onReady: () => resolve(undefined), onFailed: resolve });
  });
}

/** How long a promotion waits for what is committed to be applied. Source: etcd `applyTimeout`. */
export const APPLY_WAIT_MAX_MS = 1000;
const APPLY_POLL_MS = 10;

/** Waits until what is committed now has been applied. @returns false when that took too long. */
export async function waitUntilApplied(
  member: Pick<ClusterFacts, "committedIndex" | "appliedIndex">,
  timers: Timers,
): Promise<boolean> {
  const { committedIndex } = member;
  const deadlineMs = timers.clock.monotonicMs() + APPLY_WAIT_MAX_MS;
  while (member.appliedIndex < committedIndex) {
    if (timers.clock.monotonicMs() >= deadlineMs) return false;
    await pause(timers, APPLY_POLL_MS);
  }
  return true;
}
