import { createServer, type AddressInfo, type Socket } from "node:net";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../client.js";
import { DeadlineError } from "../errors/errors.js";
import { describeOnBoth, openClient, type BenchClient, type Target } from "../testing/bench.js";
import { keyBytes } from "../kv/key-range.js";
import { LeaseLostError } from "./lease-errors.js";
import type { Lease } from "./lease.js";

const KV = etcdserverpb.KV.method;

const lossOf = (lease: Lease): Promise<unknown> =>
  new Promise((resolve) => {
    if (lease.lost.aborted) resolve(lease.lost.reason);
    lease.lost.addEventListener("abort", () => resolve(lease.lost.reason), { once: true });
  });

describeOnBoth((start, openClient) => {
  let target: Target;
  let client: BenchClient;

  beforeAll(async () => {
    target = await start();
    client = openClient(target.endpoint);
  });

  afterAll(async () => {
    client.close();
    await target.stop();
  });

  const put = (key: string, lease: bigint): Promise<unknown> =>
    client.calls.unary(KV.put, { key: keyBytes(key), value: keyBytes("v"), lease }, { safety: "write" });
  const exists = async (key: string): Promise<boolean> =>
    (await client.calls.unary(KV.range, { key: keyBytes(key) }, { safety: "read" })).kvs.length > 0;

  test("a lease carries keys, and takes them with it when its scope ends", async () => {
    {
      await using lease = await client.leases.grant(30);
      await put("carried", lease.id);
      const times = await lease.timeToLive({ keys: true });
      expect(times.keys.map((key) => new TextDecoder().decode(key))).toEqual(["carried"]);
      expect(times).toMatchObject({ id: lease.id, grantedSeconds: 30 });
      expect(lease.remainingMs).toBeGreaterThan(25_000);
      expect(await client.leases.list()).toContain(lease.id);
    }
    expect(await exists("carried")).toBe(false);
  });

  test("a lease outlives its time as long as it is kept alive, and is lost without", async () => {
    await using kept = await client.leases.grant(2);
    const left = await client.leases.grant(1, { keepAlive: false });
    await put("left", left.id);
    const reason = await lossOf(left);
    expect(reason).toBeInstanceOf(LeaseLostError);
    expect(reason).toMatchObject({ leaseId: left.id, loss: "expired" });
    expect(left.remainingMs).toBe(0);
    await until(async () => !(await exists("left")));
    expect(kept.lost.aborted).toBe(false);
    expect((await kept.timeToLive()).remainingSeconds).toBeGreaterThanOrEqual(0);
  });

  test("a lease that somebody revokes is reported once", async () => {
    const lease = await client.leases.grant(2);
    let reports = 0;
    lease.lost.addEventListener("abort", () => (reports += 1));
    await client.leases.revoke(lease.id);
    expect(await lossOf(lease)).toMatchObject({ loss: "expired" });
    await lease.revoke();
    lease.release();
    expect(reports).toBe(1);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
    await expect(lease.renew()).rejects.toThrow(LeaseLostError);
  });

  test("what does not exist: revoking is no error, times say so, taking over and renewing fail", async () => {
    const { leases } = client;
    await leases.revoke(4711n);
    expect(await leases.timeToLive(4711n)).toMatchObject({
      remainingSeconds: -1,
      grantedSeconds: 0,
      keys: [],
    });
    await expect(leases.attach(4711n)).rejects.toThrow(LeaseLostError);
    await expect(leases.renew(4711n)).rejects.toThrow("lease 1267 does not exist any more");
  });

  test("a released lease goes on for whoever takes it over", async () => {
    const { leases } = client;
    const first = await leases.grant(30);
    first.release();
    expect(first.lost.reason).toMatchObject({ loss: "ended" });
    await using second = await leases.attach(first.id);
    expect(second.ttlSeconds).toBe(30);
    expect(await second.renew()).toBe(30);
    // Its end was not a revocation.
    expect((await second.timeToLive()).grantedSeconds).toBe(30);
  });

  test("grants, locks and sessions that are given up leave no lease", async () => {
    await using held = await client.lock("given up");
    const before = new Set(await client.leases.list());
    const end = (each: { revoke(): Promise<void> }): Promise<void> => each.revoke();
    const giveUp = async (i: number): Promise<void> => {
      const stop = new AbortController();
      const { signal } = stop;
      const wanted: Promise<void>[] = [
        client.leases.grant(60, { signal }).then(end),
        client.session({ signal }).then((session) => session.close()),
        client.lock("given up", { signal }).then((lock) => lock.unlock()),
      ];
      // At any moment of a grant: before it is sent, while it is on its way, and after it has come.
      await new Promise((resolve) => setTimeout(resolve, i / 5));
      stop.abort(new Error("given up"));
      await Promise.allSettled(wanted);
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => giveUp(i)));
    await until(async () => (await client.leases.list()).every((id) => before.has(id)));
    expect(before).toContain(held.leaseId);
  });

  test("a lease that is attached while it is held belongs to both, and each lets go for itself", async () => {
    const granted = await client.leases.grant(2);
    await using attached = await client.leases.attach(granted.id);
    granted.release();
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(attached.lost.aborted).toBe(false);
    expect((await attached.timeToLive()).grantedSeconds).toBe(2);
    await client.leases.revoke(granted.id);
    expect(await lossOf(attached)).toMatchObject({ loss: "expired" });
  });

  test("a namespace's user sees the keys of a lease as their own", async () => {
    await using lease = await client.leases.grant(30);
    const tenant = client.namespace("tenant/");
    await tenant.put("a", "1", { lease });
    await put("elsewhere", lease.id);
    const keys = async (each: Client): Promise<string[]> =>
      (await each.leases.timeToLive(lease.id, { keys: true })).keys.map((key) =>
        new TextDecoder().decode(key),
      );
    expect(await keys(tenant)).toEqual(["a"]);
    expect((await keys(client)).sort()).toEqual(["elsewhere", "tenant/a"]);
  });

  test("an id of the caller's choice is used, and refused when it is taken", async () => {
    await using lease = await client.leases.grant(30, { id: 99n });
    expect(lease.id).toBe(99n);
    await expect(client.leases.grant(30, { id: 99n })).rejects.toThrow("lease already exists");
  });

  test("many leases are kept alive by one stream, and closing the client ends them all", async () => {
    const other = openClient(target.endpoint);
    const opened = countStreams(other);
    const leases = await Promise.all(Array.from({ length: 50 }, () => other.leases.grant(2)));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(leases.filter((lease) => lease.lost.aborted)).toEqual([]);
    expect(opened()).toBe(1);
    other.close();
    expect(leases.map((lease) => (lease.lost.reason as LeaseLostError).loss)).toEqual(
      leases.map(() => "ended"),
    );
    await Promise.all(leases.map((lease) => client.leases.revoke(lease.id)));
  });
});

test.each([0n, -1n, 2n ** 63n, 5, "5"])("%s is no id for a lease", async (id) => {
  await using client = openClient("127.0.0.1:1");
  const { leases } = client;
  const error = expect.objectContaining({
    name: expect.stringMatching(/^(Type|Range)Error$/) as string,
  }) as Error;
  await expect(leases.grant(10, { id: id as bigint })).rejects.toEqual(error);
  if (typeof id === "bigint") return;
  await expect(leases.attach(id as unknown as bigint)).rejects.toThrow("the id of a lease is a bigint");
  await expect(leases.revoke(id as unknown as bigint)).rejects.toThrow("the id of a lease is a bigint");
  await expect(leases.timeToLive(id as unknown as bigint)).rejects.toThrow("the id of a lease is a bigint");
});

test("a renewal that nobody answers has the time of a call, with all its repetitions", async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  await using client = openClient(`127.0.0.1:${port}`);
  const renewing = client.leases.renew(1n, { timeoutMs: 400 });
  // Six attempts of 400 ms would be as long again: the one limit is the call's.
  const limit = new Promise((resolve) => setTimeout(() => resolve("too late"), 1500));
  const end = await Promise.race([renewing.catch((error: unknown) => error), limit]);
  expect(end).toBeInstanceOf(DeadlineError);
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test.each([0, -1, 1.5, Number.NaN])("%s seconds are no time for a lease", async (ttlSeconds) => {
  await using client = openClient("127.0.0.1:1");
  await expect(client.leases.grant(ttlSeconds)).rejects.toThrow(RangeError);
});

function countStreams({ calls }: BenchClient): () => number {
  let count = 0;
  const open = calls.bidi.bind(calls);
  calls.bidi = (method, options) => {
    count += 1;
    return open(method, options);
  };
  return () => count;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not happen");
}
