/** Maintenance.MoveLeader: leadership goes where an operator wants it. Source: operations 3.4. */
import { formatHexId } from "@quorate/proto";
import type { MemberFailure } from "../api/member-port.js";
import type { ReportPort } from "../member/ports.js";
import type { ClusterFacts, LeadershipPort } from "./ports.js";
import { pause, type Timers } from "./waiting.js";

/** How often it is looked whether leadership has moved. */
const POLL_MS = 10;

export interface LeadershipMoveParts extends Timers {
  readonly member: ClusterFacts;
  readonly leadership: LeadershipPort;
  readonly report: ReportPort;
  readonly requestTimeoutMs: number;
}

/** @returns why `target` does not lead now, or undefined. Moving leadership to where it is succeeds at once. */
export async function moveLeader(
  parts: LeadershipMoveParts,
  target: bigint,
): Promise<MemberFailure | undefined> {
  const { member, leadership, clock, report } = parts;
  if (!leadership.isLeader) return "not-leader";
  const transferee = member.members().find(({ id }) => id === target);
  if (transferee === undefined || transferee.isLearner) return "bad-leader-transferee";
  const fields = {
    "local-member-id": formatHexId(member.memberId),
    "old-leader-member-id": formatHexId(leadership.leader),
    "transferee-member-id": formatHexId(target),
  };
  report.info("leadership transfer starting", fields);
  const startedMs = clock.monotonicMs();
  leadership.transferLeader(target);
  while (leadership.leader !== target) {
    if (leadership.stopped) return "stopped";
    if (clock.monotonicMs() - startedMs >= parts.requestTimeoutMs) return "timeout-leader-transfer";
    await pause(parts, POLL_MS);
  }
  report.info("leadership transfer finished", {
    ...fields,
    took: `${Math.round(clock.monotonicMs() - startedMs)}ms`,
  });
  return undefined;
}
