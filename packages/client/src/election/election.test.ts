import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OwnershipLostError, AcquireTimeoutError } from "../lock/lock-errors.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import type { Election } from "./election.js";
import { ResignedError } from "./leadership.js";

const KV = etcdserverpb.KV.method;

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

  const election = (each: BenchClient, name: string): Election<string> =>
    each.election(name, { ttlSeconds: 10 });

  test("candidates lead one after the other, and everybody sees who", async () => {
    const [mine, theirs] = [election(client, "throne"), election(other, "throne")];
    expect(await mine.leader()).toBeUndefined();
    const first = await mine.campaign("first");
    expect(await theirs.leader()).toMatchObject({
      value: "first",
      leaseId: first.leaseId,
      fencingToken: first.fencingToken,
    });
    const second = theirs.campaign("second");
    await expect(theirs.campaign("third", { timeoutMs: 1000 })).rejects.toThrow(AcquireTimeoutError);
    await first.proclaim("still first");
    expect((await theirs.leader())?.value).toBe("still first");
    await first.resign();
    expect(first.lost.reason).toBeInstanceOf(ResignedError);
    await expect(first.proclaim("gone")).rejects.toThrow(ResignedError);
    await using next = await second;
    expect(next.fencingToken).toBeGreaterThan(first.fencingToken);
    expect((await mine.leader())?.value).toBe("second");
  });

  test("observers see leaders and proclamations in order, from before the first to after the last", async () => {
    const seen: string[] = [];
    const stop = new AbortController();
    const observing = (async () => {
      for await (const { value } of election(other, "observed").observe({ signal: stop.signal }))
        seen.push(value);
    })();
    observing.catch(() => undefined);
    for (const name of ["a", "b"]) {
      await using leadership = await election(client, "observed").campaign(name);
      await until(() => seen.at(-1) === name);
      await leadership.proclaim(`${name} again`);
      await until(() => seen.at(-1) === `${name} again`);
    }
    expect(seen).toEqual(["a", "a again", "b", "b again"]);
    stop.abort(new Error("enough"));
    await expect(observing).rejects.toThrow("enough");
  });

  test("leaving the loop of an observer ends it", async () => {
    await using leadership = await election(client, "left").campaign("here");
    for await (const leader of election(other, "left").observe()) {
      expect(leader.fencingToken).toBe(leadership.fencingToken);
      break;
    }
  });

  test("a leadership whose key is deleted is lost, and is not proclaimed under", async () => {
    await using leadership = await election(client, "toppled").campaign("me");
    await other.calls.unary(KV.deleteRange, { key: leadership.key }, { safety: "write" });
    await expect(leadership.proclaim("still me")).rejects.toThrow(OwnershipLostError);
    expect(leadership.lost.aborted).toBe(true);
  });

  test("a campaign that ends with its signal leaves no candidate", async () => {
    await using leadership = await election(client, "given up").campaign("me");
    const signal = abortSoon();
    await expect(election(other, "given up").campaign("you", { signal })).rejects.toThrow("given up");
    await leadership.resign();
    expect(await election(client, "given up").leader()).toBeUndefined();
  });

  test("one session leads several elections, and a second campaign proclaims", async () => {
    await using session = await client.session({ ttlSeconds: 10 });
    const [a, b] = [session.election("first of two"), session.election("second of two")];
    const leadership = await a.campaign("1");
    await b.campaign("2");
    const again = await a.campaign("1, again");
    expect(again.fencingToken).toBe(leadership.fencingToken);
    expect((await a.leader())?.value).toBe("1, again");
    expect((await b.leader())?.leaseId).toBe(session.lease.id);
    await session.close();
    expect([leadership.lost.aborted, again.lost.aborted]).toEqual([true, true]);
    expect(await b.leader()).toBeUndefined();
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1500; attempt += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not happen");
}

function abortSoon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("given up")), 50);
  return controller.signal;
}
