/** Wires what concerns the cluster as a whole: changing the membership, its version, and what other members ask. */
import { createHash } from "node:crypto";
import { Identities } from "../api/auth/identities.js";
import type { MembershipAnswer } from "../api/ports/cluster-port.js";
import { NO_CREDENTIALS, type CredentialsPort } from "../api/ports/credentials-port.js";
import type { DatabaseDownload, SnapshotPort } from "../api/ports/snapshot-port.js";
import type { Digest } from "../api/snapshot-call.js";
import { failureText } from "../api/to-status.js";
import { ALARM_CORRUPT, NOBODY } from "@quorate/machine";
import { etcdserverpb, formatHexId } from "@quorate/proto";
import { CorruptionChecks } from "../cluster/corruption-checks.js";
import { CorruptionMonitor } from "../cluster/corruption-monitor.js";
import { MembershipOperations } from "../cluster/membership-operations.js";
import type { ClusterFacts, ProposePort } from "../cluster/ports.js";
import { encodeOldRequest, needsOldForm } from "../cluster/old-requests.js";
import { publishMember } from "../cluster/publisher.js";
import { VersionMonitor } from "../cluster/version-monitor.js";
import type { MemberVersions, VersionsByMember } from "../cluster/version-rules.js";
import { linearize } from "../cluster/waiting.js";
import { ProposalError, proposeEntry, proposeRequest } from "../member/internal-requests.js";
import type { PeerLocalPort } from "../peers/local-port.js";
import { RemoteFailure } from "../peers/remote.js";
import type { MemberConfig } from "./config/config.js";
import { computeMemberId } from "./member-ids.js";
import type { OpenMember } from "./open-member.js";
import { askPeerHashes } from "./peer-hashes.js";
import type { RemotePort } from "./world.js";

/** For each question about a version. */
const VERSION_TIMEOUT_MS = 1000;

export interface ClusterSide {
  readonly operations: MembershipOperations;
  readonly monitor: VersionMonitor;
  readonly corruption: CorruptionMonitor;
  /** Compares this member's data with the others', before anybody is served. @throws Error when they differ. */
  readonly checkAtStart: () => Promise<void>;
  /** Resolves once the cluster knows this member's name and client URLs; to false when the member stopped before. */
  readonly publish: () => Promise<boolean>;
  readonly snapshots: SnapshotPort;
  readonly local: PeerLocalPort;
}

export function createClusterSide(
  open: OpenMember,
  config: MemberConfig,
  onError: (error: unknown) => void,
  credentials: CredentialsPort = NO_CREDENTIALS,
): ClusterSide {
  const { facade, machine, member, transport } = open;
  const { cluster } = machine;
  const { clock, scheduler, remotes } = open.world;
  const propose: ProposePort = async (request) => {
    try {
      const versions = await knownServerVersions(open, config);
      if (!needsOldForm(versions)) await proposeRequest(member, request);
      else if ("downgradeInfoSet" in request) return "not-capable";
      else await proposeEntry(member, (id) => encodeOldRequest(request, id) ?? new Uint8Array(0));
      return undefined;
    } catch (error) {
      return error instanceof ProposalError ? error.failure : { unknown: String(error) };
    }
  };
  const facts: ClusterFacts = {
    memberId: facade.memberId,
    members: () => facade.members(),
    clusterVersion: () => cluster.version,
    get downgrade() {
      return cluster.downgrade;
    },
    get committedIndex() {
      return facade.committedIndex;
    },
    get appliedIndex() {
      return facade.appliedIndex;
    },
    awaitReadIndex: (waiter) => facade.awaitReadIndex(waiter),
  };
  const report = open.ports.report;
  const operations = new MembershipOperations({
    member: facts,
    leadership: member,
    changes: member,
    propose,
    forwardPromote: (urls, { id, token }, timeoutMs) => remotes.postPromote(urls, id, { timeoutMs, token }),
    activeSinceMs: (id) => transport.activeSinceMs(id),
    computeId: (peerUrls, unixSeconds) => computeMemberId(peerUrls, "", unixSeconds),
    clock,
    scheduler,
    report,
    onPromotion: (failure) =>
      open.meters.promotionTried(failure === undefined ? undefined : failureText(failure)),
    strictReconfigCheck: config.strictReconfigCheck,
    requestTimeoutMs: member.requestTimeoutMs,
    electionTimeoutMs: config.electionTicks * config.tickMs,
  });
  const monitor = new VersionMonitor({
    member: facts,
    leadership: member,
    fetchVersions: () => fetchAllVersions(open),
    propose,
    scheduler,
    report,
    downgradeCheckMs: config.downgradeCheckMs,
    onError,
  });
  const publish = (): Promise<boolean> =>
    publishMember({
      memberId: facade.memberId,
      clusterId: facade.clusterId,
      name: config.name,
      clientUrls: config.advertiseClientUrls.map((url) => url.text),
      propose,
      leadership: member,
      report,
      clock,
      scheduler,
    });
  const snapshots: SnapshotPort = {
    openDatabase: async (): Promise<DatabaseDownload> => {
      const file = await open.spool.open();
      return {
        sizeBytes: file.sizeBytes,
        version: file.storageVersion ?? "",
        chunks: file.chunks(),
        release: () => file.release(),
      };
    },
  };
  /** The asking member has looked whether its client may; this one looks itself, since it acts. */
  const promote = async (id: bigint, token: string | undefined): Promise<MembershipAnswer> => {
    const { auth } = facade;
    const identities = new Identities(auth, credentials);
    const caller = !auth.enabled || token === undefined ? NOBODY : await identities.ofToken(token);
    const refusal = caller === "invalid-auth-token" ? caller : auth.checkAdmin(caller);
    return refusal === undefined ? operations.promoteHere(id) : { kind: "failed", failure: refusal };
  };
  const local = createPeerLocal(open, promote, facts);
  const checks = createCorruptionChecks(open, facts);
  const corruption = new CorruptionMonitor({
    checks,
    leadership: member,
    scheduler,
    report,
    memberIdText: formatHexId(facade.memberId),
    peersEveryMs: config.corruptCheckMs,
    compactionsEveryMs: config.compactHashCheckMs,
  });
  const checkAtStart = async (): Promise<void> => {
    if (!(await checks.checkAtStart()))
      throw new Error(`${formatHexId(facade.memberId)} found data inconsistency with peers`);
  };
  return { operations, monitor, corruption, checkAtStart, publish, snapshots, local };
}

function createCorruptionChecks(open: OpenMember, facts: ClusterFacts): CorruptionChecks {
  const { facade, machine, member, ports, world } = open;
  const { storage, alarms, memberId } = facade;
  return new CorruptionChecks({
    memberId,
    hashNow: async () => {
      const answer = await storage.hashKv(0);
      if (typeof answer === "string") throw new Error(`no hash of the newest revision: ${answer}`);
      return answer;
    },
    revision: () => machine.store.revision,
    compactionHashes: () => storage.compactionHashes,
    askPeers: (revision) =>
      askPeerHashes({
        members: facade.members().filter(({ id }) => id !== memberId),
        question: { clusterId: facade.clusterId, revision },
        fetchHashKv: world.remotes.fetchHashKv,
        report: ports.report,
        timeoutMs: member.requestTimeoutMs,
      }),
    linearize: () => linearize(facts),
    raiseAlarm: (accused) => {
      // A check finds the same again every time, and the alarm says so already.
      if (alarms.list().some(({ type, memberId: id }) => type === ALARM_CORRUPT && id === accused)) return;
      const { AlarmRequest_AlarmAction: action, AlarmType: type } = etcdserverpb;
      const alarm = { action: action.ACTIVATE, memberID: accused, alarm: type.CORRUPT };
      proposeRequest(member, { alarm }).catch((error: unknown) => {
        ports.report.warn("failed to raise the alarm CORRUPT", { "member-id": formatHexId(accused), error });
      });
    },
    report: ports.report,
    requestTimeoutMs: member.requestTimeoutMs,
  });
}

async function fetchAllVersions({ facade, machine, world }: OpenMember): Promise<VersionsByMember> {
  const rows = machine.cluster.membership.list();
  const versions = await Promise.all(
    rows.map(({ id, peerUrls }) =>
      id === facade.memberId
        ? Promise.resolve({ server: facade.serverVersion, cluster: machine.cluster.version ?? "not_decided" })
        : versionsOf(world.remotes, peerUrls),
    ),
  );
  return new Map(rows.map(({ id }, i) => [id, versions[i]]));
}

/** Versions of the other members as far as they tell; before the log has said who they are, the flags do. */
async function knownServerVersions(
  { facade, machine, world }: OpenMember,
  config: MemberConfig,
): Promise<string[]> {
  const rows = machine.cluster.membership.list().filter(({ id }) => id !== facade.memberId);
  const urls =
    rows.length > 0
      ? rows.map(({ peerUrls }) => peerUrls)
      : [...config.initialCluster].filter(([name]) => name !== config.name).map(([, peerUrls]) => peerUrls);
  const versions = await Promise.all(urls.map((each) => versionsOf(world.remotes, each)));
  return versions.filter((version) => version !== undefined).map(({ server }) => server);
}

async function versionsOf(
  { fetchVersion }: RemotePort,
  peerUrls: readonly string[],
): Promise<MemberVersions | undefined> {
  for (const url of peerUrls) {
    const answer = await fetchVersion(url, { timeoutMs: VERSION_TIMEOUT_MS });
    if (!(answer instanceof RemoteFailure)) return answer;
  }
  return undefined;
}

/** What other members ask of this one over the peer port. */
function createPeerLocal(
  { facade, machine, leases }: OpenMember,
  promote: PeerLocalPort["promote"],
  facts: ClusterFacts,
): PeerLocalPort {
  return {
    memberId: facade.memberId,
    clusterId: facade.clusterId,
    serverVersion: facade.serverVersion,
    clusterVersion: () => machine.cluster.version,
    storageVersion: () => machine.cluster.version,
    members: () => facade.members(),
    promote,
    leases: leases.local,
    get committedIndex() {
      return facade.committedIndex;
    },
    get appliedIndex() {
      return facade.appliedIndex;
    },
    hashKv: async (revision) => {
      const answer = await facade.storage.hashKv(revision);
      return typeof answer === "string" ? answer : { ...answer, revision: machine.store.revision };
    },
    downgradeEnabled: async () => {
      const failure = await linearize(facts);
      if (failure !== undefined) throw new Error(typeof failure === "string" ? failure : failure.unknown);
      return facade.downgrade.enabled;
    },
  };
}

export function createSha256(): Digest {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest() };
}
