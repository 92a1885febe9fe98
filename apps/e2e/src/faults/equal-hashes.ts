import { etcdserverpb } from "@quorate/proto";
import { expect } from "vitest";
import type { FaultCluster } from "./fault-cluster.js";

const HASH_MS_MAX = 120_000;
const { hashKV } = etcdserverpb.Maintenance.method;

/** Fails unless all members have the same history up to the newest revision that one of them has now. */
export async function expectEqualHashes(cluster: FaultCluster): Promise<void> {
  await cluster.waitUntilHealthy();
  const leader = await cluster.leader();
  const read = await leader.client.demand(etcdserverpb.KV.method.range, { key: Uint8Array.of(0) });
  const revision = read.header?.revision ?? 0n;
  const hashes = await Promise.all(
    cluster.members.map(async ({ name, client }) => {
      const { hash, compactRevision } = await client.demand(hashKV, { revision }, HASH_MS_MAX);
      return { name, hash, compactRevision };
    }),
  );
  for (const { name, hash, compactRevision } of hashes) {
    expect({ name, hash, compactRevision }).toEqual({ ...hashes[0], name });
  }
}
