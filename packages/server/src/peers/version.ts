/** Versions as peers tell them to one another. Source: reference raft-peers-formats 3.3. */

/** The oldest cluster version that this program can be a member of, as all etcd of line 3 say. */
export const MIN_CLUSTER_VERSION = "3.0.0";
/** What a peer counts as that does not say. */
export const UNTOLD_VERSION = "2.0.0";

export interface MajorMinor {
  readonly major: number;
  readonly minor: number;
}

const SEMVER = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** @returns undefined when `text` is no strict semantic version. */
export function parseVersion(text: string): MajorMinor | undefined {
  const match = SEMVER.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** Negative when `a` is the older one. */
export function compareMajorMinor(a: MajorMinor, b: MajorMinor): number {
  return a.major - b.major || a.minor - b.minor;
}

/** What two members say of themselves: the server's version and the least version of a cluster it can live in. */
export interface VersionPair {
  readonly server: MajorMinor;
  readonly minCluster: MajorMinor;
}

/** Whether each side can live with the other. */
export function versionsCompatible(remote: VersionPair, local: VersionPair): boolean {
  return (
    compareMajorMinor(remote.server, local.minCluster) >= 0 &&
    compareMajorMinor(remote.minCluster, local.server) <= 0
  );
}
