import { createHash } from "node:crypto";
import { create, etcdserverpb } from "@quorate/proto";
import { describe, expect, test } from "vitest";
import type { Calls } from "../calls.js";
import { createSha256 } from "../node/sha256.js";
import { onBothServers } from "../testing/both-servers.js";
import { readSnapshot } from "./read-snapshot.js";

onBothServers((bench) => {
  describe("maintenance", () => {
    test("tells how a member is", async () => {
      const { client, endpoint } = bench;
      const { revision } = await client.put("m/a", "1");
      const status = await client.maintenance.status(endpoint);
      expect(status).toMatchObject({ isLeader: true, isLearner: false, revision, errors: [] });
      expect(status.version).toMatch(/^3\.\d+\.\d+/);
      expect(status.leaderId).toBe(status.memberId);
      expect(status.dbSizeBytes).toBeGreaterThan(0);
      expect(status.raftAppliedIndex).toBeGreaterThan(0n);
    });

    test("hashes, defragments, and knows no alarms", async () => {
      const { client, endpoint } = bench;
      const { revision } = await client.put("m/b", "1");
      const before = await client.maintenance.hashKv(endpoint, { revision });
      await client.put("m/b", "2");
      expect(await client.maintenance.hashKv(endpoint, { revision })).toMatchObject({ hash: before.hash });
      await client.maintenance.defragment(endpoint);
      expect((await client.get("m/b"))?.value).toBe("2");
      expect(await client.maintenance.alarms()).toEqual([]);
      const { memberId } = await client.maintenance.status(endpoint);
      await client.maintenance.disarm({ memberId, kind: "nospace" });
    });

    test("gives a snapshot with its digest", async () => {
      const { client } = bench;
      await client.put("m/c", "x".repeat(100_000));
      const snapshot = client.maintenance.snapshot();
      const pieces: Uint8Array[] = [];
      for await (const piece of snapshot) pieces.push(piece);
      const file = Buffer.concat(pieces);
      expect(file.length).toBe(snapshot.totalBytes);
      const digest = createHash("sha256").update(file.subarray(0, -32)).digest();
      expect(digest.equals(file.subarray(-32))).toBe(true);
      for await (const piece of client.maintenance.snapshot()) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
    });

    test("moves leadership to members only", async () => {
      const { client, endpoint } = bench;
      await expect(client.maintenance.moveLeader(endpoint, 1n)).rejects.toMatchObject({
        name: "QuorateError",
      });
    });

    test("tells of servers that know no downgrades, and of those that do", async () => {
      const validation = bench.client.maintenance.downgrade("validate", "9.9.0");
      // etcd before 3.5 does not have the method at all.
      await expect(validation).rejects.toMatchObject({ name: "QuorateError" });
    });
  });

  describe("the cluster", () => {
    test("has its member, which can be told another address", async () => {
      const { client, endpoint } = bench;
      const [member, ...others] = await client.cluster.members();
      expect(others).toEqual([]);
      expect(member?.id).toBe((await client.maintenance.status(endpoint)).memberId);
      expect(member?.clientUrls[0]).toContain(endpoint);
      expect(await client.cluster.members({ local: true })).toHaveLength(1);
      if (member === undefined) return;
      await client.cluster.update(member.id, member.peerUrls);
      await expect(client.cluster.add(member.peerUrls)).rejects.toMatchObject({ reason: "peer-url-exist" });
      await expect(client.cluster.remove(1n)).rejects.toMatchObject({ reason: "member-not-found" });
      await expect(client.cluster.promote(member.id)).rejects.toMatchObject({ name: "QuorateError" });
    });
  });
});

describe("a snapshot that is not whole", () => {
  const read = async (pieces: readonly { blob: Uint8Array; remainingBytes: bigint }[]): Promise<void> => {
    const answers = pieces.map((piece) => create(etcdserverpb.SnapshotResponseSchema, piece));
    const calls = {
      async *serverStream() {
        yield* answers;
      },
    } as unknown as Calls;
    for await (const piece of readSnapshot(calls, {}, createSha256)) expect(piece).toBeInstanceOf(Uint8Array);
  };
  const data = new TextEncoder().encode("the database");
  const digest = new Uint8Array(createHash("sha256").update(data).digest());
  const end = { blob: digest, remainingBytes: 0n };
  const begin = { blob: data, remainingBytes: 0n };

  test("is told by its length, or by its digest", async () => {
    await read([begin, end]);
    await read([
      { ...begin, blob: data.subarray(0, 3), remainingBytes: 9n },
      { blob: data.subarray(3), remainingBytes: 0n },
      end,
    ]);
    await expect(read([begin])).rejects.toThrow("ended after 12 bytes");
    await expect(read([])).rejects.toThrow("ended after 0 bytes");
    const wrong = { blob: digest.map((byte) => byte ^ 1), remainingBytes: 0n };
    await expect(read([begin, wrong])).rejects.toThrow("its digest is wrong");
  });
});
