/** Entries about leases, and puts with leases, through the applier over a real store; and what a restart makes of them. */
import { create, etcdserverpb as pb, fromBinary, leasepb, type MessageInitShape } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { beforeEach, describe, expect, test } from "vitest";
import { Lessor } from "../lease/lessor.js";
import { restoreAttachments } from "../lease/restore-attachments.js";
import { MemoryEngine } from "../mvcc/memory-engine.js";
import { Store } from "../mvcc/store.js";
import { LATEST, NO_SLOT } from "../mvcc/store-api.js";
import { ALARM_CORRUPT, ALARM_NOSPACE } from "./alarm.js";
import { AlarmSet } from "./alarm-set.js";
import { Applier } from "./applier.js";
import type { ApplyOutcome } from "./outcome.js";
import { FakeCluster, bytesOfBody, encodeRequest, turns } from "./testing/apply-bench.js";
import { bytesOf, textOf } from "./testing/naive-store.js";

type Request = Parameters<typeof encodeRequest>[0];

/** A member's state machine that can be started again over the same engine. */
class Machine {
  readonly engine = new MemoryEngine();
  readonly alarms = new AlarmSet();
  readonly cluster: FakeCluster & { version: string | undefined } = Object.assign(new FakeCluster(), {
    version: "3.7.0",
  });
  readonly space = { sizeBytes: 0, quotaBytes: Infinity };
  /** Slots of the last transaction that changed a key, as `key@sub`. */
  changes: string[] = [];
  store!: Store;
  lessor!: Lessor;
  #applier!: Applier;
  #index = 0;

  static async create(): Promise<Machine> {
    const machine = new Machine();
    await machine.start();
    return machine;
  }

  async start(): Promise<void> {
    const store = await Store.open(this.engine, {
      yieldTurn: () => turns.yieldTurn(),
      onCommit: (_revision, slots, count) => {
        this.changes = [...slots.subarray(0, count)].map((slot) => {
          const record = this.store.record(slot) ?? new Uint8Array(0);
          const size = record[1] ?? 0;
          return `${textOf(record, 2, 2 + size)}@${String(this.store.subOf(slot))}`;
        });
      },
    });
    const lessor = new Lessor({ ttlSecondsMin: 2, nowMs: () => 0 });
    for await (const { keys, values } of store.rows("lease")) {
      keys.forEach((key, i) => {
        lessor.restoreRow(key, values[i] ?? new Uint8Array(0));
      });
    }
    await restoreAttachments(lessor, store, turns);
    this.store = store;
    this.lessor = lessor;
    const { alarms, cluster, space } = this;
    const { consistentIndex } = store;
    this.#applier = new Applier({ store, consistentIndex, leases: lessor, alarms, cluster, space, turns });
  }

  async restart(): Promise<void> {
    await this.store.flushDurable();
    await this.start();
  }

  async apply(request: Request): Promise<ApplyOutcome> {
    return this.#applier.apply(++this.#index, 1, encodeRequest(request), true);
  }

  grant(id: bigint, ttl = 60): Promise<ApplyOutcome> {
    return this.apply({ leaseGrant: { ID: id, TTL: BigInt(ttl) } });
  }

  revoke(id: bigint): Promise<ApplyOutcome> {
    return this.apply({ leaseRevoke: { ID: id } });
  }

  put(
    key: string,
    lease = 0n,
    more: MessageInitShape<typeof pb.PutRequestSchema> = {},
  ): Promise<ApplyOutcome> {
    return this.apply({ put: create(pb.PutRequestSchema, { key: bytesOf(key), lease, ...more }) });
  }

  delete(key: string, rangeEnd = ""): Promise<ApplyOutcome> {
    return this.apply({ deleteRange: { key: bytesOf(key), rangeEnd: bytesOf(rangeEnd) } });
  }

  has(key: string): boolean {
    return this.store.find(bytesOf(key), 0, key.length, LATEST) !== NO_SLOT;
  }

  keysOf(id: bigint): string[] {
    return this.lessor.keysOf(id).map((key) => textOf(key, 0, key.length));
  }

  async rows(): Promise<leasepb.Lease[]> {
    const rows: leasepb.Lease[] = [];
    for await (const { values } of this.store.rows("lease"))
      rows.push(...values.map((value) => fromBinary(leasepb.LeaseSchema, value)));
    return rows;
  }
}

let machine: Machine;
beforeEach(async () => {
  machine = await Machine.create();
});

describe("grants", () => {
  test("answer with id and effective time, leave the revision and make a row", async () => {
    const { body, revision } = await machine.grant(-1n, 1);
    expect(fromBinary(pb.LeaseGrantResponseSchema, await bytesOfBody(body))).toMatchObject({
      ID: -1n,
      TTL: 2n,
    });
    expect(revision).toBe(1);
    expect(await machine.rows()).toMatchObject([{ ID: -1n, TTL: 2n, RemainingTTL: 0n }]);
  });

  test("are refused alike on every member", async () => {
    await machine.grant(1n);
    expect((await machine.grant(0n)).refusal).toBe("lease-not-found");
    expect((await machine.grant(1n)).refusal).toBe("lease-exist");
    expect((await machine.grant(1n, 9_000_000_001)).refusal).toBe("lease-ttl-too-large");
    expect(await machine.rows()).toHaveLength(1);
  });

  test("need room: an alarm refuses them, a quota only tells", async () => {
    machine.space.quotaBytes = 64;
    expect(await machine.grant(1n)).toMatchObject({ refusal: undefined, overQuota: true, body: undefined });
    expect(machine.lessor.exists(1n)).toBe(true);
    machine.alarms.activate({ memberId: 1n, type: ALARM_NOSPACE }, () => undefined);
    expect((await machine.grant(2n)).refusal).toBe("no-space");
    expect((await machine.revoke(1n)).refusal).toBeUndefined();
    machine.alarms.activate({ memberId: 1n, type: ALARM_CORRUPT }, () => undefined);
    expect((await machine.grant(2n)).refusal).toBe("corrupt");
    expect((await machine.revoke(2n)).refusal).toBe("corrupt");
  });
});

describe("revocations", () => {
  test("delete the keys in byte order in one revision, with the row", async () => {
    await machine.grant(1n);
    for (const key of ["b", "a\xff", "c", "a"]) await machine.put(key, 1n);
    await machine.put("kept");
    const before = machine.store.revision;
    expect(await machine.revoke(1n)).toMatchObject({ refusal: undefined, revision: before + 1 });
    expect(machine.changes).toEqual(["a@0", "a\xff@1", "b@2", "c@3"]);
    expect([machine.has("a"), machine.has("kept")]).toEqual([false, true]);
    expect(await machine.rows()).toEqual([]);
  });

  test("of a lease without keys leave the revision; of an unknown one change nothing", async () => {
    await machine.grant(1n);
    expect(await machine.revoke(1n)).toMatchObject({ refusal: undefined, revision: 1 });
    expect(await machine.revoke(1n)).toMatchObject({ refusal: "lease-not-found", revision: 1 });
  });

  test("of a hundred thousand keys are one revision", async () => {
    await machine.grant(1n);
    for (let i = 0; i < 1000; i++) {
      const success = Array.from({ length: 100 }, (_, j) => {
        const value = create(pb.PutRequestSchema, { key: bytesOf(`k${String(i)}/${String(j)}`), lease: 1n });
        return { request: { case: "requestPut" as const, value } };
      });
      await machine.apply({ txn: { success } });
    }
    expect(machine.lessor.keyCountOf(1n)).toBe(100_000);
    const { revision } = machine.store;
    await machine.revoke(1n);
    expect([machine.store.revision, machine.changes.length]).toEqual([revision + 1, 100_000]);
    expect(machine.store.countLatest(new Uint8Array(0), undefined)).toBe(0);
  });
});

describe("keys and their leases", () => {
  test("rule 66: a key belongs to the lease of its last put, also after a restart", async () => {
    await machine.grant(1n);
    await machine.grant(2n);
    await machine.put("k", 1n);
    await machine.put("k", 2n);
    await machine.restart();
    expect([machine.keysOf(1n), machine.keysOf(2n)]).toEqual([[], ["k"]]);
    await machine.revoke(1n);
    expect(machine.has("k")).toBe(true);
    await machine.revoke(2n);
    expect(machine.has("k")).toBe(false);
  });

  test("rule 19: a put that keeps the value only takes the key from its lease", async () => {
    await machine.grant(1n);
    await machine.put("k", 1n);
    await machine.put("k", 0n, { ignoreValue: true });
    await machine.revoke(1n);
    expect(machine.has("k")).toBe(true);
  });

  test("rule 20: a put that keeps the lease leaves the key attached", async () => {
    await machine.grant(1n);
    await machine.put("k", 1n);
    await machine.put("k", 0n, { ignoreLease: true, value: bytesOf("new") });
    expect(machine.keysOf(1n)).toEqual(["k"]);
    await machine.revoke(1n);
    expect(machine.has("k")).toBe(false);
  });

  test("rule 21: a lease that nobody granted refuses the put, and only where it is carried out", async () => {
    expect((await machine.put("k", 9n)).refusal).toBe("lease-not-found");
    const put = {
      case: "requestPut",
      value: create(pb.PutRequestSchema, { key: bytesOf("k"), lease: 9n }),
    } as const;
    expect((await machine.apply({ txn: { failure: [{ request: put }] } })).refusal).toBeUndefined();
    expect((await machine.apply({ txn: { success: [{ request: put }] } })).refusal).toBe("lease-not-found");
    expect(machine.store.revision).toBe(1);
  });

  test("a delete takes keys from their lease; one that comes again in the same transaction is attached anew", async () => {
    await machine.grant(1n);
    await machine.grant(2n);
    for (const key of ["a", "b", "c"]) await machine.put(key, 1n);
    await machine.delete("a");
    const put = create(pb.PutRequestSchema, { key: bytesOf("b"), lease: 2n });
    const remove = create(pb.DeleteRangeRequestSchema, { key: bytesOf("b"), rangeEnd: bytesOf("z") });
    // The intervals overlap, which validation at the edge would refuse, but entries of others may hold it.
    const txn = {
      success: [
        { request: { case: "requestDeleteRange" as const, value: remove } },
        { request: { case: "requestPut" as const, value: put } },
      ],
    };
    await machine.apply({ txn });
    expect([machine.keysOf(1n), machine.keysOf(2n)]).toEqual([[], ["b"]]);
  });
});

describe("checkpoints", () => {
  const checkpoint = (id: bigint, remaining: bigint): Promise<ApplyOutcome> =>
    machine.apply({
      leaseCheckpoint: {
        checkpoints: [
          { ID: id, remainingTTL: remaining },
          { ID: 404n, remainingTTL: 5n },
        ],
      },
    });

  test.each([
    ["3.6.0", 33n],
    ["3.7.0", 33n],
    ["4.0.0", 33n],
    ["3.5.9", 0n],
    [undefined, 0n],
  ])("are remembered, and at cluster version %s stored as %s", async (version, stored) => {
    machine.cluster.version = version;
    await machine.grant(1n);
    expect(await checkpoint(1n, 33n)).toMatchObject({ refusal: undefined, revision: 1 });
    expect(machine.lessor.row(1n)).toMatchObject({ remainingTtl: 33 });
    expect(await machine.rows()).toMatchObject([{ ID: 1n, RemainingTTL: stored }]);
    await machine.restart();
    expect(machine.lessor.row(1n)).toMatchObject({ ttl: 60, remainingTtl: Number(stored) });
  });

  test("are cleared by one of nothing", async () => {
    await machine.grant(1n);
    await checkpoint(1n, 33n);
    await checkpoint(1n, 0n);
    expect(await machine.rows()).toMatchObject([{ ID: 1n, RemainingTTL: 0n }]);
  });
});

test("rule 57: the strangest ids survive a restart", async () => {
  const ids = [-1n, -(2n ** 63n), 2n ** 63n - 1n];
  for (const id of ids) await machine.grant(id);
  for (const id of ids) await machine.put(`k${String(id)}`, id);
  await machine.restart();
  for (const id of ids) expect(machine.keysOf(id)).toEqual([`k${String(id)}`]);
});

test.each([1, 2, 3])(
  "random histories leave the attachments that the records say, before and after a restart (seed %i)",
  async (seed) => {
    const prng = new Prng(seed);
    const model = new Map<string, bigint>();
    const granted = new Set<bigint>();
    for (let step = 0; step < 600; step++) {
      const id = BigInt(1 + prng.below(5));
      const key = `k${String(prng.below(30))}`;
      const choice = prng.below(10);
      if (choice === 0) {
        await machine.grant(id);
        granted.add(id);
      } else if (choice === 1) {
        await machine.revoke(id);
        granted.delete(id);
        for (const [each, lease] of [...model]) if (lease === id) model.delete(each);
      } else if (choice === 2) {
        await machine.delete(key);
        model.delete(key);
      } else if (choice === 3 && prng.chance(0.1)) await machine.restart();
      else {
        const lease = prng.chance(0.3) ? 0n : id;
        await machine.put(key, lease);
        if (lease === 0n || granted.has(lease)) model.set(key, lease);
      }
      expect(machine.has(key)).toBe(model.has(key));
    }
    const compare = (): void => {
      for (const id of granted) {
        const expected = [...model].filter(([, lease]) => lease === id).map(([key]) => key);
        expect(machine.keysOf(id)).toEqual(expected.sort());
      }
    };
    compare();
    await machine.restart();
    compare();
  },
);
