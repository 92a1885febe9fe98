/** Locks: who holds them, who waits for whom, and what is left when somebody gives up. */
import { GrpcStatus, v3lockpb as pb } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { ServiceBench, messageOf, until } from "../lease/testing/service-bench.js";
import type { FakeCall } from "../testing/fake-calls.js";
import { bytes, text } from "../testing/kv-client.js";

let bench: ServiceBench;
beforeEach(async () => {
  bench = await ServiceBench.create();
});

const startLock = (name: string, lease: bigint): FakeCall =>
  bench.start("v3lockpb.Lock/Lock", pb.LockRequestSchema, { name: bytes(name), lease });
const lock = (name: string, lease: bigint): Promise<pb.LockResponse> =>
  messageOf(startLock(name, lease), pb.LockResponseSchema);
const unlock = (key: Uint8Array): Promise<pb.UnlockResponse> =>
  bench.unary("v3lockpb.Lock/Unlock", [pb.UnlockRequestSchema, pb.UnlockResponseSchema], { key });
const keys = async (): Promise<string[]> => (await bench.get("\0", "\0")).kvs.map((kv) => text(kv.key));
const failure = async (call: FakeCall): Promise<unknown> => (await call.answer).error;

describe("Lock", () => {
  test("is held by who comes first; the key names the lease in hexadecimal", async () => {
    await bench.grant(0xabcn);
    const held = await lock("l", 0xabcn);
    expect(text(held.key)).toBe("l/abc");
    expect(held.header).toMatchObject({ revision: 2n, raftTerm: 3n });
    expect((await bench.get("l/abc")).kvs[0]).toMatchObject({ lease: 0xabcn, value: new Uint8Array(0) });
  });

  test("a negative lease id has its sign in the key", async () => {
    await bench.grant(-255n);
    expect(text((await lock("l", -255n)).key)).toBe("l/-ff");
  });

  test("without a lease gets one of 60 s that nobody keeps alive", async () => {
    const held = await lock("l", 0n);
    const [id] = bench.fixture.lessor.list();
    expect(bench.fixture.lessor.timeToLive(id ?? 0n)?.grantedTtl).toBe(60);
    expect(text(held.key)).toBe(`l/${(id ?? 0n).toString(16)}`);
  });

  test("again with the same lease succeeds at once", async () => {
    await bench.grant(1n);
    const first = await lock("l", 1n);
    await bench.put("other");
    const second = await lock("l", 1n);
    expect([text(second.key), second.header?.revision]).toEqual([text(first.key), 3n]);
  });

  test("waits for its predecessor only, and gets it with a later revision", async () => {
    for (const id of [1n, 2n, 3n]) await bench.grant(id);
    const first = await lock("l", 1n);
    const second = startLock("l", 2n);
    await until(() => bench.watches.ranges.length === 1);
    const third = startLock("l", 3n);
    await until(() => bench.watches.ranges.length === 2);
    expect(bench.watches.ranges.sort()).toEqual(["l/1", "l/2"]);
    await unlock(first.key);
    const held = await messageOf(second, pb.LockResponseSchema);
    expect(third.ended).toBe(false);
    await unlock(held.key);
    const last = await messageOf(third, pb.LockResponseSchema);
    expect(first.header!.revision < held.header!.revision).toBe(true);
    expect(held.header!.revision < last.header!.revision).toBe(true);
  });

  test("when a waiter in the middle gives up, the one behind it waits for the one before", async () => {
    for (const id of [1n, 2n, 3n]) await bench.grant(id);
    await lock("l", 1n);
    const second = startLock("l", 2n);
    await until(() => bench.watches.ranges.length === 1);
    startLock("l", 3n);
    await until(() => bench.watches.ranges.length === 2);
    second.cancel();
    await until(() => bench.watches.ranges.join() === "l/1");
    expect(await keys()).toEqual(["l/1", "l/3"]);
  });

  test("ends for the holder when its lease is revoked", async () => {
    await bench.grant(1n);
    await bench.grant(2n);
    await lock("l", 1n);
    const second = startLock("l", 2n);
    await until(() => bench.watches.ranges.length === 1);
    await bench.revoke(1n);
    expect(text((await messageOf(second, pb.LockResponseSchema)).key)).toBe("l/2");
  });

  test("rule 70: a waiter whose lease is revoked before its turn gets no lock", async () => {
    await bench.grant(1n);
    await bench.grant(2n);
    const first = await lock("l", 1n);
    const second = startLock("l", 2n);
    await until(() => bench.watches.ranges.length === 1);
    await bench.revoke(2n);
    await unlock(first.key);
    expect(await failure(second)).toEqual({ code: GrpcStatus.Unknown, message: "mutex: session is expired" });
  });

  test("a lease that nobody granted is an error of code Unknown", async () => {
    expect(await failure(startLock("l", 404n))).toEqual({
      code: GrpcStatus.Unknown,
      message: "etcdserver: requested lease not found",
    });
  });

  test("a lost watch ends the wait and removes the key", async () => {
    await bench.grant(1n);
    await bench.grant(2n);
    await lock("l", 1n);
    const second = startLock("l", 2n);
    await until(() => bench.watches.ranges.length === 1);
    bench.watches.closeAll("");
    expect(await failure(second)).toEqual({
      code: GrpcStatus.Unknown,
      message: "lost watcher waiting for delete",
    });
    expect(await keys()).toEqual(["l/1"]);
  });

  test("the slash keeps names apart that begin alike", async () => {
    await bench.grant(1n);
    await bench.grant(2n);
    await lock("la", 1n);
    expect(text((await lock("l", 2n)).key)).toBe("l/2");
  });
});

describe("Unlock", () => {
  test("deletes whatever key it is given, also one that is not there", async () => {
    await bench.put("a");
    expect((await unlock(bytes("a"))).header?.revision).toBe(3n);
    expect((await unlock(bytes("a"))).header?.revision).toBe(3n);
  });

  test("without a key is refused with code Unknown", async () => {
    const call = bench.start("v3lockpb.Lock/Unlock", pb.UnlockRequestSchema, {});
    expect(await failure(call)).toEqual({
      code: GrpcStatus.Unknown,
      message: "etcdserver: key is not provided",
    });
  });
});
