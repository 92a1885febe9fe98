/** Every member as it answers for itself, the silent ones too, gathered without leaving a trace in the log of the cluster. */
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import { Code } from "@connectrpc/connect";
import type { ClusterCalls } from "../clusters/cluster-calls.js";
import { MEMBER_TIMEOUT_MS } from "../clusters/member-directory.js";
import type { MemberDirectory } from "../clusters/member-directory.js";
import { mapBounded } from "../leases/map-bounded.js";
import { isWorthRetrying, toConnectError } from "../rpc/cluster-error.js";
import { describeSilence } from "./describe-silence.js";
import { readAlarms } from "./read-alarms.js";

/** What a member answers that checks who asks. */
const REFUSALS: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.Unauthenticated,
  Code.PermissionDenied,
]);
/** Members asked at a time: more than a cluster should have. */
const ASKED_AT_ONCE = 32;

export interface OverviewSources {
  readonly calls: ClusterCalls;
  readonly directory: MemberDirectory;
  /** Seconds since the member's process began; 0 when unknown. */
  readonly uptimeSeconds: (memberId: bigint) => number;
}

export async function gatherOverview(
  sources: OverviewSources,
  signal: AbortSignal,
): Promise<consolepb.GetOverviewResponse> {
  const { calls, directory } = sources;
  const [error, hasQuorum] = await Promise.all([refresh(directory, signal), readQuorum(calls, signal)]);
  const members = await mapBounded(directory.members, ASKED_AT_ONCE, (member) =>
    askMember(sources, member, signal),
  );
  const headers = members.flatMap(({ status }) => status?.header ?? []);
  return create(consolepb.GetOverviewResponseSchema, {
    members,
    alarms: readAlarms(members.flatMap(({ status }) => status?.errors ?? [])),
    clusterId: headers[0]?.clusterId ?? 0n,
    leaderId: leaderOf(members),
    revision: headers.reduce((most, { revision }) => (revision > most ? revision : most), 0n),
    hasQuorum,
    error,
    gatheredAtMs: BigInt(Date.now()),
  });
}

/** @returns why the list could not be read; empty when it was. */
async function refresh(directory: MemberDirectory, signal: AbortSignal): Promise<string> {
  try {
    await directory.refresh(signal);
    return "";
  } catch (error) {
    return describeSilence(toConnectError(error), "the endpoints that were configured");
  }
}

/** A linearizable read of a key that need not exist. A refusal is an answer too. */
async function readQuorum(calls: ClusterCalls, signal: AbortSignal): Promise<boolean> {
  try {
    await calls.unary(
      etcdserverpb.KV.method.range,
      { key: Uint8Array.of(0), keysOnly: true },
      { safety: "read", signal, timeoutMs: MEMBER_TIMEOUT_MS },
    );
    return true;
  } catch (error) {
    return !isWorthRetrying(error);
  }
}

async function askMember(
  { calls, directory, uptimeSeconds }: OverviewSources,
  member: etcdserverpb.Member,
  signal: AbortSignal,
): Promise<consolepb.MemberOverview> {
  const overview = create(consolepb.MemberOverviewSchema, { member });
  const endpoint = directory.endpointOf(member);
  if (endpoint === undefined) {
    overview.error = "The member has not started yet.";
    return overview;
  }
  const begun = performance.now();
  try {
    const status = await calls.unary(
      etcdserverpb.Maintenance.method.status,
      {},
      { safety: "read", signal, endpoint, timeoutMs: MEMBER_TIMEOUT_MS, requireLeader: false },
    );
    overview.latencyMs = performance.now() - begun;
    if (status.header !== undefined && status.header.memberId !== member.ID) {
      directory.forget(endpoint);
      overview.error = `Another member answers at ${endpoint}.`;
      return overview;
    }
    overview.status = status;
    overview.uptimeSeconds = uptimeSeconds(member.ID);
  } catch (error) {
    const failure = toConnectError(error);
    overview.refused = REFUSALS.has(failure.code);
    overview.error = describeSilence(failure, endpoint);
  }
  return overview;
}

/** Whom the answer of the highest term names. */
function leaderOf(members: readonly consolepb.MemberOverview[]): bigint {
  let [leader, term] = [0n, -1n];
  for (const { status } of members) {
    if (status !== undefined && status.leader !== 0n && status.raftTerm > term) {
      [leader, term] = [status.leader, status.raftTerm];
    }
  }
  return leader;
}
