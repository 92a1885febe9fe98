/** What holds when the member that leads is killed. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, test } from "vitest";
import { keyBytes } from "../kv/key-range.js";
import { createClient } from "../node/create-client.js";
import { TRANSPORTS } from "../testing/bench.js";
import { MemberCluster } from "../testing/member-cluster.js";

const KV = etcdserverpb.KV.method;

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("leases, locks, leaderships and copies outlive the leader, and a second time of each lease", async () => {
    await using cluster = await MemberCluster.start();
    await using client = createClient({ endpoints: cluster.endpoints, transport });
    const { calls } = client;
    await using lease = await client.leases.grant(5);
    const put = { key: keyBytes("kept"), value: keyBytes("v"), lease: lease.id };
    await calls.unary(KV.put, put, { safety: "write" });
    await using lock = await client.lock("held", { ttlSeconds: 5 });
    await using leadership = await client.election("led", { ttlSeconds: 5 }).campaign("me");
    await using cache = client.cache("copied/");
    await cache.synced;
    const waiting = client.lock("held", { ttlSeconds: 5 });
    await cluster.killLeader();
    // Longer than any of them lives without being renewed.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    expect([lease.lost.aborted, lock.lost.aborted, leadership.lost.aborted]).toEqual([false, false, false]);
    expect((await calls.unary(KV.range, { key: keyBytes("kept") }, { safety: "read" })).kvs).toHaveLength(1);
    await leadership.proclaim("still me");
    const written = await calls.unary(
      KV.put,
      { key: keyBytes("copied/a"), value: keyBytes("1") },
      { safety: "write" },
    );
    await cache.reached(written.header?.revision ?? 0n);
    expect(cache.get("copied/a")?.value).toBe("1");
    await lock.unlock();
    await using next = await waiting;
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
  });
});
