/** Making a voter of a learner: the leader decides, everybody else asks it. Source: operations 2.4. */
import type { MemberFailure } from "../api/member-port.js";
import type { MembershipAnswer } from "../api/ports/cluster-port.js";
import type { ClusterFacts, ConfChangePort, ForwardPromotePort, LeadershipPort } from "./ports.js";
import { refusePromote, refuseUnreadyLearner, type ClusterSight } from "./reconfiguration-checks.js";
import { pause, waitUntilApplied, type Timers } from "./waiting.js";

/** Between two attempts to reach the leader. */
const FORWARD_RETRY_MS = 100;

export interface PromotionParts extends Timers {
  readonly member: ClusterFacts;
  readonly changes: ConfChangePort;
  readonly sight: () => ClusterSight;
  readonly strictReconfigCheck: boolean;
}

/** @returns why the learner can't be promoted from here; `not-leader` when another member is to be asked. */
export async function refusePromotionHere(
  parts: PromotionParts,
  id: bigint,
): Promise<MemberFailure | undefined> {
  const { member, changes, sight, strictReconfigCheck } = parts;
  if (!(await waitUntilApplied(member, parts))) return "timeout-wait-applied-index";
  const matchIndexes = changes.matchIndexes();
  if (matchIndexes === undefined) return "not-leader";
  const unready = refuseUnreadyLearner(matchIndexes, member.memberId, id);
  if (unready !== undefined) return unready;
  return strictReconfigCheck ? refusePromote(sight()) : undefined;
}

export interface ForwardingParts extends Timers {
  readonly member: ClusterFacts;
  readonly leadership: LeadershipPort;
  readonly forwardPromote: ForwardPromotePort;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
}

/** Failures that asking again would not change. */
const DEFINITE: ReadonlySet<MemberFailure> = new Set<MemberFailure>([
  "learner-not-ready",
  "member-not-found",
  "member-not-learner",
]);

/** Asks the leader until it has answered for good, or the request timeout is over. */
export async function forwardPromotion(
  parts: ForwardingParts,
  wish: Parameters<ForwardPromotePort>[1],
): Promise<MembershipAnswer> {
  const { clock, leadership, forwardPromote } = parts;
  const deadlineMs = clock.monotonicMs() + parts.requestTimeoutMs;
  for (;;) {
    const leaderUrls = await findLeaderUrls(parts, deadlineMs);
    if (leaderUrls === undefined) return failed(leadership.stopped ? "stopped" : "no-leader");
    const answer = await forwardPromote(leaderUrls, wish, deadlineMs - clock.monotonicMs());
    if (isMembers(answer)) return { kind: "done", members: answer, id: wish.id };
    if (typeof answer === "string" && DEFINITE.has(answer)) return failed(answer);
    if (clock.monotonicMs() + FORWARD_RETRY_MS >= deadlineMs) return failed("timeout");
    await pause(parts, FORWARD_RETRY_MS);
  }
}

/** @returns undefined when there is no leader until the deadline, or none that could be asked. */
async function findLeaderUrls(
  parts: ForwardingParts,
  deadlineMs: number,
): Promise<readonly string[] | undefined> {
  const { member, leadership, clock, electionTimeoutMs } = parts;
  for (;;) {
    if (leadership.stopped) return undefined;
    const leader = member.members().find(({ id }) => id === leadership.leader);
    if (leader !== undefined) return leader.peerUrls.length === 0 ? undefined : leader.peerUrls;
    const leftMs = deadlineMs - clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    await pause(parts, Math.min(electionTimeoutMs, leftMs));
  }
}

function isMembers<T>(answer: readonly T[] | object | string): answer is readonly T[] {
  return Array.isArray(answer);
}

function failed(failure: MemberFailure): MembershipAnswer {
  return { kind: "failed", failure };
}
