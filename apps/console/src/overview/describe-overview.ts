import type { consolepb } from "@quorate/proto";

/** Everything in an overview that a person would call a change; figures that move all the time are left out. */
export function describeOverview(overview: consolepb.GetOverviewResponse): string {
  const members = overview.members.map(({ member, status, error, refused }) => [
    String(member?.ID),
    member?.name,
    member?.isLearner,
    member?.clientURLs,
    member?.peerURLs,
    error,
    refused,
    status?.version,
    String(status?.leader),
    String(status?.raftTerm),
    status?.isLearner,
    status?.errors,
  ]);
  const { hasQuorum, error, authOffered, authEnabled, leaderId, alarms } = overview;
  return JSON.stringify([
    members,
    hasQuorum,
    error,
    authOffered,
    authEnabled,
    String(leaderId),
    alarms.length,
  ]);
}
