import { describe, expect, test } from "vitest";
import type { MembershipAnswer, MembershipRequest } from "../api/ports/cluster-port.js";
import { FakeCluster } from "./testing/fake-cluster.js";

const BIG_ID = 14544069596553697298n;
const outcome = (answer: MembershipAnswer): unknown =>
  answer.kind === "done" ? answer.members.map(({ id }) => id) : answer.failure;

function add(host: string, isLearner = false): MembershipRequest {
  return { kind: "add", peerUrls: [`http://${host}:2380`], isLearner };
}

describe("contexts, byte for byte as Go members write them", () => {
  test.each<[string, MembershipRequest, string, string]>([
    ["a voter", add("new"), "add-node", `{"id":${BIG_ID},"peerURLs":["http://new:2380"]}`],
    [
      "a learner",
      add("new", true),
      "add-learner",
      `{"id":${BIG_ID},"peerURLs":["http://new:2380"],"isLearner":true}`,
    ],
    [
      "characters that Go escapes",
      add("<&>"),
      "add-node",
      `{"id":${BIG_ID},"peerURLs":["http://\\u003c\\u0026\\u003e:2380"]}`,
    ],
    ["a removal", { kind: "remove", id: 3n }, "remove-node", ""],
    [
      "an update",
      { kind: "update", id: 3n, peerUrls: ["http://x:1"] },
      "update-node",
      `{"id":3,"peerURLs":["http://x:1"]}`,
    ],
    ["no URLs", { kind: "update", id: 3n, peerUrls: [] }, "update-node", `{"id":3,"peerURLs":null}`],
    ["a promotion", { kind: "promote", id: 4n }, "add-node", `{"id":4,"peerURLs":null,"isPromote":true}`],
  ])("%s", async (_what, request, kind, context) => {
    const cluster = new FakeCluster("m1", "m2", "m3", request.kind === "promote" ? "l4" : "m4");
    await cluster.operations({ computeId: () => BIG_ID }).changeMembership(request);
    expect(cluster.wishes.map((wish) => [wish.kind, wish.context])).toEqual([[kind, context]]);
  });
});

describe("changes", () => {
  test("a member that is added is told its id and all members afterwards, ascending", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3");
    const answer = await cluster.operations({ computeId: () => 2000n }).changeMembership(add("new"));
    expect(answer).toMatchObject({ kind: "done", id: 2000n });
    expect(outcome(answer)).toEqual([1n, 2n, 3n, 2000n]);
  });

  test("the id is computed from the URLs and the second of the request", async () => {
    const cluster = new FakeCluster("m1");
    const asked: unknown[] = [];
    const computeId = (urls: readonly string[], seconds: number): bigint => {
      asked.push([urls, seconds]);
      return 7n;
    };
    await cluster.operations({ computeId }).changeMembership(add("new"));
    expect(asked).toEqual([[["http://new:2380"], Math.floor(cluster.time.unixMs() / 1000)]]);
  });

  test.each<[string, MembershipRequest, unknown]>([
    ["removing an unknown member", { kind: "remove", id: 99n }, "member-not-found"],
    ["updating an unknown member", { kind: "update", id: 99n, peerUrls: ["http://x:1"] }, "member-not-found"],
    ["promoting an unknown member", { kind: "promote", id: 99n }, "member-not-found"],
    ["promoting a voter", { kind: "promote", id: 2n }, "member-not-learner"],
    ["adding a URL in use", add("10.0.0.2"), "peer-url-exist"],
    [
      "updating to a URL in use",
      { kind: "update", id: 1n, peerUrls: ["http://10.0.0.2:2380"] },
      "peer-url-exist",
    ],
    [
      "updating to the member's own URL",
      { kind: "update", id: 2n, peerUrls: ["http://10.0.0.2:2380"] },
      [1n, 2n, 3n, 4n],
    ],
    ["a second learner", add("new", true), "too-many-learners"],
  ])("%s", async (_situation, request, expected) => {
    const cluster = new FakeCluster("m1", "m2", "m3", "l4");
    expect(outcome(await cluster.operations().changeMembership(request))).toEqual(expected);
  });

  test("an id that exists, because the same URLs came twice in one second", async () => {
    const cluster = new FakeCluster("m1");
    expect(outcome(await cluster.operations({ computeId: () => 1n }).changeMembership(add("x")))).toBe(
      "member-exist",
    );
  });

  test("the URL of a removed member comes back under a new id, the old one never", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3!");
    const operations = cluster.operations();
    await operations.changeMembership({ kind: "remove", id: 3n });
    expect(outcome(await operations.changeMembership(add("10.0.0.3")))).toHaveLength(3);
    expect(outcome(await operations.changeMembership({ kind: "remove", id: 3n }))).toBe("member-not-found");
    expect(cluster.membership.isRemoved(3n)).toBe(true);
  });

  test("an update leaves the learner flag, the name and the client URLs alone", async () => {
    const cluster = new FakeCluster("m1", "l2");
    await cluster.operations().changeMembership({ kind: "update", id: 2n, peerUrls: ["http://x:1"] });
    expect(cluster.membership.get(2n)).toMatchObject({
      isLearner: true,
      name: "m2",
      clientUrls: ["http://10.0.0.2:2379"],
      peerUrls: ["http://x:1"],
    });
  });

  test("what is too risky does not reach the log; without strict checks it does", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3!");
    expect(outcome(await cluster.operations().changeMembership(add("new")))).toBe("unhealthy");
    expect(outcome(await cluster.operations().changeMembership({ kind: "remove", id: 2n }))).toBe(
      "unhealthy",
    );
    expect(cluster.wishes).toEqual([]);
    const lax = cluster.operations({ strictReconfigCheck: false });
    expect(outcome(await lax.changeMembership(add("new")))).toHaveLength(4);
    expect(outcome(await lax.changeMembership({ kind: "remove", id: 2n }))).toHaveLength(3);
  });

  test("the only member cannot be removed", async () => {
    const cluster = new FakeCluster("m1");
    expect(outcome(await cluster.operations().changeMembership({ kind: "remove", id: 1n }))).toBe(
      "member-not-enough-started",
    );
  });

  test("a failure of the log is passed on as it is", async () => {
    const cluster = new FakeCluster("m1");
    cluster.failure = { unknown: "raft proposal dropped" };
    expect(outcome(await cluster.operations().changeMembership(add("new")))).toEqual(cluster.failure);
  });
});

describe("promotion", () => {
  const promote: MembershipRequest = { kind: "promote", id: 4n };

  test("by the leader, of a learner that has its log", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3", "l4");
    const answer = await cluster.operations().changeMembership(promote);
    expect(outcome(answer)).toEqual([1n, 2n, 3n, 4n]);
    expect(cluster.membership.get(4n)?.isLearner).toBe(false);
  });

  test("a learner that never started has nothing of the log", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3", "-l4!");
    cluster.matches.set(4n, 0);
    expect(outcome(await cluster.operations().changeMembership(promote))).toBe("learner-not-ready");
    const lax = cluster.operations({ strictReconfigCheck: false });
    expect(outcome(await lax.changeMembership(promote))).toBe("learner-not-ready");
  });

  test("a leader that lags behind its own commits", async () => {
    const cluster = new FakeCluster("m1", "l4");
    cluster.appliedIndex = 50;
    const answer = cluster.time.settle(cluster.operations().changeMembership(promote));
    expect(outcome(await answer)).toBe("timeout-wait-applied-index");
  });

  test("a follower asks the leader, and asks again when that fails in passing", async () => {
    const cluster = new FakeCluster("m1", "m2", "m3", "l4");
    cluster.leader = 2n;
    const asked: (readonly string[])[] = [];
    const forwardPromote = (urls: readonly string[]): Promise<readonly [] | { reason: string }> => {
      asked.push(urls);
      if (asked.length === 1) cluster.leader = 3n;
      return Promise.resolve(asked.length === 1 ? { reason: "connection refused" } : []);
    };
    const answer = await cluster.time.settle(
      cluster.operations({ forwardPromote }).changeMembership(promote),
    );
    expect(answer).toEqual({ kind: "done", members: [], id: 4n });
    expect(asked).toEqual([["http://10.0.0.2:2380"], ["http://10.0.0.3:2380"]]);
    expect(cluster.wishes).toEqual([]);
  });

  test.each(["learner-not-ready", "member-not-found", "member-not-learner"] as const)(
    "a leader that says %s is asked once",
    async (failure) => {
      const cluster = new FakeCluster("m1", "m2", "l4");
      cluster.leader = 2n;
      let asked = 0;
      const forwardPromote = (): Promise<typeof failure> => {
        asked += 1;
        return Promise.resolve(failure);
      };
      expect(outcome(await cluster.operations({ forwardPromote }).changeMembership(promote))).toBe(failure);
      expect(asked).toBe(1);
    },
  );

  test("a leader that never answers well: timed out", async () => {
    const cluster = new FakeCluster("m1", "m2", "l4");
    cluster.leader = 2n;
    const startedMs = cluster.time.nowMs;
    const forwardPromote = (): Promise<"timeout"> => Promise.resolve("timeout");
    const answer = cluster.operations({ forwardPromote }).changeMembership(promote);
    expect(outcome(await cluster.time.settle(answer))).toBe("timeout");
    expect(cluster.time.nowMs - startedMs).toBeLessThanOrEqual(7100);
  });

  test("no leader at all", async () => {
    const cluster = new FakeCluster("m1", "m2", "l4");
    cluster.leader = 0n;
    const answer = cluster.time.settle(cluster.operations().changeMembership(promote));
    expect(outcome(await answer)).toBe("no-leader");
  });

  test("other members' requests are not handed on", async () => {
    const cluster = new FakeCluster("m1", "m2", "l4");
    cluster.leader = 2n;
    expect(outcome(await cluster.operations().promoteHere(4n))).toBe("not-leader");
  });
});

describe("moving the leader", () => {
  test.each([
    ["to nobody", 9n, "bad-leader-transferee"],
    ["to a learner", 3n, "bad-leader-transferee"],
    ["to where it is", 1n, undefined],
  ])("%s", async (_situation, target, expected) => {
    const cluster = new FakeCluster("m1", "m2", "l3");
    expect(await cluster.operations().moveLeader(target)).toBe(expected);
  });

  test("only by the leader, whatever the target", async () => {
    const cluster = new FakeCluster("m1", "m2");
    cluster.leader = 2n;
    expect(await cluster.operations().moveLeader(9n)).toBe("not-leader");
    expect(cluster.transfers).toEqual([]);
  });

  test("waits until the target leads", async () => {
    const cluster = new FakeCluster("m1", "m2");
    const moved = cluster.operations().moveLeader(2n);
    expect(cluster.transfers).toEqual([2n]);
    cluster.time.after(300, () => (cluster.leader = 2n));
    expect(await cluster.time.settle(moved)).toBeUndefined();
    expect(cluster.lines).toEqual(["leadership transfer starting", "leadership transfer finished"]);
  });

  test("too slow, or stopped meanwhile", async () => {
    const cluster = new FakeCluster("m1", "m2");
    const slow = cluster.operations().moveLeader(2n);
    expect(await cluster.time.settle(slow)).toBe("timeout-leader-transfer");
    const cut = cluster.operations().moveLeader(2n);
    cluster.stopped = true;
    expect(await cluster.time.settle(cut)).toBe("stopped");
  });
});

describe("downgrades", () => {
  test("validated, enabled, cancelled", async () => {
    const cluster = new FakeCluster("m1");
    const operations = cluster.operations();
    expect(await operations.downgrade("validate", "3.6")).toEqual({ version: "3.7.0" });
    expect(cluster.requests).toEqual([]);
    expect(await operations.downgrade("enable", "3.6.4")).toEqual({ version: "3.7.0" });
    expect(await operations.downgrade("enable", "3.6")).toEqual({ failure: "downgrade-in-process" });
    expect(await operations.downgrade("cancel", "")).toEqual({ version: "3.7.0" });
    expect(cluster.requests).toEqual([
      { downgradeInfoSet: { enabled: true, ver: "3.6.0" } },
      { downgradeInfoSet: { enabled: false, ver: "" } },
    ]);
  });

  test("cancelling without one, or in vain, answers that all is well", async () => {
    const cluster = new FakeCluster("m1");
    expect(await cluster.operations().downgrade("cancel", "x")).toEqual({ version: "3.7.0" });
    cluster.readFailure = "timeout";
    expect(await cluster.operations().downgrade("cancel", "")).toEqual({ version: "3.7.0" });
    expect(cluster.requests).toEqual([]);
  });

  test("the format is judged before anything else, the version before the read", async () => {
    const cluster = new FakeCluster("m1");
    cluster.readFailure = "timeout";
    const operations = cluster.operations();
    expect(await operations.downgrade("enable", "x")).toEqual({ failure: "wrong-downgrade-version-format" });
    expect(await operations.downgrade("validate", "3.6")).toEqual({ failure: "timeout" });
    cluster.version = undefined;
    expect(await operations.downgrade("validate", "3.6")).toEqual({ failure: "cluster-version-unavailable" });
  });

  test("a log that does not take it", async () => {
    const cluster = new FakeCluster("m1");
    cluster.failure = { unknown: "raft proposal dropped" };
    expect(await cluster.operations().downgrade("enable", "3.6")).toEqual({ failure: cluster.failure });
  });
});
