import { expect, test } from "vitest";
import { callKv } from "../load/key-value-wire.js";
import { SimCluster } from "./sim-cluster.js";

const NO_FLAGS = new Map<string, string>();

async function started(seed: number): Promise<SimCluster> {
  const cluster = new SimCluster({ seed, memberCount: 3, flags: NO_FLAGS, clockRate: () => 1 });
  cluster.start();
  await cluster.time.run(20_000, () => cluster.isServing && cluster.leader !== undefined);
  return cluster;
}

test("three members elect a leader, take a write and tell it to readers everywhere", async () => {
  const cluster = await started(1);
  expect(cluster.ends).toEqual([]);
  expect(cluster.leader).toBeDefined();
  const clients = cluster.members.map((member) => cluster.client("c", member));
  const put = callKv(clients[0]!, { kind: "put", key: "a", value: "1" }, 5000);
  await cluster.time.run(cluster.time.nowMs + 1000);
  expect(await put).toMatchObject({ ok: true, message: { previous: null } });
  for (const client of clients) {
    const get = callKv(client, { kind: "get", key: "a", serializable: false }, 5000);
    await cluster.time.run(cluster.time.nowMs + 1000);
    expect(await get).toMatchObject({ ok: true, message: { kvs: [{ key: "a", value: "1" }] } });
  }
});

test("what was acknowledged outlives a loss of power of everybody", async () => {
  const cluster = await started(2);
  const put = callKv(cluster.client("c", cluster.leader!), { kind: "put", key: "a", value: "1" }, 5000);
  await cluster.time.run(cluster.time.nowMs + 1000);
  expect(await put).toMatchObject({ ok: true });
  for (const member of cluster.members) await member.kill("power-lost");
  cluster.start();
  await cluster.time.run(cluster.time.nowMs + 20_000, () => cluster.isServing);
  const client = cluster.client("c", cluster.members[0]!);
  const get = callKv(client, { kind: "get", key: "a", serializable: false }, 5000);
  await cluster.time.run(cluster.time.nowMs + 5000);
  expect(await get).toMatchObject({ ok: true, message: { kvs: [{ key: "a", value: "1" }] } });
  expect(cluster.ends).toEqual([]);
});

test("the same seed lives the same life", async () => {
  const lives = await Promise.all([started(3), started(3)]);
  expect(lives[0].logLines).toEqual(lives[1].logLines);
  expect(lives[0].time.eventCount).toBe(lives[1].time.eventCount);
});
