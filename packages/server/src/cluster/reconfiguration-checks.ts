/**
 * Whether a change of the membership can be risked, as the member that was asked sees it. These checks are made before a change is
 * proposed and depend on who is connected, so they are not replicated; what every member must agree on is checked again at apply.
 *
 * Words: voters are the members that are not learners; a member is started once it has published its name; it is connected when its
 * link has been up for `HEALTHY_LINK_MS`, and this member always is. Source: operations 2.3, 2.4.
 */
import type { ErrorName } from "@quorate/proto";
import type { MemberRow } from "../api/member-port.js";

/** How long a link must have been up to count. Source: etcd `HealthInterval`. */
export const HEALTHY_LINK_MS = 5000;
/** Part of the leader's log that a learner must have to be promoted. */
export const READY_LOG_SHARE = 0.9;

export interface ClusterSight {
  readonly memberId: bigint;
  readonly members: readonly MemberRow[];
  readonly nowMs: number;
  /** Monotonic milliseconds since which the link to a member has been up; undefined while it is down. */
  activeSinceMs(id: bigint): number | undefined;
}

export function refuseAdd(sight: ClusterSight, isLearner: boolean): ErrorName | undefined {
  const voters = votersOf(sight);
  const started = startedCount(voters);
  // A lone member may always get a second one: that is how a cluster is rebuilt from a backup.
  const isLone = voters.length === 1 && started === 1;
  if (!isLearner && !isLone && started < quorum(voters.length + 1)) return "member-not-enough-started";
  // The newcomer counts as down.
  if (voters.length > 1 && connectedCount(sight, voters) < quorum(voters.length + 1)) return "unhealthy";
  return undefined;
}

/** An unknown member is judged as a voter; that there is none with this id shows at apply. */
export function refuseRemove(sight: ClusterSight, id: bigint): ErrorName | undefined {
  if (sight.members.some((member) => member.id === id && member.isLearner)) return undefined;
  const voters = votersOf(sight);
  const remaining = voters.filter((member) => member.id !== id);
  if (startedCount(remaining) < quorum(remaining.length)) return "member-not-enough-started";
  // One that is down is no part of the quorum that works now.
  if (id !== sight.memberId && sight.activeSinceMs(id) === undefined) return undefined;
  const needed = 1 + Math.floor((voters.length - 1) / 2);
  return connectedCount(sight, voters) - 1 < needed ? "unhealthy" : undefined;
}

/** The learner counts as started. */
export function refusePromote(sight: ClusterSight): ErrorName | undefined {
  const voters = votersOf(sight);
  return startedCount(voters) + 1 < quorum(voters.length + 1) ? "member-not-enough-started" : undefined;
}

/** @param matchIndexes the leader's view of how much of its log each member has. */
export function refuseUnreadyLearner(
  matchIndexes: ReadonlyMap<bigint, number>,
  leaderId: bigint,
  learnerId: bigint,
): ErrorName | undefined {
  const learner = matchIndexes.get(learnerId);
  if (learner === undefined) return "member-not-found";
  const share = learner / (matchIndexes.get(leaderId) ?? 0);
  return share < READY_LOG_SHARE ? "learner-not-ready" : undefined;
}

function quorum(count: number): number {
  return Math.floor(count / 2) + 1;
}

function votersOf({ members }: ClusterSight): MemberRow[] {
  return members.filter((member) => !member.isLearner);
}

function startedCount(members: readonly MemberRow[]): number {
  return members.filter((member) => member.name !== "").length;
}

function connectedCount(sight: ClusterSight, members: readonly MemberRow[]): number {
  return members.filter(({ id }) => id === sight.memberId || isConnected(sight, id)).length;
}

function isConnected(sight: ClusterSight, id: bigint): boolean {
  const since = sight.activeSinceMs(id);
  return since !== undefined && since < sight.nowMs - HEALTHY_LINK_MS;
}
