/**
 * What the version of the cluster is to be, from what its members run. Decided by the leader and put into the log; the clocks and
 * questions around it are in `version-monitor`. Source: raft-peers-formats 7.5, 7.6.
 */
import {
  CLUSTER_VERSION_MIN,
  compareVersions,
  formatSemanticVersion,
  isOneMinorBelow,
  lineOf,
  parseSemanticVersion,
  type SemanticVersion,
} from "./semantic-version.js";

/** What a member says of itself. */
export interface MemberVersions {
  /** As `3.7.1`. */
  readonly server: string;
  /** As `3.7.0`, or `not_decided`. */
  readonly cluster: string;
}

/** By member, this one included; undefined for one that did not answer. */
export type VersionsByMember = ReadonlyMap<bigint, MemberVersions | undefined>;

export interface DowngradeState {
  readonly enabled: boolean;
  /** As `3.6.0`; empty when not enabled. */
  readonly targetVersion: string;
}

export interface VersionFacts {
  /** As `3.7.0`; undefined before the first decision. */
  readonly clusterVersion: string | undefined;
  readonly downgrade: DowngradeState;
  readonly versions: VersionsByMember;
}

export type VersionDecision =
  | { readonly kind: "keep" }
  | { readonly kind: "set"; readonly version: string }
  /** The target is not one minor below the cluster's version, or not one below the oldest member's. */
  | { readonly kind: "invalid-downgrade"; readonly reason: string };

const KEEP: VersionDecision = { kind: "keep" };

export function decideClusterVersion(facts: VersionFacts): VersionDecision {
  const oldest = oldestServer(facts.versions);
  const current = facts.clusterVersion === undefined ? undefined : parseSemanticVersion(facts.clusterVersion);
  // Something must be decided, or nobody could join: the lowest will do until all have answered.
  if (current === undefined) return set(oldest ?? CLUSTER_VERSION_MIN);
  if (oldest === undefined) return KEEP;
  if (facts.downgrade.enabled) return decideDowngrade(current, oldest, facts.downgrade.targetVersion);
  const isRise = oldest.major === current.major && oldest.minor > current.minor;
  return isRise ? set(oldest) : KEEP;
}

function decideDowngrade(
  current: SemanticVersion,
  oldest: SemanticVersion,
  targetText: string,
): VersionDecision {
  const target = parseSemanticVersion(targetText);
  if (target === undefined) return { kind: "invalid-downgrade", reason: `the target is "${targetText}"` };
  if (compareVersions(target, current) === 0) return KEEP;
  if (!isOneMinorBelow(current, target)) {
    return { kind: "invalid-downgrade", reason: `the cluster version is ${formatSemanticVersion(current)}` };
  }
  if (!isOneMinorBelow(oldest, target)) {
    return { kind: "invalid-downgrade", reason: `the oldest member runs ${formatSemanticVersion(oldest)}` };
  }
  return set(target);
}

function set(version: SemanticVersion): VersionDecision {
  return { kind: "set", version: formatSemanticVersion(lineOf(version)) };
}

/** Undefined unless all members have answered with something readable. */
function oldestServer(versions: VersionsByMember): SemanticVersion | undefined {
  let oldest: SemanticVersion | undefined;
  for (const answer of versions.values()) {
    const version = answer === undefined ? undefined : parseSemanticVersion(answer.server);
    if (version === undefined) return undefined;
    if (oldest === undefined || compareVersions(version, oldest) < 0) oldest = version;
  }
  return oldest;
}

/** Whether every member runs the line that the cluster is being downgraded to. */
export function isDowngradeDone(versions: VersionsByMember, targetText: string): boolean {
  const target = parseSemanticVersion(targetText);
  if (target === undefined) return false;
  for (const answer of versions.values()) {
    const version = answer === undefined ? undefined : parseSemanticVersion(answer.server);
    if (version === undefined || compareVersions(lineOf(version), lineOf(target)) !== 0) return false;
  }
  return true;
}

/**
 * A server may be newer than its cluster, never older: it would misread what the others write. To be asked at start, after a database
 * from the leader was installed, and whenever a cluster version is applied. @returns what is wrong; the member must stop then.
 */
export function refuseServerVersion(
  serverVersion: string,
  clusterVersion: string | undefined,
): string | undefined {
  const server = parseSemanticVersion(serverVersion);
  const cluster = clusterVersion === undefined ? undefined : parseSemanticVersion(clusterVersion);
  if (server === undefined || cluster === undefined || compareVersions(lineOf(server), cluster) >= 0)
    return undefined;
  return (
    "invalid downgrade; server version is lower than determined cluster version " +
    `(current-server-version: ${formatSemanticVersion(lineOf(server))}, determined-cluster-version: ${clusterVersion})`
  );
}

export type DowngradeRefusal =
  | "wrong-downgrade-version-format"
  | "cluster-version-unavailable"
  | "invalid-downgrade-target-version"
  | "downgrade-in-process";

/** Reads the version of a request, `3.6` or `3.6.2`. @returns `3.6.0`, or undefined when it is neither. */
export function parseDowngradeTarget(text: string): string | undefined {
  const version = parseSemanticVersion(text) ?? parseSemanticVersion(`${text}.0`);
  return version === undefined ? undefined : formatSemanticVersion(lineOf(version));
}

/** To be asked after a linearizable read. */
export function refuseDowngrade(
  target: string,
  facts: Omit<VersionFacts, "versions">,
): DowngradeRefusal | undefined {
  const to = parseSemanticVersion(target);
  const current = facts.clusterVersion === undefined ? undefined : parseSemanticVersion(facts.clusterVersion);
  if (current === undefined) return "cluster-version-unavailable";
  if (to === undefined || !isOneMinorBelow(current, to)) return "invalid-downgrade-target-version";
  return facts.downgrade.enabled ? "downgrade-in-process" : undefined;
}

export interface VersionWindow {
  readonly lowest: SemanticVersion;
  readonly highest: SemanticVersion;
}

/** Cluster versions that a newcomer can join. Source: raft-peers-formats 7.2, step 4. */
export function joinableVersions(serverVersion: string, isDowngrading: boolean): VersionWindow {
  const own = lineOf(parseSemanticVersion(serverVersion) ?? CLUSTER_VERSION_MIN);
  if (!isDowngrading) return { lowest: CLUSTER_VERSION_MIN, highest: own };
  const above = { ...own, minor: own.minor + 1 };
  return { lowest: above, highest: above };
}
