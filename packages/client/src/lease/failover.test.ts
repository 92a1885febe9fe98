/** What holds when the member that leads is killed. */
import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cache } from "../cache/cache.js";
import { toBytes } from "../session/key-bytes.js";
import { openClient, type BenchClient } from "../testing/bench.js";
import { MemberCluster } from "../testing/member-cluster.js";

const KV = etcdserverpb.KV.method;
const text = { encode: toBytes, decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes) };

let cluster: MemberCluster;
let client: BenchClient;

beforeAll(async () => {
  cluster = await MemberCluster.start();
  client = openClient(...cluster.endpoints);
});

afterAll(async () => {
  client.close();
  await cluster.stop();
});

test("leases, locks, leaderships and copies outlive the leader, and a second time of each lease", async () => {
  const { recipes, calls } = client;
  await using lease = await recipes.leases.grant(5);
  const put = { key: toBytes("kept"), value: toBytes("v"), lease: lease.id };
  await calls.unary(KV.put, put, { safety: "write" });
  await using lock = await recipes.lock("held", { ttlSeconds: 5 });
  await using leadership = await recipes.election("led", { codec: text, ttlSeconds: 5 }).campaign("me");
  await using cache = new Cache({ calls, events: calls }, "copied/", text);
  await cache.synced;
  const waiting = recipes.lock("held", { ttlSeconds: 5 });
  await cluster.killLeader();
  // Longer than any of them lives without being renewed.
  await new Promise((resolve) => setTimeout(resolve, 8000));
  expect([lease.lost.aborted, lock.lost.aborted, leadership.lost.aborted]).toEqual([false, false, false]);
  expect((await calls.unary(KV.range, { key: toBytes("kept") }, { safety: "read" })).kvs).toHaveLength(1);
  await leadership.proclaim("still me");
  const written = await calls.unary(
    KV.put,
    { key: toBytes("copied/a"), value: toBytes("1") },
    { safety: "write" },
  );
  await cache.reached(written.header?.revision ?? 0n);
  expect(cache.get("copied/a")?.value).toBe("1");
  await lock.unlock();
  await using next = await waiting;
  expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
});
