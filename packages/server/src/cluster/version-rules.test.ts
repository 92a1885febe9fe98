import { describe, expect, test } from "vitest";
import { formatSemanticVersion, parseSemanticVersion } from "./semantic-version.js";
import {
  decideClusterVersion,
  isDowngradeDone,
  joinableVersions,
  parseDowngradeTarget,
  refuseDowngrade,
  refuseServerVersion,
  type VersionsByMember,
} from "./version-rules.js";

/** Server versions; `-` is a member that does not answer. */
function answers(text: string): VersionsByMember {
  return new Map(
    text
      .split(" ")
      .map((server, i) => [BigInt(i + 1), server === "-" ? undefined : { server, cluster: "3.7.0" }]),
  );
}

function decide(clusterVersion: string | undefined, servers: string, target = ""): string {
  const downgrade = { enabled: target !== "", targetVersion: target };
  const decision = decideClusterVersion({ clusterVersion, downgrade, versions: answers(servers) });
  return decision.kind === "set" ? decision.version : decision.kind;
}

describe("the version of a cluster", () => {
  test.each([
    ["undecided, alone", undefined, "3.7.1", "3.7.0"],
    ["undecided, all known", undefined, "3.7.1 3.6.4 3.7.0", "3.6.0"],
    ["undecided, one silent", undefined, "3.7.1 -", "3.0.0"],
    ["undecided, one unreadable", undefined, "3.7.1 not_decided", "3.0.0"],
    ["all newer", "3.6.0", "3.7.0 3.7.2", "3.7.0"],
    ["from the first makeshift one", "3.0.0", "3.7.0 3.7.0", "3.7.0"],
    ["the oldest holds it back", "3.6.0", "3.7.0 3.6.9", "keep"],
    ["one silent", "3.6.0", "3.7.0 -", "keep"],
    ["one unreadable", "3.6.0", "3.7.0 3.7", "keep"],
    ["never down by itself", "3.7.0", "3.6.0", "keep"],
    ["a newer patch is the same line", "3.7.0", "3.7.9", "keep"],
    ["never across major versions", "3.7.0", "4.0.0", "keep"],
    ["minors are numbers", "3.9.0", "3.10.0", "3.10.0"],
    ["a pre-release is of its line", "3.6.0", "3.7.0-rc.1", "3.7.0"],
  ])("%s", (_situation, clusterVersion, servers, expected) => {
    expect(decide(clusterVersion, servers)).toBe(expected);
  });

  test.each([
    ["goes down to the target", "3.7.0", "3.7.1 3.7.0", "3.6.0", "3.6.0"],
    ["stays there while members are replaced", "3.6.0", "3.7.1 3.6.4", "3.6.0", "keep"],
    ["is not lowered while somebody is silent", "3.7.0", "3.7.1 -", "3.6.0", "keep"],
    ["not by two", "3.7.0", "3.7.1", "3.5.0", "invalid-downgrade"],
    ["not below what an older member would need", "3.7.0", "3.7.1 3.6.0", "3.6.0", "invalid-downgrade"],
    ["a target that is no version", "3.7.0", "3.7.1", "x", "invalid-downgrade"],
  ])("a downgrade: %s", (_situation, clusterVersion, servers, target, expected) => {
    expect(decide(clusterVersion, servers, target)).toBe(expected);
  });

  test.each([
    ["3.6.1 3.6.4", true],
    ["3.6.1 3.7.0", false],
    ["3.6.1 -", false],
    ["3.6.1 nonsense", false],
  ])("a downgrade to 3.6.0 with members %s is done: %s", (servers, expected) => {
    expect(isDowngradeDone(answers(servers), "3.6.0")).toBe(expected);
  });
});

describe("asking for a downgrade", () => {
  test.each([
    ["3.6", "3.6.0"],
    ["3.6.0", "3.6.0"],
    ["3.6.5", "3.6.0"],
    ["3", undefined],
    ["", undefined],
    ["v3.6", undefined],
    ["3.6.0.0", undefined],
    ["3.-6", undefined],
    ["99999999999999999999.1.1", undefined],
  ])("version %j is %s", (text, expected) => {
    expect(parseDowngradeTarget(text)).toBe(expected);
  });

  const idle = { enabled: false, targetVersion: "" };
  const busy = { enabled: true, targetVersion: "3.6.0" };
  test.each([
    ["one minor down", "3.6.0", "3.7.0", idle, undefined],
    ["the same", "3.7.0", "3.7.0", idle, "invalid-downgrade-target-version"],
    ["up", "3.8.0", "3.7.0", idle, "invalid-downgrade-target-version"],
    ["two down", "3.5.0", "3.7.0", idle, "invalid-downgrade-target-version"],
    ["a second time at once", "3.6.0", "3.7.0", busy, "downgrade-in-process"],
    [
      "again, when the version is lowered already",
      "3.6.0",
      "3.6.0",
      busy,
      "invalid-downgrade-target-version",
    ],
    ["before there is a version", "3.6.0", undefined, idle, "cluster-version-unavailable"],
  ])("%s", (_situation, target, clusterVersion, downgrade, expected) => {
    expect(refuseDowngrade(target, { clusterVersion, downgrade })).toBe(expected);
  });
});

describe("a server and its cluster", () => {
  test.each([
    ["3.7.1", "3.7.0", false],
    ["3.7.1", "3.6.0", false],
    ["3.7.1", undefined, false],
    ["3.7.1", "3.8.0", true],
    ["3.7.1", "4.0.0", true],
  ])("a server of %s in a cluster of %s must stop: %s", (server, cluster, expected) => {
    expect(refuseServerVersion(server, cluster) !== undefined).toBe(expected);
  });

  test.each([
    [false, "3.0.0", "3.7.0"],
    // Members of the target's line take the places of newer ones.
    [true, "3.8.0", "3.8.0"],
  ])("a newcomer of 3.7.1, downgrade under way %s, joins %s to %s", (isDowngrading, lowest, highest) => {
    const window = joinableVersions("3.7.1", isDowngrading);
    expect(formatSemanticVersion(window.lowest)).toBe(lowest);
    expect(formatSemanticVersion(window.highest)).toBe(highest);
  });

  test.each(["not_decided", "3.7", "", "3.7.x", " 3.7.0"])("%j is no version", (text) => {
    expect(parseSemanticVersion(text)).toBeUndefined();
  });
});
