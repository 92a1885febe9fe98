/** The answer of an overview as the screen speaks of members. */
import { formatHexId } from "@quorate/proto";
import type { consolepb, etcdserverpb } from "@quorate/proto";
import type { NamedSeat } from "./consequence.js";

export interface MemberView extends NamedSeat {
  /** The name, or the id in hex before the member has started. */
  readonly label: string;
  readonly hexId: string;
  /** `unstarted`: added, but never seen running; `refusing`: it answers, but does not tell this console. */
  readonly state: "well" | "leaderless" | "refusing" | "silent" | "unstarted";
  readonly status: etcdserverpb.StatusResponse | undefined;
  /** Why it is not well, in words. */
  readonly error: string;
  readonly latencyMs: number;
  /** 0 when unknown. */
  readonly uptimeSeconds: number;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly alarms: readonly etcdserverpb.AlarmType[];
}

export interface ClusterView {
  readonly members: readonly MemberView[];
  readonly leader: MemberView | undefined;
  /** Raft index of the leader, or the highest that anybody told; 0 when nobody did. */
  readonly leaderIndex: number;
  readonly term: bigint;
}

export function viewCluster(overview: consolepb.GetOverviewResponse): ClusterView {
  const indexes = overview.members.map((one) => Number(one.status?.raftIndex ?? 0n));
  const leading = overview.members.find((one) => isLeader(one, overview));
  const leaderIndex = Number(leading?.status?.raftIndex ?? 0n) || Math.max(0, ...indexes);
  const members = overview.members.map((one) => viewMember(one, overview, leaderIndex));
  return {
    members,
    leader: members.find((member) => member.leader),
    leaderIndex,
    term: overview.members.reduce(
      (most, { status }) => (status && status.raftTerm > most ? status.raftTerm : most),
      0n,
    ),
  };
}

function viewMember(
  one: consolepb.MemberOverview,
  overview: consolepb.GetOverviewResponse,
  leaderIndex: number,
): MemberView {
  const { member, status } = one;
  const id = member?.ID ?? 0n;
  const name = member?.name ?? "";
  const hexId = formatHexId(id);
  return {
    id,
    name,
    hexId,
    label: name === "" ? hexId : name,
    learner: member?.isLearner ?? false,
    healthy: status !== undefined || one.refused,
    leader: isLeader(one, overview),
    lagEntries: status === undefined ? undefined : Math.max(0, leaderIndex - Number(status.raftIndex)),
    state: stateOf(one),
    status,
    error: one.error === "" && status !== undefined ? status.errors.join("; ") : one.error,
    latencyMs: one.latencyMs,
    uptimeSeconds: one.uptimeSeconds,
    peerUrls: member?.peerURLs ?? [],
    clientUrls: member?.clientURLs ?? [],
    alarms: overview.alarms.filter((alarm) => alarm.memberID === id).map((alarm) => alarm.alarm),
  };
}

function stateOf({ member, status, refused }: consolepb.MemberOverview): MemberView["state"] {
  if (status !== undefined)
    return status.errors.some((text) => text.includes("no leader")) ? "leaderless" : "well";
  if (refused) return "refusing";
  return (member?.name ?? "") === "" ? "unstarted" : "silent";
}

/** A member that is gone may still be what the others last knew as their leader. */
function isLeader(one: consolepb.MemberOverview, overview: consolepb.GetOverviewResponse): boolean {
  return overview.leaderId !== 0n && one.member?.ID === overview.leaderId && one.status !== undefined;
}

/** Shares of the quota that a member's store takes, 0..1; absent when the member tells no quota. */
export interface StoreUse {
  readonly inUseBytes: number;
  readonly fileBytes: number;
  readonly quotaBytes: number;
}

export function storeUse(status: etcdserverpb.StatusResponse): StoreUse {
  return {
    inUseBytes: Number(status.dbSizeInUse),
    fileBytes: Number(status.dbSize),
    quotaBytes: Number(status.dbSizeQuota),
  };
}

/** What `--initial-cluster` of a new member has to say, for a member that is added as `name` with these addresses. */
export function initialCluster(
  members: readonly MemberView[],
  name: string,
  peerUrls: readonly string[],
): string {
  const others = members.flatMap((member) =>
    member.name === "" ? [] : member.peerUrls.map((url) => `${member.name}=${url}`),
  );
  return [...others, ...peerUrls.map((url) => `${name}=${url}`)].join(",");
}

/** Addresses as they were typed, one a line or separated by commas. @returns what is wrong with them, or the list. */
export function parsePeerUrls(
  text: string,
): { readonly urls: readonly string[] } | { readonly problem: string } {
  const urls = text.split(/[\s,]+/).filter((part) => part !== "");
  if (urls.length === 0)
    return { problem: "Where will the others reach it? For example http://10.0.0.4:2380." };
  for (const url of urls) {
    if (!/^https?:\/\/[^/\s]+:\d{1,5}\/?$/.test(url)) {
      return { problem: `${url} is not an address like http://10.0.0.4:2380.` };
    }
  }
  return { urls: urls.map((url) => url.replace(/\/$/, "")) };
}
