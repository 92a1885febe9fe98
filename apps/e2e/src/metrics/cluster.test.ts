import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { TestCluster } from "../cluster/test-cluster.js";
import { startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { ALERTS } from "./alerts.js";
import { EmptyScrape, scrape, unmoved, type Scrape } from "./scrape.js";

const suite = "metrics of a cluster";
const { put, range } = etcdserverpb.KV.method;
const { memberAdd, memberPromote, memberRemove } = etcdserverpb.Cluster.method;
/** DeadlineExceeded, Unavailable: what alerts count as the server's failures. */
const FAILURES: readonly number[] = [4, 14];
const KEY = Buffer.from("k");
/** Databases instead of entries go to whoever comes later than this. */
const SNAPSHOT_FLAGS = ["--snapshot-count=50", "--snapshot-catchup-entries=5"];
/** A request waits for its outcome so long before it is given up, and a little. */
const GIVEN_UP_MS = 9_000;

function plans(flags: readonly string[] = []) {
  return ["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name, flags }));
}

async function hexIdOf(cluster: TestCluster, member: PlacedMember): Promise<string> {
  return (await cluster.idOf(member)).toString(16);
}

async function write(member: PlacedMember, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await member.client.demand(put, { key: KEY, value: Buffer.from(String(i)) });
}

/** Scrapes again until `series` have moved since `before`; fails with those that have not. */
async function expectMoved(member: PlacedMember, before: Scrape, series: readonly string[]): Promise<void> {
  await expect
    .poll(async () => unmoved(series, before, await scrape(member.endpoint)), {
      interval: 250,
    })
    .toEqual([]);
}

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  it("tell of the traffic between members, by member, and of changes of the leader", async () => {
    const cluster = await startCluster(plans());
    const leader = await cluster.leader();
    const [follower, other] = await cluster.followers();
    if (follower === undefined || other === undefined) throw new Error("no followers");
    const [leaderId, followerId] = [await hexIdOf(cluster, leader), await hexIdOf(cluster, follower)];
    const before = await scrape(leader.endpoint);
    const beforeAtFollower = await scrape(follower.endpoint);
    await write(leader, 20);
    await expectMoved(leader, before, [
      `etcd_network_peer_sent_bytes_total{To="${followerId}"}`,
      `etcd_network_peer_received_bytes_total{From="${followerId}"}`,
    ]);
    await expectMoved(follower, beforeAtFollower, [
      `etcd_network_peer_received_bytes_total{From="${leaderId}"}`,
      "etcd_server_proposals_applied_total",
      "etcd_server_proposals_committed_total",
      "etcd_disk_wal_fsync_duration_seconds_count",
    ]);
    const now = await scrape(leader.endpoint);
    const between = `Local="${leaderId}",Remote="${followerId}"`;
    expect(now.value(`etcd_network_known_peers{${between}}`)).toBe(1);
    expect(now.value(`etcd_network_active_peers{${between}}`)).toBe(1);
    expect([now.value("etcd_server_is_leader"), now.value("etcd_server_has_leader")]).toEqual([1, 1]);
    expect((await scrape(follower.endpoint)).value("etcd_server_is_leader")).toBe(0);

    // Members ask each other how far away they are every few seconds.
    await expectMoved(leader, new EmptyScrape(), [
      `etcd_network_peer_round_trip_time_seconds_count{To="${followerId}"}`,
      `etcd_network_peer_round_trip_time_seconds_bucket{To="${followerId}",le="+Inf"}`,
    ]);

    await cluster.lead(follower);
    for (const member of [leader, other])
      await expectMoved(member, member === leader ? before : new EmptyScrape(), [
        "etcd_server_leader_changes_seen_total",
      ]);

    const beforeTheStop = await scrape(follower.endpoint);
    const otherId = await hexIdOf(cluster, other);
    await other.kill();
    await write(follower, 20);
    await expectMoved(follower, beforeTheStop, [
      `etcd_network_disconnected_peers_total{Remote="${otherId}"}`,
      `etcd_network_peer_sent_failures_total{To="${otherId}"}`,
    ]);
    const after = await scrape(follower.endpoint);
    expect(after.value(`etcd_network_active_peers{Remote="${otherId}"}`)).toBe(0);
    for (const { expects } of ALERTS.filter(({ needs }) => needs === "a cluster"))
      expect(expects.filter((series) => after.select(series).length === 0)).toEqual([]);
    other.start();
    await cluster.waitUntilHealthy();
  });

  it("tell of databases that are sent and received, and of learners", async () => {
    const cluster = await startCluster(plans(SNAPSHOT_FLAGS));
    const leader = await cluster.leader();
    await write(leader, 200);
    const before = await scrape(leader.endpoint);
    const joined = await cluster.join({ kind: subjectKind, name: "m4", flags: SNAPSHOT_FLAGS }, "learner");
    const [leaderId, joinedId] = [await hexIdOf(cluster, leader), await hexIdOf(cluster, joined)];
    await expectMoved(leader, before, [
      `etcd_network_snapshot_send_success{To="${joinedId}"}`,
      `etcd_network_snapshot_send_total_duration_seconds_count{To="${joinedId}"}`,
    ]);
    const received = await scrape(joined.endpoint);
    expect(
      unmoved(
        [
          `etcd_network_snapshot_receive_success{From="${leaderId}"}`,
          `etcd_network_snapshot_receive_total_duration_seconds_count{From="${leaderId}"}`,
          "etcd_snap_db_save_total_duration_seconds_count",
          "etcd_snap_db_fsync_duration_seconds_count",
          "etcd_server_is_learner",
        ],
        new EmptyScrape(),
        received,
      ),
    ).toEqual([]);
    expect(received.value(`etcd_network_snapshot_receive_inflights_total{From="${leaderId}"}`)).toBe(0);
    expect(received.value("etcd_server_snapshot_apply_in_progress_total")).toBe(0);

    await cluster.promote(joined);
    await expectMoved(leader, before, ["etcd_server_learner_promote_successes"]);
    await expect.poll(async () => (await scrape(joined.endpoint)).value("etcd_server_is_learner")).toBe(0);

    const added = await leader.client.demand(memberAdd, {
      peerURLs: ["http://127.0.0.1:1"],
      isLearner: true,
    });
    const id = added.member?.ID ?? 0n;
    expect((await leader.client.call(memberPromote, { ID: id })).ok).toBe(false);
    await expectMoved(leader, before, ["etcd_server_learner_promote_failures"]);
    const [failure] = (await scrape(leader.endpoint)).select("etcd_server_learner_promote_failures");
    expect(failure?.labels["Reason"]).toMatch(/in sync with leader/);
    await leader.client.demand(memberRemove, { ID: id });
  });

  it("tell of a leader that was held up, and of requests that find no majority", async () => {
    const cluster = await startCluster(plans());
    const leader = await cluster.leader();
    const before = await scrape(leader.endpoint);
    // Longer than two heartbeats, shorter than an election.
    for (let i = 0; i < 3; i++) {
      leader.pause();
      await sleep(500);
      leader.resume();
      await sleep(500);
    }
    await cluster.waitUntilHealthy();
    if ((await cluster.leader()) === leader)
      await expectMoved(leader, before, ["etcd_server_heartbeat_send_failures_total"]);

    const last = await cluster.leader();
    const beforeTheSilence = await scrape(last.endpoint);
    const followers = await cluster.followers();
    for (const follower of followers) follower.pause();
    try {
      const outcomes = [
        last.client.call(put, { key: KEY }, 2 * GIVEN_UP_MS),
        last.client.call(range, { key: KEY }, 2 * GIVEN_UP_MS),
      ];
      await sleep(300);
      expect((await scrape(last.endpoint)).value("etcd_server_proposals_pending")).toBeGreaterThan(0);
      const ends = await Promise.all(outcomes);
      // A write ends one way or the other: it depends on whether the leader still leads when it gives up.
      expect(
        ends.every((each) => !each.ok && FAILURES.includes(each.code)),
        JSON.stringify(ends),
      ).toBe(true);
      await expectMoved(last, beforeTheSilence, [
        "etcd_server_proposals_failed_total",
        "etcd_server_slow_read_indexes_total",
        'grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Range"}',
      ]);
      await expect.poll(async () => (await scrape(last.endpoint)).value("etcd_server_has_leader")).toBe(0);
    } finally {
      for (const follower of followers) follower.resume();
    }
    await cluster.waitUntilHealthy();
  });
});
