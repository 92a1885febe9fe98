import { expect, test } from "vitest";
import { publishMember } from "./publisher.js";
import { FakeCluster, OWN_ID } from "./testing/fake-cluster.js";
import { VERSION_CHECK_MS, VersionMonitor } from "./version-monitor.js";
import type { VersionsByMember } from "./version-rules.js";

class Monitored extends FakeCluster {
  servers: (string | undefined)[] = ["3.7.1", "3.7.0", "3.7.0"];
  rounds = 0;
  /** Runs while the members are being asked. */
  onAsked: () => void = () => undefined;
  readonly monitor: VersionMonitor = new VersionMonitor({
    member: this,
    leadership: this,
    fetchVersions: (): Promise<VersionsByMember> => {
      this.rounds += 1;
      this.onAsked();
      const rows = this.servers.map((server, i) => {
        const answer = server === undefined ? undefined : { server, cluster: "not_decided" };
        return [BigInt(i + 1), answer] as const;
      });
      return Promise.resolve(new Map(rows));
    },
    propose: this.propose,
    scheduler: this.time,
    report: this.report,
    downgradeCheckMs: 5000,
    onError: (error) => {
      throw error;
    },
  });
}

test("a new leader decides at once, a follower never", async () => {
  const cluster = new Monitored("m1", "m2", "m3");
  cluster.version = undefined;
  cluster.leader = 2n;
  cluster.monitor.start();
  await cluster.time.advance(3 * VERSION_CHECK_MS);
  expect(cluster.rounds).toBe(0);
  cluster.leader = OWN_ID;
  cluster.monitor.wake();
  await cluster.time.advance(10);
  expect(cluster.requests).toEqual([{ clusterVersionSet: { ver: "3.7.0" } }]);
  expect(cluster.lines).toContain("cluster version is updated");
});

test("while a member is silent the version is a makeshift one; it rises when all have answered", async () => {
  const cluster = new Monitored("m1", "m2", "m3");
  cluster.version = undefined;
  cluster.servers = ["3.7.1", undefined, "3.7.0"];
  cluster.monitor.start();
  await cluster.time.advance(2 * VERSION_CHECK_MS);
  expect(cluster.version).toBe("3.0.0");
  cluster.servers = ["3.7.1", "3.6.9", "3.7.0"];
  await cluster.time.advance(VERSION_CHECK_MS);
  expect(cluster.version).toBe("3.6.0");
});

test("a cluster of one decides by itself", async () => {
  const cluster = new Monitored("m1");
  cluster.version = undefined;
  cluster.servers = ["3.7.1"];
  cluster.monitor.wake();
  await cluster.time.advance(10);
  expect(cluster.version).toBe("3.7.0");
});

test("one that lost its leadership while it asked decides nothing", async () => {
  const cluster = new Monitored("m1", "m2", "m3");
  cluster.version = undefined;
  cluster.onAsked = () => (cluster.leader = 2n);
  cluster.monitor.wake();
  await cluster.time.advance(10);
  expect(cluster.rounds).toBe(1);
  expect(cluster.requests).toEqual([]);
});

test("what happens during a round makes for another one", async () => {
  const cluster = new Monitored("m1", "m2", "m3");
  cluster.onAsked = () => {
    if (cluster.rounds === 1) cluster.monitor.wake();
  };
  cluster.monitor.wake();
  cluster.monitor.wake();
  await cluster.time.advance(10);
  expect(cluster.rounds).toBe(2);
});

test("a proposal that fails is made again in the next round", async () => {
  const cluster = new Monitored("m1");
  cluster.version = undefined;
  cluster.servers = ["3.7.1"];
  cluster.failure = "timeout";
  cluster.monitor.start();
  await cluster.time.advance(VERSION_CHECK_MS);
  expect(cluster.version).toBeUndefined();
  cluster.failure = undefined;
  await cluster.time.advance(VERSION_CHECK_MS);
  expect(cluster.version).toBe("3.7.0");
});

test("a downgrade: the version goes down, and when all members have followed it ends", async () => {
  const cluster = new Monitored("m1", "m2", "m3");
  cluster.downgrade = { enabled: true, targetVersion: "3.6.0" };
  cluster.servers = ["3.7.1", "3.7.0", "3.7.0"];
  cluster.monitor.start();
  await cluster.time.advance(6000);
  expect(cluster.version).toBe("3.6.0");
  expect(cluster.downgrade.enabled).toBe(true);
  cluster.servers = ["3.6.1", "3.6.1", "3.6.1"];
  await cluster.time.advance(6000);
  expect(cluster.downgrade.enabled).toBe(false);
  expect(cluster.lines).toContain("the cluster has been downgraded");
});

test("nothing runs after the stop", async () => {
  const cluster = new Monitored("m1");
  cluster.monitor.start();
  cluster.monitor.stop();
  cluster.monitor.wake();
  await cluster.time.advance(20_000);
  expect(cluster.rounds).toBe(0);
  expect(cluster.time.timerCount).toBe(0);
});

function publish(cluster: FakeCluster): Promise<boolean> {
  return publishMember({
    memberId: OWN_ID,
    clusterId: 0xabcn,
    name: "renamed",
    clientUrls: ["http://a:1", "http://b:1"],
    propose: cluster.propose,
    leadership: cluster,
    report: cluster.report,
    clock: cluster.time,
    scheduler: cluster.time,
  });
}

test("a member publishes itself again and again until the log has it, and tells failures seldom", async () => {
  const cluster = new FakeCluster("m1");
  cluster.failure = "too-many-requests";
  const published = publish(cluster);
  await cluster.time.advance(2000);
  expect(cluster.requests.length).toBeGreaterThan(10);
  expect(cluster.lines).toEqual(["failed to publish local member to cluster through raft"]);
  cluster.failure = undefined;
  expect(await cluster.time.settle(published)).toBe(true);
  expect(cluster.requests.at(-1)).toEqual({
    clusterMemberAttrSet: {
      memberID: OWN_ID,
      memberAttributes: { name: "renamed", clientUrls: ["http://a:1", "http://b:1"] },
    },
  });
});

test("a member that stops gives up publishing", async () => {
  const cluster = new FakeCluster("m1");
  cluster.failure = "timeout";
  const published = publish(cluster);
  await cluster.time.advance(500);
  cluster.stopped = true;
  expect(await cluster.time.settle(published)).toBe(false);
});
