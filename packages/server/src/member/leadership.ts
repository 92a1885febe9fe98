/** Giving leadership away, and getting an early start: what a member does about leadership besides following raft. */
import { formatHexId } from "@quorate/proto";
import type { Member } from "./member.js";
import type { ClockPort, ReportPort, SchedulerPort } from "./ports.js";

/** How often it is looked whether leadership has moved. */
const POLL_MS = 10;
/** How often, and for how long, a member that starts looks for its peers. Source: etcd `advanceTicks`. */
const ADVANCE_POLL_MS = 50;
const ADVANCE_WAIT_MAX_MS = 5000;

export interface Voter {
  readonly id: bigint;
  /** Monotonic milliseconds; undefined when it can't be reached. */
  readonly activeSinceMs: number | undefined;
}

export interface HandoverParts {
  readonly member: Pick<Member, "isLeader" | "leader" | "transferLeader">;
  readonly memberId: bigint;
  /** The voters besides this member. */
  readonly others: readonly Voter[];
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
  readonly timeoutMs: number;
}

/** Hands leadership to the voter that has been connected longest; a member that does not lead has nothing to do. */
export async function handOverLeadership(parts: HandoverParts): Promise<void> {
  const { member, others, report } = parts;
  const id = formatHexId(parts.memberId);
  if (!member.isLeader) {
    report.info("skipped leadership transfer; local server is not leader", {
      "local-member-id": id,
      "current-leader-member-id": formatHexId(member.leader),
    });
    return;
  }
  if (others.length === 0) {
    report.info("skipped leadership transfer for single voting member cluster", { "local-member-id": id });
    return;
  }
  const target = longestConnected(others);
  if (target === undefined) {
    report.warn("leadership transfer failed", { "local-member-id": id, reason: "unhealthy cluster" });
    return;
  }
  const fields = { "local-member-id": id, "transferee-member-id": formatHexId(target) };
  report.info("leadership transfer starting", fields);
  const startedMs = parts.clock.monotonicMs();
  if (await moveLeadership(parts, target)) {
    const took = `${Math.round(parts.clock.monotonicMs() - startedMs)}ms`;
    report.info("leadership transfer finished", { ...fields, took });
  } else report.warn("leadership transfer failed", { ...fields, reason: "timed out" });
}

/** @returns whether `target` leads now. */
export async function moveLeadership(
  parts: Pick<HandoverParts, "member" | "clock" | "scheduler" | "timeoutMs">,
  target: bigint,
): Promise<boolean> {
  const { member, clock } = parts;
  const deadlineMs = clock.monotonicMs() + parts.timeoutMs;
  member.transferLeader(target);
  while (member.leader !== target) {
    if (clock.monotonicMs() >= deadlineMs) return false;
    await pause(parts.scheduler, POLL_MS);
  }
  return true;
}

function longestConnected(voters: readonly Voter[]): bigint | undefined {
  let best: Voter | undefined;
  for (const voter of voters) {
    const since = voter.activeSinceMs;
    if (since !== undefined && since < (best?.activeSinceMs ?? Infinity)) best = voter;
  }
  return best?.id;
}

export interface TickAdvanceParts {
  readonly member: Pick<Member, "leader" | "advanceTicks" | "stopped">;
  readonly electionTicks: number;
  /** How many other members can be reached. */
  readonly activeCount: () => number;
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
}

/**
 * Lets the election timer of a member that has just started run ahead once it sees its peers, but for two ticks, in which a living
 * leader has time to show itself.
 */
export async function advanceTicksAtStart(parts: TickAdvanceParts): Promise<void> {
  const { member, clock, scheduler, report } = parts;
  const deadlineMs = clock.monotonicMs() + ADVANCE_WAIT_MAX_MS;
  while (clock.monotonicMs() < deadlineMs) {
    await pause(scheduler, ADVANCE_POLL_MS);
    if (member.stopped || member.leader !== 0n) return;
    const active = parts.activeCount();
    if (active > 1) {
      const ticks = parts.electionTicks - 2;
      report.info("initialized peer connections; fast-forwarding election ticks", {
        "forward-ticks": ticks,
        "active-remote-members": active,
      });
      member.advanceTicks(ticks);
      return;
    }
  }
}

function pause(scheduler: SchedulerPort, ms: number): Promise<void> {
  return new Promise((resolve) => void scheduler.after(ms, resolve));
}
