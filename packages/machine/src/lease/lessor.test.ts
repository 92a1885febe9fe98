/** The lessor's rules one by one, its parts against naive models, and random histories against a dumb lessor. */
import { AssertionError, Prng } from "@quorate/std";
import { beforeEach, describe, expect, test } from "vitest";
import { AttachedKeys } from "./attached-keys.js";
import { decodeLeaseRow, encodeLeaseRow, leaseRowKey } from "./lease-row.js";
import { minLeaseTtlSeconds } from "./lease.js";
import { Lessor } from "./lessor.js";
import { TimeHeap } from "./time-heap.js";

let nowMs = 0;
let lessor: Lessor;
beforeEach(() => {
  nowMs = 1000;
  lessor = createLessor();
});

function createLessor(checkpointIntervalMs?: number): Lessor {
  return new Lessor({ ttlSecondsMin: 2, nowMs: () => nowMs, checkpointIntervalMs });
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));
const text = (value: Uint8Array): string => String.fromCharCode(...value);
const keysOf = (id: bigint): string[] => lessor.keysOf(id).map(text);

function attach(id: bigint, key: string): void {
  lessor.attach(id, bytes(`..${key}.`), 2, 2 + key.length);
}

function revoke(id: bigint): string[] {
  const keys: string[] = [];
  lessor.revoke(id, (buffer, start, end) => keys.push(text(buffer.slice(start, end))) > 0);
  return keys;
}

describe("grants", () => {
  test("rule 56: a time to live below the minimum is raised to it", () => {
    expect([lessor.grant(1n, 0), lessor.grant(2n, -5), lessor.grant(3n, 1), lessor.grant(4n, 3)]).toEqual([
      2, 2, 2, 3,
    ]);
  });

  test("rule 57: any id but zero will do", () => {
    expect(lessor.grant(-1n, 10)).toBe(10);
    expect(lessor.grant(-(2n ** 63n), 10)).toBe(10);
    expect(lessor.grant(2n ** 63n - 1n, 10)).toBe(10);
    expect(lessor.grant(0n, 10)).toBe("lease-not-found");
  });

  test("rule 58: an id that is there is refused, a length beyond all measure before that", () => {
    expect(lessor.grant(1n, 9_000_000_000)).toBe(9_000_000_000);
    expect(lessor.grant(1n, 10)).toBe("lease-exist");
    expect(lessor.grant(1n, 9_000_000_001)).toBe("lease-ttl-too-large");
  });

  test.each([
    [10, 100, 2],
    [10, 50, 1],
    [3, 1000, 4],
    [5, 100, 1],
    [50, 500, 38],
  ])("%i ticks of %i ms make a minimum of %i s", (ticks, heartbeatMs, seconds) => {
    expect(minLeaseTtlSeconds(ticks, heartbeatMs)).toBe(seconds);
  });
});

describe("attachments", () => {
  test("a revocation visits the keys in byte order, and they are gone", () => {
    lessor.grant(1n, 10);
    lessor.grant(2n, 10);
    for (const key of ["b", "a\xff", "a", "", "\x80"]) attach(1n, key);
    attach(2n, "a");
    expect(keysOf(1n)).toEqual(["", "a", "a\xff", "b", "\x80"]);
    expect(revoke(1n)).toEqual(["", "a", "a\xff", "b", "\x80"]);
    expect(lessor.exists(1n)).toBe(false);
    expect(lessor.hasAttachments).toBe(true);
    expect(revoke(2n)).toEqual(["a"]);
    expect(lessor.hasAttachments).toBe(false);
  });

  test("attaching twice counts once; detaching from a lease that is gone does nothing", () => {
    lessor.grant(1n, 10);
    attach(1n, "a");
    attach(1n, "a");
    expect(lessor.keyCountOf(1n)).toBe(1);
    lessor.detach(2n, bytes("a"), 0, 1);
    lessor.detach(1n, bytes("b"), 0, 1);
    expect(lessor.keyCountOf(1n)).toBe(1);
    lessor.detach(1n, bytes("a"), 0, 1);
    expect([lessor.keyCountOf(1n), lessor.hasAttachments]).toEqual([0, false]);
  });

  test("a lease granted again under the id of a revoked one has none of its keys", () => {
    lessor.grant(1n, 10);
    attach(1n, "a");
    revoke(1n);
    lessor.grant(1n, 10);
    expect(keysOf(1n)).toEqual([]);
  });

  test("keys come in parts", () => {
    lessor.grant(1n, 10);
    for (let i = 0; i < 10; i++) attach(1n, `k${String(i)}`);
    expect(lessor.keysOf(1n, 3).map(text)).toEqual(["k0", "k1", "k2"]);
    expect(lessor.keysOf(1n, 3, bytes("k2")).map(text)).toEqual(["k3", "k4", "k5"]);
  });

  test("the memory of dropped keys is freed in steps", () => {
    lessor.grant(1n, 10);
    for (let i = 0; i < 10; i++) attach(1n, `k${String(i)}`);
    revoke(1n);
    expect([lessor.sweep(4), lessor.sweep(4), lessor.sweep(4)]).toEqual([true, true, false]);
  });

  test("a key attached to a lease that is not there is our own mistake", () => {
    expect(() => {
      attach(7n, "a");
    }).toThrow(AssertionError);
  });
});

describe("the leader's clock", () => {
  test("only the primary expires and renews", () => {
    lessor.grant(1n, 5);
    nowMs += 1e9;
    expect([lessor.isExpired(1n), lessor.renew(1n)]).toEqual([false, "not-primary"]);
    expect(lessor.takeExpired(10, 7000)).toEqual([]);
  });

  test("rule 65: a new leader gives every lease its whole time, and the time of an election", () => {
    lessor.grant(1n, 5);
    lessor.promote(0);
    nowMs += 4999;
    lessor.demote();
    lessor.promote(1000);
    nowMs += 5999;
    expect(lessor.isExpired(1n)).toBe(false);
    nowMs += 1;
    expect(lessor.isExpired(1n)).toBe(true);
  });

  test("a lease that was renewed in time lives on; an expired one waits for its revocation", () => {
    lessor.promote(0);
    lessor.grant(1n, 5);
    nowMs += 4999;
    expect(lessor.renew(1n)).toBe(5);
    nowMs += 4999;
    expect(lessor.takeExpired(10, 7000)).toEqual([]);
    nowMs += 1;
    expect(lessor.renew(1n)).toBe("expired");
    expect(lessor.takeExpired(10, 7000)).toEqual([1n]);
    expect(lessor.takeExpired(10, 7000)).toEqual([]);
    nowMs += 7000;
    expect(lessor.takeExpired(10, 7000)).toEqual([1n]);
    revoke(1n);
    expect(lessor.renew(1n)).toBe("not-found");
    nowMs += 7000;
    expect(lessor.takeExpired(10, 7000)).toEqual([]);
  });

  test("a revocation is told to who waits for it", () => {
    const told: bigint[] = [];
    lessor.onRevoked = (id) => told.push(id);
    lessor.grant(1n, 5);
    revoke(1n);
    expect(told).toEqual([1n]);
  });

  test("seconds left are rounded towards zero, and go below it when the revocation is late", () => {
    lessor.promote(0);
    lessor.grant(1n, 5);
    const ttlAfter = (elapsedMs: number): number | undefined => {
      nowMs = 1000 + elapsedMs;
      return lessor.timeToLive(1n)?.ttl;
    };
    expect([0, 1, 4000, 4001, 4999, 5999, 6000].map(ttlAfter)).toEqual([5, 4, 1, 0, 0, -0, -1]);
    expect(lessor.timeToLive(2n)).toBeUndefined();
  });

  test("rule 69: leases come by what is left, those of equal length in the order of their grants", () => {
    lessor.promote(0);
    for (const id of [5n, 3n, 9n]) lessor.grant(id, 10);
    lessor.grant(4n, 5);
    expect(lessor.list()).toEqual([4n, 5n, 3n, 9n]);
  });

  test("many leases of one length do not end in the same second under a new leader", () => {
    for (let i = 1; i <= 3000; i++) lessor.grant(BigInt(i), 10);
    lessor.promote(1000);
    while (lessor.continuePromotion()) expect(lessor.isPrimary).toBe(true);
    const expiredPerSecond: number[] = [];
    let previous = 0;
    for (let second = 11; second <= 16; second++) {
      nowMs = 1000 + second * 1000;
      const count = Array.from({ length: 3000 }, (_, i) => lessor.isExpired(BigInt(i + 1))).filter(
        Boolean,
      ).length;
      expiredPerSecond.push(count - previous);
      previous = count;
    }
    expect(previous).toBe(3000);
    expect(Math.max(...expiredPerSecond)).toBeLessThanOrEqual(751);
  });

  test("a new leader gives many leases their time in steps, and what happens between them counts", () => {
    const count = 10_000;
    for (let i = 1; i <= count; i++) lessor.grant(BigInt(i), 10 + (i % 3));
    lessor.promote(0);
    const [last, renewed, revoked, granted] = [BigInt(count), 9_999n, 9_998n, 20_000n];
    expect(lessor.timeToLive(last)?.ttl).toBe(10 + (count % 3));
    nowMs += 5000;
    expect(lessor.renew(renewed)).toBe(10);
    revoke(revoked);
    lessor.grant(granted, 10);
    let steps = 1;
    while (lessor.continuePromotion()) steps += 1;
    expect(steps).toBeGreaterThan(5);
    expect(lessor.timeToLive(renewed)?.ttl).toBe(10);
    expect(lessor.timeToLive(granted)?.ttl).toBe(10);
    nowMs += 1e6;
    const expired = lessor.takeExpired(2 * count, 7000);
    expect(expired).toHaveLength(count);
    expect(expired).not.toContain(revoked);
    expect(lessor.continuePromotion()).toBe(false);
  });

  test("a leader that loses its place between the steps leaves nothing to the next time", () => {
    for (let i = 1; i <= 5000; i++) lessor.grant(BigInt(i), 10);
    lessor.promote(0);
    lessor.demote();
    expect(lessor.continuePromotion()).toBe(false);
    nowMs += 60_000;
    expect(lessor.takeExpired(10, 7000)).toEqual([]);
    lessor.promote(0);
    expect(lessor.isExpired(1n)).toBe(false);
    expect(lessor.timeToLive(5000n)?.ttl).toBe(10);
  });

  test("fewer than a second's worth of leases are not spread", () => {
    for (let i = 1; i <= 999; i++) lessor.grant(BigInt(i), 10);
    lessor.promote(0);
    nowMs += 10_000;
    expect(lessor.takeExpired(2000, 7000)).toHaveLength(999);
  });
});

describe("checkpoints", () => {
  beforeEach(() => {
    lessor = createLessor(300_000);
    lessor.promote(0);
  });

  test("a lease longer than the interval is checkpointed once per interval", () => {
    lessor.grant(1n, 1000);
    lessor.grant(2n, 300);
    nowMs += 299_999;
    expect(lessor.takeCheckpoints(10)).toEqual([]);
    nowMs += 1;
    expect(lessor.takeCheckpoints(10)).toEqual([{ id: 1n, remainingTtl: 700 }]);
    expect(lessor.takeCheckpoints(10)).toEqual([]);
    lessor.checkpoint(1n, 700);
    nowMs += 300_500;
    expect(lessor.takeCheckpoints(10)).toEqual([{ id: 1n, remainingTtl: 400 }]);
  });

  test("a new leader gives what was left at the checkpoint; clearing it gives all again", () => {
    lessor.grant(1n, 1000);
    lessor.checkpoint(1n, 400);
    expect(lessor.hasCheckpoint(1n)).toBe(true);
    lessor.demote();
    lessor.promote(1000);
    expect(lessor.timeToLive(1n)).toEqual({ ttl: 401, grantedTtl: 1000 });
    lessor.checkpoint(1n, 0);
    lessor.promote(0);
    expect(lessor.timeToLive(1n)?.ttl).toBe(1000);
    expect(lessor.checkpoint(9n, 5)).toBe(false);
  });

  test("without an interval there are none", () => {
    lessor = createLessor();
    lessor.promote(0);
    lessor.grant(1n, 1_000_000);
    nowMs += 1e8;
    expect(lessor.takeCheckpoints(10)).toEqual([]);
  });
});

describe("rows", () => {
  test.each([
    { id: -1n, ttl: 10, remainingTtl: 0 },
    { id: 2n ** 63n - 1n, ttl: 9_000_000_000, remainingTtl: 5 },
    { id: 1n, ttl: 1, remainingTtl: 0 },
  ])("lease $id of $ttl s survives", (row) => {
    expect(decodeLeaseRow(encodeLeaseRow(row))).toEqual(row);
    lessor.restoreRow(leaseRowKey(row.id), encodeLeaseRow(row));
    expect(lessor.row(row.id)).toMatchObject({ ...row, ttl: Math.max(row.ttl, 2) });
  });

  test("the bytes are etcd's", () => {
    expect([...leaseRowKey(0x0102n)]).toEqual([0, 0, 0, 0, 0, 0, 1, 2]);
    expect([...encodeLeaseRow({ id: 5n, ttl: 60, remainingTtl: 3 })]).toEqual([8, 5, 16, 60, 24, 3]);
  });

  test.each([
    ["bytes that are no message", leaseRowKey(1n), Uint8Array.of(0xff)],
    ["no id", leaseRowKey(1n), Uint8Array.of(16, 60)],
    ["the id of another lease", leaseRowKey(1n), encodeLeaseRow({ id: 2n, ttl: 5, remainingTtl: 0 })],
    ["a short key", Uint8Array.of(1), encodeLeaseRow({ id: 1n, ttl: 5, remainingTtl: 0 })],
  ])("a row with %s is corruption", (_name, key, value) => {
    expect(() => {
      lessor.restoreRow(key, value);
    }).toThrow(/lease/);
  });

  test("another lessor's leases replace ours, which is not primary afterwards", () => {
    lessor.grant(1n, 10);
    lessor.promote(0);
    const other = createLessor();
    other.grant(2n, 20);
    other.attach(2n, bytes("k"), 0, 1);
    lessor.adopt(other);
    expect([lessor.list(), lessor.isPrimary, keysOf(2n)]).toEqual([[2n], false, ["k"]]);
    lessor.promote(0);
    lessor.grant(3n, 10);
    expect(lessor.list()).toEqual([3n, 2n]);
  });
});

describe("against naive models", () => {
  test.each([1, 2, 3])("a heap of moments gives them in order (seed %i)", (seed) => {
    const prng = new Prng(seed);
    const heap = new TimeHeap();
    const model = new Map<number, number>();
    for (let step = 0; step < 3000; step++) {
      const row = prng.below(150);
      if (prng.chance(0.6)) {
        const time = prng.below(1000);
        heap.set(row, time);
        model.set(row, time);
      } else if (prng.chance(0.5)) {
        heap.remove(row);
        model.delete(row);
      } else if (heap.size > 0) {
        const first = heap.first;
        expect(model.get(first)).toBe(Math.min(...model.values()));
        expect(heap.firstTime).toBe(model.get(first));
        heap.remove(first);
        model.delete(first);
      }
      expect(heap.size).toBe(model.size);
    }
    heap.clear();
    expect([heap.first, heap.firstTime]).toEqual([-1, Infinity]);
  });

  test.each([1, 2, 3])("attached keys are a set of pairs (seed %i)", (seed) => {
    const prng = new Prng(seed);
    const keys = new AttachedKeys();
    const model = new Map<number, Set<string>>();
    for (let step = 0; step < 5000; step++) {
      const lease = prng.pick([1, 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40]);
      const key = `${"k".repeat(prng.below(300))}${String(prng.below(20))}`;
      const set = model.get(lease) ?? new Set<string>();
      model.set(lease, set);
      const choice = prng.below(20);
      if (choice < 12) {
        expect(keys.add(lease, bytes(key), 0, key.length)).toBe(!set.has(key));
        set.add(key);
      } else if (choice < 18) expect(keys.remove(lease, bytes(key), 0, key.length)).toBe(set.delete(key));
      else {
        const seen: string[] = [];
        keys.visit(lease, (buffer, start, end) => seen.push(text(buffer.slice(start, end))) > 0);
        expect(seen).toEqual([...set].sort());
      }
      expect(keys.count).toBe([...model.values()].reduce((sum, each) => sum + each.size, 0));
    }
  });

  test.each([1, 2, 3, 4, 5])("random histories agree with a dumb lessor (seed %i)", (seed) => {
    const prng = new Prng(seed);
    const leases = new Map<bigint, { ttl: number; expiryMs: number }>();
    const attached = new Map<string, bigint>();
    const ids = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
    let primary = false;
    const detachAll = (id: bigint): string[] => {
      const keys = [...attached].filter(([, lease]) => lease === id).map(([key]) => key);
      for (const key of keys) attached.delete(key);
      return keys.sort();
    };
    for (let step = 0; step < 4000; step++) {
      const id = prng.pick(ids);
      const lease = leases.get(id);
      nowMs += prng.below(400);
      switch (prng.below(9)) {
        case 0: {
          const ttl = 2 + prng.below(20);
          expect(lessor.grant(id, ttl)).toBe(lease === undefined ? ttl : "lease-exist");
          if (lease === undefined) leases.set(id, { ttl, expiryMs: nowMs + ttl * 1000 });
          break;
        }
        case 1:
          if (lease === undefined || !prng.chance(0.3)) break;
          expect(revoke(id)).toEqual(detachAll(id));
          leases.delete(id);
          break;
        case 2: {
          const expected =
            lease === undefined ? "not-found" : lease.expiryMs <= nowMs ? "expired" : lease.ttl;
          expect(lessor.renew(id)).toBe(primary ? expected : "not-primary");
          if (primary && typeof expected === "number" && lease) lease.expiryMs = nowMs + lease.ttl * 1000;
          break;
        }
        case 3:
          if (!prng.chance(0.1)) break;
          primary = !primary;
          if (primary) lessor.promote(500);
          else lessor.demote();
          for (const each of leases.values()) each.expiryMs = nowMs + 500 + each.ttl * 1000;
          break;
        case 4: {
          const expired = lessor.takeExpired(3, 0);
          for (const each of expired) expect(leases.get(each)?.expiryMs).toBeLessThanOrEqual(nowMs);
          const due = [...leases.values()].filter((each) => each.expiryMs <= nowMs).length;
          expect(expired.length > 0).toBe(primary && due > 0);
          break;
        }
        default: {
          // A put: with a lease that is there, or without one.
          const key = `k${String(prng.below(60))}`;
          const next = lease === undefined ? undefined : id;
          const old = attached.get(key);
          if (old === next) break;
          if (old !== undefined) lessor.detach(old, bytes(key), 0, key.length);
          if (next !== undefined) attach(next, key);
          if (next === undefined) attached.delete(key);
          else attached.set(key, next);
        }
      }
      expect(lessor.hasAttachments).toBe(attached.size > 0);
      const expectedKeys = [...attached].filter(([, each]) => each === id).map(([key]) => key);
      expect(keysOf(id)).toEqual(expectedKeys.sort());
      if (primary && leases.has(id)) {
        const leftMs = (leases.get(id)?.expiryMs ?? 0) - nowMs;
        expect(lessor.timeToLive(id)?.ttl).toBe(Math.trunc(leftMs / 1000));
      }
    }
    expect(lessor.list().sort()).toEqual([...leases.keys()].sort());
  });
});
