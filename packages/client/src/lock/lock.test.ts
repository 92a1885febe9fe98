import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ClosedError, CompactedError } from "../errors/errors.js";
import { LeaseLostError } from "../lease/lease-errors.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import { keyBytes } from "../kv/key-range.js";
import { put } from "../txn/operations.js";
import { AcquireTimeoutError, OwnershipLostError } from "./lock-errors.js";
import { UnlockedError, type Lock } from "./lock.js";

const KV = etcdserverpb.KV.method;

const lossOf = (lock: Lock): Promise<unknown> =>
  new Promise((resolve) => {
    if (lock.lost.aborted) resolve(lock.lost.reason);
    lock.lost.addEventListener("abort", () => resolve(lock.lost.reason), { once: true });
  });

describeOnBoth((start, openClient) => {
  let target: Target;
  let client: BenchClient;
  let other: BenchClient;

  beforeAll(async () => {
    target = await start();
    client = openClient(target.endpoint);
    other = openClient(target.endpoint);
  });

  afterAll(async () => {
    client.close();
    other.close();
    await target.stop();
  });

  const queueOf = async (name: string): Promise<string[]> => {
    const request = { key: keyBytes(`${name}/`), rangeEnd: keyBytes(`${name}0`) };
    const { kvs } = await client.calls.unary(KV.range, request, { safety: "read" });
    return kvs.map(({ key }) => new TextDecoder().decode(key));
  };

  test("holders follow each other with growing tokens, and never overlap", async () => {
    let holders = 0;
    const tokens: bigint[] = [];
    const work = async (each: BenchClient): Promise<void> => {
      await using lock = await each.lock("shared", { ttlSeconds: 10 });
      holders += 1;
      expect(holders).toBe(1);
      tokens.push(lock.fencingToken);
      await new Promise((resolve) => setImmediate(resolve));
      lock.assertHeld();
      holders -= 1;
    };
    await Promise.all([client, other, client, other, client].map(work));
    expect(tokens).toHaveLength(5);
    expect([...tokens].sort((a, b) => Number(a - b))).toEqual(tokens);
    expect(await queueOf("shared")).toEqual([]);
  });

  test("its key is the name and the lease, as others have it", async () => {
    await using lock = await client.lock("named", { value: "me" });
    expect(await queueOf("named")).toEqual([`named/${lock.leaseId.toString(16)}`]);
    const { kvs } = await client.calls.unary(KV.range, { key: lock.key }, { safety: "read" });
    expect(new TextDecoder().decode(kvs[0]?.value)).toBe("me");
    expect(kvs[0]).toMatchObject({
      createRevision: lock.fencingToken,
      lease: lock.leaseId,
    });
  });

  test("a lock that is taken is not waited for by tryLock, and leaves nothing in the queue", async () => {
    await using lock = await client.lock("tried");
    expect(await other.tryLock("tried")).toBeUndefined();
    expect(await queueOf("tried")).toHaveLength(1);
    await lock.unlock();
    await using second = await other.tryLock("tried");
    expect(second?.fencingToken).toBeGreaterThan(lock.fencingToken);
  });

  test("a wait ends with its time or its signal, and leaves nothing in the queue", async () => {
    await using lock = await client.lock("awaited");
    const timeout = other.lock("awaited", { timeoutMs: 1000 });
    await expect(timeout).rejects.toThrow(AcquireTimeoutError);
    await expect(timeout).rejects.toThrow('"awaited" was not free within 1000 ms');
    await expect(other.lock("awaited", { signal: abortSoon() })).rejects.toThrow("given up");
    expect(await queueOf("awaited")).toHaveLength(1);
    lock.assertHeld();
  });

  test("a wait ends with its client", async () => {
    await using lock = await client.lock("closed");
    const third = openClient(target.endpoint);
    const waiting = third.lock("closed");
    const outcome = expect(waiting).rejects.toThrow(ClosedError);
    while ((await queueOf("closed")).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    third.close();
    await outcome;
    lock.assertHeld();
  });

  test("a lock is lost with its lease", async () => {
    const lock = await client.lock("lost with lease", { ttlSeconds: 2 });
    await other.leases.revoke(lock.leaseId);
    const reason = await lossOf(lock);
    expect(reason === lock.lost.reason).toBe(true);
    expect([LeaseLostError, OwnershipLostError]).toContain((reason as Error).constructor);
    expect(() => lock.assertHeld()).toThrow();
    await lock.unlock();
  });

  test("a lock is lost when somebody deletes its key", async () => {
    await using lock = await client.lock("deleted");
    await other.calls.unary(KV.deleteRange, { key: lock.key }, { safety: "write" });
    expect(await lossOf(lock)).toBeInstanceOf(OwnershipLostError);
  });

  test("a lock outlives the history of its key, and is watched behind it", async () => {
    const first = await client.lock("old");
    const waiting = other.lock("old");
    await until(async () => (await queueOf("old")).length === 2);
    await client.put("old elsewhere", "x");
    // What the lock's key was is gone: the oldest that can be read is two changes younger.
    const { revision } = await client.put("old elsewhere", "x");
    await client.compact(revision);
    await first.unlock();
    await using lock = await waiting;
    // On the same stream, asked for later: what the server says of the lock's key has come by then.
    const late = other.watch("old elsewhere", { startRevision: 1n })[Symbol.asyncIterator]();
    await expect(late.next()).rejects.toThrow(CompactedError);
    const write = await other.txn().if(lock.guard).do(put("old elsewhere", "y")).commit();
    expect(write.succeeded).toBe(true);
    lock.assertHeld();
    await client.delete(lock.key);
    expect(await lossOf(lock)).toBeInstanceOf(OwnershipLostError);
  });

  test("a place that is deleted while it waits is an error, not a lock", async () => {
    await using session = await other.session({ ttlSeconds: 10 });
    const first = await client.lock("cut off");
    const waiting = session.lock("cut off");
    waiting.catch(() => undefined);
    await until(async () => (await queueOf("cut off")).length === 2);
    const key = keyBytes(`cut off/${session.lease.id.toString(16)}`);
    await client.calls.unary(KV.deleteRange, { key }, { safety: "write" });
    await first.unlock();
    await expect(waiting).rejects.toThrow(OwnershipLostError);
  });

  test("an unlocked lock says so, and may be unlocked again", async () => {
    const lock = await client.lock("unlocked");
    await Promise.all([lock.unlock(), lock.unlock()]);
    expect(lock.lost.reason).toBeInstanceOf(UnlockedError);
    expect(await queueOf("unlocked")).toEqual([]);
    expect(await client.leases.list()).not.toContain(lock.leaseId);
  });

  test("users of one session exclude each other too, and the session's end frees all", async () => {
    const session = await client.session({ ttlSeconds: 10 });
    const a = await session.lock("one");
    await using b = await session.lock("two");
    expect(await session.tryLock("one")).toBeUndefined();
    const order: string[] = [];
    const second = session.lock("one").then((lock) => {
      order.push("second");
      return lock;
    });
    order.push("unlock");
    await a.unlock();
    const held = await second;
    expect(order).toEqual(["unlock", "second"]);
    expect(held.fencingToken).toBeGreaterThan(a.fencingToken);
    await expect(session.lock("one", { timeoutMs: 20 })).rejects.toThrow(AcquireTimeoutError);
    await session.close();
    expect([held.lost.aborted, b.lost.aborted]).toEqual([true, true]);
    await expect(session.lock("one")).rejects.toThrow(LeaseLostError);
    expect(await queueOf("one")).toEqual([]);
  });

  test("a transaction with the guard takes effect only while the lock is held", async () => {
    const lock = await client.lock("guarded");
    const write = async (): Promise<boolean> => {
      const { succeeded } = await client.txn().if(lock.guard).do(put("guarded value", "x")).commit();
      return succeeded;
    };
    expect(await write()).toBe(true);
    await lock.unlock();
    expect(await write()).toBe(false);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not happen");
}

function abortSoon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("given up")), 50);
  return controller.signal;
}
