import { consolepb, create, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { initialCluster, parsePeerUrls, storeUse, viewCluster } from "./member-view.js";

const overview = create(consolepb.GetOverviewResponseSchema, {
  leaderId: 1n,
  alarms: [{ memberID: 2n, alarm: etcdserverpb.AlarmType.NOSPACE }],
  members: [
    {
      member: { ID: 1n, name: "a", peerURLs: ["http://a:2380"] },
      status: { raftIndex: 100n, raftTerm: 7n, dbSize: 20n, dbSizeInUse: 10n, dbSizeQuota: 100n },
      latencyMs: 1.5,
    },
    { member: { ID: 2n, name: "b", peerURLs: ["http://b:2380"] }, status: { raftIndex: 90n, raftTerm: 7n } },
    { member: { ID: 3n, name: "c" }, error: "connection refused" },
    { member: { ID: 0xabcn, isLearner: true }, error: "not started" },
    { member: { ID: 5n, name: "e" }, status: { raftIndex: 110n, errors: ["etcdserver: no leader"] } },
  ],
});

describe("the view of a cluster", () => {
  const view = viewCluster(overview);

  it("knows the leader, the term and everybody's lag", () => {
    expect(view.leader?.label).toBe("a");
    expect(view).toMatchObject({ leaderIndex: 100, term: 7n });
    expect(view.members.map((member) => member.lagEntries)).toEqual([0, 10, undefined, undefined, 0]);
  });

  it("tells who is well, silent, never started or without a leader", () => {
    expect(view.members.map((member) => member.state)).toEqual([
      "well",
      "well",
      "silent",
      "unstarted",
      "leaderless",
    ]);
    // Whoever answers counts, whatever it knows: the arithmetic is about who must come back.
    expect(view.members.map((member) => member.healthy)).toEqual([true, true, false, false, true]);
    expect(view.members[3]).toMatchObject({ label: "abc", learner: true });
    expect(view.members[4]?.error).toBe("etcdserver: no leader");
  });

  it("puts alarms where they belong", () => {
    expect(view.members.map((member) => member.alarms.length)).toEqual([0, 1, 0, 0, 0]);
  });

  it("measures by the furthest member while the leader is silent", () => {
    const leaderless = viewCluster({ ...overview, leaderId: 3n });
    expect(leaderless.leader).toBeUndefined();
    expect(leaderless.leaderIndex).toBe(110);
  });

  it("tells the use of a store", () => {
    const status = overview.members[0]?.status ?? create(etcdserverpb.StatusResponseSchema);
    expect(storeUse(status)).toEqual({ inUseBytes: 10, fileBytes: 20, quotaBytes: 100 });
  });

  it("writes the flag for a new member, without those that have no name yet", () => {
    expect(initialCluster(view.members, "d", ["http://d:2380"])).toBe(
      "a=http://a:2380,b=http://b:2380,d=http://d:2380",
    );
  });
});

describe("peer addresses", () => {
  it("are taken one a line or with commas", () => {
    expect(parsePeerUrls(" http://a:1, https://b.c:2380/\nhttp://[::1]:3 ")).toEqual({
      urls: ["http://a:1", "https://b.c:2380", "http://[::1]:3"],
    });
  });

  it.each(["", "a:2380", "http://a", "ftp://a:1", "http://a:1/path"])("%j is refused in words", (text) => {
    expect("problem" in parsePeerUrls(text)).toBe(true);
  });
});
