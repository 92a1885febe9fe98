import { describe, expect, test } from "vitest";
import { refuseAdd, refusePromote, refuseRemove, refuseUnreadyLearner } from "./reconfiguration-checks.js";
import type { ClusterSight } from "./reconfiguration-checks.js";
import { FakeCluster } from "./testing/fake-cluster.js";

function sightOf(members: string): ClusterSight {
  const cluster = new FakeCluster(...members.split(" "));
  return {
    memberId: cluster.memberId,
    members: cluster.members(),
    nowMs: cluster.time.nowMs,
    activeSinceMs: (id) => cluster.activeSince.get(id),
  };
}

describe("adding a voter", () => {
  test.each([
    ["m1", undefined],
    ["-m1", "member-not-enough-started"],
    // One voter and nobody else counts: learners do not.
    ["m1 l2", undefined],
    ["m1 m2", undefined],
    ["m1 -m2", "member-not-enough-started"],
    ["m1 m2!", "unhealthy"],
    ["m1 m2 m3", undefined],
    ["m1 m2 m3!", "unhealthy"],
    // A fresh cluster needs its links to be five seconds old.
    ["m1 m2 m3?", "unhealthy"],
    ["m1 m2? m3?", "unhealthy"],
    ["m1 m2 -m3", "member-not-enough-started"],
    ["m1 m2 m3 m4!", undefined],
    ["m1 m2 m3 m4! m5", undefined],
    ["m1 m2 m3 m4! m5!", "unhealthy"],
  ])("to %s: %s", (members, expected) => {
    expect(refuseAdd(sightOf(members), false)).toBe(expected);
  });
});

describe("adding a learner", () => {
  test.each([
    ["-m1", undefined],
    ["m1 -m2", undefined],
    ["m1 m2 m3", undefined],
    ["m1 m2 m3!", "unhealthy"],
    ["m1 m2 m3! m4", undefined],
  ])("to %s: %s", (members, expected) => {
    expect(refuseAdd(sightOf(members), true)).toBe(expected);
  });
});

describe("removing", () => {
  test.each([
    ["m1", 1n, "member-not-enough-started"],
    ["m1 m2", 2n, undefined],
    ["m1 m2!", 2n, undefined],
    ["m1 m2!", 1n, "unhealthy"],
    ["m1 m2 m3", 1n, undefined],
    ["m1 m2 m3", 2n, undefined],
    // One is down: it may go, a healthy one may not.
    ["m1 m2 m3!", 3n, undefined],
    ["m1 m2 m3!", 2n, "unhealthy"],
    ["m1 m2 m3!", 1n, "unhealthy"],
    // A link that is up but young is not one that is down.
    ["m1 m2 m3?", 3n, "unhealthy"],
    // What remains must have a quorum of started members.
    ["m1 m2 -m3!", 2n, "member-not-enough-started"],
    ["m1 m2 -m3!", 3n, undefined],
    ["m1 m2 m3 m4 m5!", 4n, undefined],
    ["m1 m2 m3 m4! m5!", 3n, "unhealthy"],
    ["m1 m2 m3 m4! m5!", 5n, undefined],
    // Learners can always go, whoever is down.
    ["m1 m2! m3! l4", 4n, undefined],
    ["m1 -l2", 2n, undefined],
    // Nobody there: the list says so when the change is applied.
    ["m1 m2 m3", 9n, undefined],
  ])("from %s member %s: %s", (members, id, expected) => {
    expect(refuseRemove(sightOf(members), id)).toBe(expected);
  });
});

describe("promoting", () => {
  test.each([
    ["m1 l2", undefined],
    ["-m1 l2", "member-not-enough-started"],
    ["m1 m2 l3", undefined],
    ["m1 -m2 l3", undefined],
    ["m1 -m2 -m3 l4", "member-not-enough-started"],
    // Links do not matter here.
    ["m1 m2! m3! l4", undefined],
  ])("in %s: %s", (members, expected) => {
    expect(refusePromote(sightOf(members))).toBe(expected);
  });

  test.each([
    [0, 100, "learner-not-ready"],
    [89, 100, "learner-not-ready"],
    [90, 100, undefined],
    [100, 100, undefined],
    [9, 10, undefined],
    [27, 30, undefined],
  ])("a learner that has %d of %d entries: %s", (learner, leader, expected) => {
    const matches = new Map([
      [1n, leader],
      [2n, learner],
    ]);
    expect(refuseUnreadyLearner(matches, 1n, 2n)).toBe(expected);
  });

  test("a member that the leader does not know", () => {
    expect(refuseUnreadyLearner(new Map([[1n, 5]]), 1n, 2n)).toBe("member-not-found");
  });
});
