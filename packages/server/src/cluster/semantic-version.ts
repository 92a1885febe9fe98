/** Versions of servers and clusters as `3.7.1`. Of a cluster only major and minor count. Source: semver.org, as etcd's library reads it. */

export interface SemanticVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The cluster version while the members are unknown; also the lowest that a member of line 3 can live in. */
export const CLUSTER_VERSION_MIN: SemanticVersion = { major: 3, minor: 0, patch: 0 };

const PATTERN = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** @returns undefined when `text` has not exactly three numbers, as `not_decided` has not. Pre-release and build are dropped. */
export function parseSemanticVersion(text: string): SemanticVersion | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

export function formatSemanticVersion({ major, minor, patch }: SemanticVersion): string {
  return `${major}.${minor}.${patch}`;
}

/** Negative when `a` is the older one. */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

/** The line of a version: what a cluster version says. */
export function lineOf({ major, minor }: SemanticVersion): SemanticVersion {
  return { major, minor, patch: 0 };
}

/** Whether `to` is exactly one minor below `from`: the only step down there is. */
export function isOneMinorBelow(from: SemanticVersion, to: SemanticVersion): boolean {
  return compareVersions(to, { major: from.major, minor: from.minor - 1, patch: 0 }) === 0;
}

/** `3.7` of `3.7.0`: how answers about downgrades show the cluster version. */
export function shortVersion(text: string): string {
  return text.split(".").slice(0, 2).join(".");
}
