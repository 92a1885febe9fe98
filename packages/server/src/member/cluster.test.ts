/** Members together: what the driver owes to a cluster. Consensus itself is tested in raft. */
import { LATEST, NO_SLOT } from "@quorate/machine";
import { beforeEach, describe, expect, test } from "vitest";
import type { MemberFailure } from "../api/member-port.js";
import { formatMember } from "@quorate/machine";
import { memberOf, put, TestCluster, type ClusterMember } from "./testing/cluster-fixture.js";

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.create([1n, 2n, 3n]);
  await cluster.advance(2500);
});

function has({ store }: ClusterMember, key: string): boolean {
  const bytes = Buffer.from(key);
  return store.find(bytes, 0, bytes.length, LATEST) !== NO_SLOT;
}

function followers(): ClusterMember[] {
  const { leader } = cluster;
  return [...cluster.members.values()].filter((each) => each !== leader);
}

function follower(): ClusterMember {
  const [first] = followers();
  if (first === undefined) throw new Error("no follower");
  return first;
}

interface Read {
  answer: "ready" | MemberFailure | undefined;
}

function read({ member }: ClusterMember): Read {
  const result: Read = { answer: undefined };
  member.awaitReadIndex({
    onReady: () => (result.answer = "ready"),
    onFailed: (failure) => (result.answer = failure),
  });
  return result;
}

describe("three members", () => {
  test("have one leader and know one another", () => {
    expect(cluster.leader.member.leader).toBe(cluster.leader.id);
    for (const each of cluster.members.values()) {
      expect(each.member.leader).toBe(cluster.leader.id);
      expect(each.cluster.membership.list().map(({ id }) => id)).toEqual([1n, 2n, 3n]);
    }
  });

  test("a put at a follower is answered there, with its revision, once it is applied there", async () => {
    const at = follower();
    const result = put(at, "a", "1");
    await cluster.settle();
    expect(result).toEqual({ revision: 2, failure: undefined });
    for (const each of cluster.members.values()) expect(has(each, "a")).toBe(true);
  });

  test("many puts at all members at once get revisions of their own", async () => {
    const results = [...cluster.members.values()].flatMap((each) =>
      Array.from({ length: 50 }, (_, i) => put(each, `k${each.id}-${i}`, "v")),
    );
    await cluster.settle();
    const revisions = results.map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(150);
    expect(revisions.every((revision) => revision !== undefined && revision >= 2 && revision <= 151)).toBe(
      true,
    );
  });

  test("a read at a follower shows what was acknowledged elsewhere before it began", async () => {
    const at = follower();
    put(cluster.leader, "a", "1");
    await cluster.settle();
    const result = read(at);
    await cluster.settle();
    expect(result.answer).toBe("ready");
    expect(has(at, "a")).toBe(true);
  });

  test("reads of two followers at the same moment do not take each other's answer", async () => {
    const results = followers().map(read);
    await cluster.settle();
    expect(results.map(({ answer }) => answer)).toEqual(["ready", "ready"]);
  });
});

describe("without a quorum", () => {
  test("a leader that is cut off steps down; what it was asked to write is not acknowledged", async () => {
    const old = cluster.leader;
    cluster.isolated.add(old.id);
    const lost = put(old, "lost", "1");
    await cluster.advance(4000);
    expect(old.member.isLeader).toBe(false);
    expect(lost.revision).toBeUndefined();
    const kept = put(cluster.leader, "kept", "1");
    await cluster.settle();
    expect(kept.revision).toBe(2);
    cluster.isolated.clear();
    await cluster.advance(4000);
    expect(has(old, "kept")).toBe(true);
    expect(has(old, "lost")).toBe(false);
    expect(lost.failure).toBeDefined();
  });

  test("a read at a leader that is cut off is never answered from its old state", async () => {
    const old = cluster.leader;
    cluster.isolated.add(old.id);
    const result = read(old);
    await cluster.advance(500);
    expect(result.answer).toBeUndefined();
    await cluster.advance(8000);
    expect(result.answer).not.toBe("ready");
  });

  test("a put that nobody can take fails with the request timeout, as etcd's does without a leader", async () => {
    for (const { id } of cluster.members.values()) cluster.isolated.add(id);
    const at = cluster.get(1n);
    await cluster.advance(4000);
    const result = put(at, "a", "1");
    await cluster.advance(7200);
    expect(result).toEqual({ revision: undefined, failure: "context-deadline-exceeded" });
  });

  test("a put that waits for a leader is written when there is one", async () => {
    const old = cluster.leader;
    const at = follower();
    const other = followers().find((each) => each !== at)?.id ?? 0n;
    cluster.isolated.add(old.id).add(other);
    await cluster.advance(3000);
    expect(at.member.leader).toBe(0n);
    const result = put(at, "a", "1");
    cluster.isolated.delete(other);
    await cluster.advance(4000);
    expect(result.revision).toBe(2);
  });
});

describe("a follower that lags behind the log", () => {
  test("gets a database, and goes on from it", async () => {
    const late = follower();
    cluster.isolated.add(late.id);
    for (let i = 0; i < 20; i++) put(cluster.leader, `k${i}`, "v");
    await cluster.advance(1000);
    for (const each of cluster.members.values()) if (each !== late) cluster.compact(each.id);
    cluster.isolated.clear();
    await cluster.advance(4000);
    expect(late.installed).toHaveLength(1);
    expect(has(late, "k19")).toBe(true);
    put(cluster.leader, "after", "1");
    await cluster.settle();
    expect(has(late, "after")).toBe(true);
    expect(late.member.appliedIndex).toBe(cluster.leader.member.appliedIndex);
    expect(cluster.fatal).toEqual([]);
  });

  test("the log on its disk has the database's place before anything that follows it", async () => {
    const late = follower();
    cluster.isolated.add(late.id);
    for (let i = 0; i < 20; i++) put(cluster.leader, `k${i}`, "v");
    await cluster.advance(1000);
    for (const each of cluster.members.values()) if (each !== late) cluster.compact(each.id);
    cluster.isolated.clear();
    await cluster.advance(4000);
    const index = late.installed[0] ?? 0;
    expect(late.log.marks).toContain(index);
    expect(late.log.hardState.commit).toBeGreaterThanOrEqual(index);
    expect(late.storage.firstIndex()).toBe(index + 1);
  });
});

describe("changes of the membership", () => {
  function add(at: ClusterMember, id: bigint, kind: "add-node" | "add-learner"): Promise<unknown> {
    const member = { ...memberOf(id), name: "", isLearner: kind === "add-learner" };
    return at.member.proposeConfChange({ kind, nodeId: id, context: formatMember(member) });
  }

  test("a learner that is added and joins gets everything, and can become a voter", async () => {
    put(cluster.leader, "a", "1");
    const added = add(follower(), 4n, "add-learner");
    await cluster.settle();
    expect(await added).toBeUndefined();
    const learner = await cluster.join(4n);
    await cluster.advance(1000);
    expect(has(learner, "a")).toBe(true);
    expect(learner.cluster.membership.get(4n)?.isLearner).toBe(true);
    const promoted = cluster.leader.member.proposeConfChange({
      kind: "add-node",
      nodeId: 4n,
      context: formatMember({ ...memberOf(4n), name: "", peerUrls: [], isPromote: true }),
    });
    await cluster.settle();
    expect(await promoted).toBeUndefined();
    expect(cluster.leader.cluster.confState?.voters).toEqual([1n, 2n, 3n, 4n]);
  });

  test("one after the other, each as soon as the last was answered", async () => {
    const { leader } = cluster;
    const first = add(leader, 4n, "add-node");
    await cluster.settle();
    expect(await first).toBeUndefined();
    const second = leader.member.proposeConfChange({ kind: "remove-node", nodeId: 4n, context: "" });
    await cluster.settle();
    expect(await second).toBeUndefined();
    expect(leader.cluster.membership.isRemoved(4n)).toBe(true);
  });

  test("a change that the member list refuses changes nothing, and says why", async () => {
    const refused = add(follower(), 2n, "add-node");
    await cluster.settle();
    expect(await refused).toBe("member-exists");
    const next = add(follower(), 5n, "add-learner");
    await cluster.settle();
    expect(await next).toBeUndefined();
  });
});

test("leadership moves where it is told to, and writes go on", async () => {
  const target = follower();
  cluster.leader.member.transferLeader(target.id);
  await cluster.advance(200);
  expect(cluster.leader.id).toBe(target.id);
  const result = put(follower(), "a", "1");
  await cluster.settle();
  expect(result.revision).toBe(2);
});
