/** Members that have the same hash the same, whatever was compacted and defragmented where. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { TestCluster } from "../cluster/test-cluster.js";
import { startCluster } from "../cluster/use-cluster.js";
import { lacksRules } from "../auth/rules.js";
import { subjectKind } from "../harness/programs.js";
import type { WireClient } from "../harness/wire-client.js";

const { put, deleteRange, compact } = etcdserverpb.KV.method;
const { defragment, hashKV } = etcdserverpb.Maintenance.method;
const suite = "hashes of the keys";

interface Written {
  readonly header?: { readonly revision: bigint } | undefined;
}

interface Hashed {
  readonly hash: number;
  readonly compactRevision: bigint;
  readonly hashRevision: bigint;
}

/** One history that all rules are about, each taking up where the one before it left off. */
class Scribe {
  readonly #cluster: TestCluster;
  revision = 1;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async put(...keys: readonly string[]): Promise<void> {
    for (const key of keys)
      await this.#write((client) =>
        client.demand(put, { key: Buffer.from(key), value: Buffer.from(`${key} at ${this.revision}`) }),
      );
  }

  async delete(...keys: readonly string[]): Promise<void> {
    for (const key of keys)
      await this.#write((client) => client.demand(deleteRange, { key: Buffer.from(key) }));
  }

  /** Compacts, and looks whether what is kept of it is what was there before, on each member. */
  async compact(revision: number): Promise<void> {
    const before = await this.hashes(revision);
    await this.compactAway(revision);
    expect(await this.hashes(revision)).toEqual(before);
  }

  /** Compacts, and looks whether all members keep the same of it. */
  async compactAway(revision: number): Promise<void> {
    const { client } = await this.#cluster.leader();
    await client.demand(compact, { revision: BigInt(revision), physical: true });
    // A member that is still at it computes the hash anew, and says that it is of what this compaction left.
    await expect
      .poll(async () => (await this.#ask(revision)).map(({ compactRevision }) => Number(compactRevision)))
      .not.toContain(revision);
    await this.expectEqual(revision);
  }

  /** All members, at each revision from this one on. */
  async expectEqual(from: number): Promise<void> {
    for (let revision = from; revision <= this.revision; revision++) await this.hashes(revision);
  }

  /** @returns what all members say, which is one thing. */
  async hashes(revision: number): Promise<Hashed> {
    await this.#cluster.waitUntilCaughtUp();
    const all = await this.#ask(revision);
    const [first] = all;
    if (first === undefined) throw new Error("no members");
    for (const each of all) expect(each, `revision ${revision}`).toEqual(first);
    expect(first.hashRevision).toBe(BigInt(revision));
    return first;
  }

  #ask(revision: number): Promise<readonly Hashed[]> {
    return Promise.all(
      this.#cluster.members.map(async ({ client }) => {
        const answer = await client.demand(hashKV, { revision: BigInt(revision) });
        const { hash, compactRevision, hashRevision } = answer;
        return { hash, compactRevision, hashRevision };
      }),
    );
  }

  async #write(write: (client: WireClient) => Promise<Written>): Promise<void> {
    const { header } = await write((await this.#cluster.leader()).client);
    this.revision = Number(header?.revision ?? 0n);
  }
}

describe.skipIf(lacksRules(suite))(suite, () => {
  it("rule 50: are equal after compactions, also on deletions, and after defragmenting, and kept as they were", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name })));
    const scribe = new Scribe(cluster);
    await scribe.put("a", "b", "a", "c", "a");
    await scribe.compact(scribe.revision - 1);

    // Twice on a deletion: at its revision, and later with nothing else of the key.
    await scribe.delete("a");
    const deleted = scribe.revision;
    await scribe.put("d", "b");
    await scribe.compact(deleted);
    await scribe.put("b", "d");
    await scribe.compact(scribe.revision - 1);

    // All keys are deleted, and the last deletion is the newest revision: etcd's hash of what is left then is not the one before.
    await scribe.delete("b", "c", "d");
    await scribe.compactAway(scribe.revision);
    await scribe.put("a", "e", "e");
    await scribe.expectEqual(scribe.revision - 3);

    const [follower] = await cluster.followers();
    const before = await scribe.hashes(scribe.revision);
    await follower?.client.demand(defragment, {});
    expect(await scribe.hashes(scribe.revision)).toEqual(before);
    await scribe.expectEqual(scribe.revision - 3);

    // What a member keeps in memory of its compactions goes with its process; what is stored hashes the same.
    await follower?.stop();
    follower?.start();
    await cluster.waitUntilHealthy();
    expect(await scribe.hashes(scribe.revision)).toEqual(before);
    cluster.expectNoDeaths();
  });
});
