/**
 * Random lives of a cluster: members cut off, logs dropped, leadership moved, members added, writes and reads all the while. Afterwards
 * everything that was acknowledged is everywhere, all members are equal, and no read was stale. A failure names its seed.
 */
import { formatMember, LATEST, NO_SLOT } from "@quorate/machine";
import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { memberOf, put, TestCluster, type ClusterMember, type Put } from "./testing/cluster-fixture.js";

const SEEDS = 25;
const STEPS = 60;
const MEMBERS_MAX = 5n;

class Life {
  readonly acknowledged: string[] = [];
  readonly staleReads: string[] = [];
  readonly #cluster: TestCluster;
  readonly #prng: Prng;
  #open: { readonly key: string; readonly put: Put }[] = [];
  #keyCount = 0;
  #nextId = 4n;

  constructor(cluster: TestCluster, seed: number) {
    this.#cluster = cluster;
    this.#prng = new Prng(seed);
  }

  async step(): Promise<void> {
    switch (this.#below(9)) {
      case 0:
      case 1:
        for (let count = this.#below(20); count >= 0; count--) this.#write();
        break;
      case 2:
        if (this.#cluster.isolated.size === 0) this.#cluster.isolated.add(this.#any().id);
        break;
      case 3:
        this.#cluster.isolated.clear();
        break;
      case 4:
        this.#cluster.compact(this.#any().id);
        break;
      case 5:
        this.#any().member.transferLeader(this.#any().id);
        break;
      case 6:
        this.#read();
        break;
      case 7:
        await this.#grow();
        break;
    }
    await this.#cluster.advance(100 * (1 + this.#below(15)));
    this.note();
  }

  /** Sorts out what has been answered. */
  note(): void {
    for (const { key, put: result } of this.#open)
      if (result.revision !== undefined) this.acknowledged.push(key);
    this.#open = this.#open.filter(
      ({ put: result }) => result.revision === undefined && result.failure === undefined,
    );
  }

  #below(bound: number): number {
    return this.#prng.below(bound);
  }

  #any(): ClusterMember {
    const members = [...this.#cluster.members.values()];
    const member = members[this.#below(members.length)];
    if (member === undefined) throw new Error("no members");
    return member;
  }

  #write(): void {
    const key = `k${this.#keyCount++}`;
    this.#open.push({ key, put: put(this.#any(), key, "v") });
  }

  #read(): void {
    const at = this.#any();
    const expected = [...this.acknowledged];
    at.member.awaitReadIndex({
      onReady: () => {
        for (const key of expected) if (!has(at, key)) this.staleReads.push(`${key} at ${at.id}`);
      },
      onFailed: () => undefined,
    });
  }

  async #grow(): Promise<void> {
    if (this.#nextId > MEMBERS_MAX || this.#cluster.isolated.size > 0) return;
    const id = this.#nextId++;
    const isLearner = this.#below(2) === 0;
    const context = formatMember({ ...memberOf(id), name: "", isLearner });
    // Whether it is taken shows in the end, when all members must agree.
    this.#any()
      .member.proposeConfChange({ kind: isLearner ? "add-learner" : "add-node", nodeId: id, context })
      .catch((error: unknown) => this.#cluster.fatal.push(error as Error));
    await this.#cluster.advance(300);
    if (this.#below(2) === 0) this.#cluster.compact(1n);
    await this.#cluster.join(id);
  }
}

function has({ store }: ClusterMember, key: string): boolean {
  const bytes = Buffer.from(key);
  return store.find(bytes, 0, bytes.length, LATEST) !== NO_SLOT;
}

test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))("seed %i", async (seed) => {
  const cluster = await TestCluster.create([1n, 2n, 3n]);
  await cluster.advance(2500);
  const life = new Life(cluster, seed);
  for (let step = 0; step < STEPS && cluster.fatal.length === 0; step++) await life.step();
  cluster.isolated.clear();
  await cluster.advance(8000);
  life.note();
  expect(cluster.fatal).toEqual([]);
  expect(life.staleReads).toEqual([]);
  const members = [...cluster.members.values()].filter(({ member }) => member.leader !== 0n);
  expect(members.length).toBeGreaterThanOrEqual(3);
  const [first] = members;
  for (const each of members) {
    expect(each.member.appliedIndex).toBe(first?.member.appliedIndex);
    expect(each.cluster.confState).toEqual(first?.cluster.confState);
    expect(await each.store.hashAll()).toBe(await first?.store.hashAll());
    expect(life.acknowledged.filter((key) => !has(each, key))).toEqual([]);
  }
});
