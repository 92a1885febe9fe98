/**
 * Situations of applying entries that are easy to get wrong, over the real store. The list, with those that other tests cover, is
 * docs/reference/situations.md.
 */
import { create, etcdserverpb as pb, type MessageInitShape } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { Lessor } from "../lease/lessor.js";
import { MemoryEngine } from "../mvcc/memory-engine.js";
import { Store } from "../mvcc/store.js";
import { AlarmSet } from "./alarm-set.js";
import { Applier } from "./applier.js";
import type { ApplyOutcome } from "./outcome.js";
import { FakeCluster, encodeRequest, turns } from "./testing/apply-bench.js";
import { bytesOf } from "./testing/naive-store.js";

type Request = Parameters<typeof encodeRequest>[0];
type Op = MessageInitShape<typeof pb.RequestOpSchema>;

class Machine {
  readonly alarms = new AlarmSet();
  readonly lessor: Lessor;
  readonly store: Store;
  readonly #applier: Applier;
  #index = 0;

  private constructor(store: Store, now: { ms: number }) {
    this.store = store;
    this.lessor = new Lessor({ ttlSecondsMin: 1, nowMs: () => now.ms });
    const { alarms } = this;
    const cluster = new FakeCluster();
    const space = { sizeBytes: 0, quotaBytes: Infinity };
    this.#applier = new Applier({
      store,
      consistentIndex: 0,
      leases: this.lessor,
      alarms,
      cluster,
      space,
      turns,
    });
  }

  static async create(now: { ms: number } = { ms: 0 }): Promise<Machine> {
    return new Machine(await Store.open(new MemoryEngine(), turns), now);
  }

  async apply(request: Request): Promise<ApplyOutcome> {
    return this.#applier.apply(++this.#index, 1, encodeRequest(request), true);
  }

  async freeEverything(): Promise<void> {
    await this.store.flushPending();
    while (this.store.compactStep(1000)) await this.store.flushPending();
    await this.store.flushPending();
  }
}

const putOf = (key: string, more: object = {}): pb.PutRequest =>
  create(pb.PutRequestSchema, { key: bytesOf(key), value: bytesOf("v"), ...more });
const put = (key: string, more: object = {}): Request => ({ put: putOf(key, more) });
const opPut = (key: string, more: object = {}): Op => ({
  request: { case: "requestPut", value: putOf(key, more) },
});
const opRange = (key: string, revision: number): Op => ({
  request: {
    case: "requestRange",
    value: create(pb.RangeRequestSchema, { key: bytesOf(key), revision: BigInt(revision) }),
  },
});
const remove = (key: string): Request => ({ deleteRange: { key: bytesOf(key) } });
const txn = (...success: Op[]): Request => ({ txn: { success } });

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});

describe("a transaction that fails its checks", () => {
  test.each([
    ["a lease that nobody granted", opPut("b", { lease: 9n }), "lease-not-found"],
    ["a value to keep where there is none", opPut("c", { ignoreValue: true }), "key-not-found"],
    ["a revision of the future", opRange("a", 99), "future-revision"],
  ] as const)(
    "by %s takes no revision, writes none of its puts, and tells the current one",
    async (_name, op, refusal) => {
      await machine.apply(put("a"));
      expect(await machine.apply(txn(opPut("b"), op, opPut("d")))).toMatchObject({ refusal, revision: 2 });
      expect([machine.store.revision, machine.store.consistentIndex]).toEqual([2, 2]);
      expect(machine.store.countLatest(bytesOf("a"), bytesOf("z"))).toBe(1);
      expect(await machine.apply(put("e"))).toMatchObject({ refusal: undefined, revision: 3 });
    },
  );
});

test("without space puts and grants are refused; deletes, compactions, revocations and the end of the alarm are not", async () => {
  await machine.apply({ leaseGrant: { ID: 7n, TTL: 60n } });
  for (const key of ["a", "b", "c"]) await machine.apply(put(key, key === "c" ? { lease: 7n } : {}));
  const alarm = { memberID: 1n, alarm: pb.AlarmType.NOSPACE };
  await machine.apply({ alarm: create(pb.AlarmRequestSchema, { action: 1, ...alarm }) });
  for (const refused of [put("a"), txn(opPut("a")), { leaseGrant: { ID: 8n, TTL: 60n } }]) {
    expect((await machine.apply(refused)).refusal).toBe("no-space");
  }
  expect(machine.store.revision).toBe(4);
  for (const allowed of [
    remove("a"),
    { leaseRevoke: { ID: 7n } },
    { compaction: { revision: 4n } },
    txn(opRange("b", 0)),
    { leaseCheckpoint: { checkpoints: [] } },
    { alarm: create(pb.AlarmRequestSchema, { action: 2, ...alarm }) },
  ]) {
    expect((await machine.apply(allowed)).refusal).toBeUndefined();
  }
  expect([machine.store.revision, machine.store.compactRevision]).toEqual([6, 4]);
  expect((await machine.apply(put("a"))).refusal).toBeUndefined();
});

test("a follower's leases end when the log says so, however long that takes", async () => {
  const now = { ms: 0 };
  const follower = await Machine.create(now);
  await follower.apply({ leaseGrant: { ID: 7n, TTL: 5n } });
  await follower.apply(put("a", { lease: 7n }));
  now.ms = 3_600_000;
  expect(follower.lessor.takeExpired(100, 0)).toEqual([]);
  expect((await follower.apply(put("b", { lease: 7n }))).refusal).toBeUndefined();
  expect(follower.store.countLatest(bytesOf("a"), bytesOf("z"))).toBe(2);
  await follower.apply({ leaseRevoke: { ID: 7n } });
  expect(follower.store.countLatest(bytesOf("a"), bytesOf("z"))).toBe(0);
});

test("a delete that deletes nothing has the current revision and takes no new one, in a transaction too", async () => {
  await machine.apply(put("a"));
  const op: Op = {
    request: {
      case: "requestDeleteRange",
      value: create(pb.DeleteRangeRequestSchema, { key: bytesOf("x") }),
    },
  };
  for (const nothing of [remove("x"), txn(op), txn()]) {
    expect(await machine.apply(nothing)).toMatchObject({ refusal: undefined, revision: 2 });
  }
  expect(await machine.apply(remove("a"))).toMatchObject({ revision: 3 });
});

describe("a compaction", () => {
  test("is decided when it is applied: older revisions are gone at once, and freeing them later changes no answer", async () => {
    for (let i = 0; i < 5; i++) await machine.apply(put("a"));
    const answers = async (): Promise<unknown[]> => {
      const refusals: unknown[] = [];
      for (const request of [txn(opRange("a", 3)), txn(opRange("a", 4)), txn(opRange("a", 99))])
        refusals.push((await machine.apply(request)).refusal);
      for (const revision of [3n, 4n, 99n])
        refusals.push((await machine.apply({ compaction: { revision } })).refusal);
      return refusals;
    };
    expect((await machine.apply({ compaction: { revision: 4n } })).refusal).toBeUndefined();
    expect(machine.store.finishedCompactRevision).toBe(-1);
    const before = await answers();
    expect(before).toEqual([
      "compacted",
      undefined,
      "future-revision",
      "compacted",
      "compacted",
      "future-revision",
    ]);
    await machine.freeEverything();
    expect(machine.store.finishedCompactRevision).toBe(4);
    expect(await answers()).toEqual(before);
  });

  test("leaves members with equal hashes, however far each has freed", async () => {
    const others = await Promise.all([Machine.create(), Machine.create()]);
    const all = [machine, ...others];
    for (let i = 0; i < 200; i++) {
      const request =
        i % 40 === 39
          ? { compaction: { revision: BigInt(machine.store.revision - 10) } }
          : i % 7 === 6
            ? remove(`k${String(i % 5)}`)
            : put(`k${String(i % 5)}`);
      for (const each of all) await each.apply(request);
      await machine.freeEverything(); // one at once, one now and then, one never
      if (i === 100) await others[0]?.freeEverything();
    }
    const { revision, compactRevision } = machine.store;
    for (const at of [compactRevision, revision - 3, revision]) {
      const [first, ...rest] = await Promise.all(all.map((each) => each.store.hashKv(at)));
      expect(first).toMatchObject({ kind: "hash", compactRevision });
      for (const hash of rest) expect(hash).toEqual(first);
    }
  });
});
