import { describe, expect, test } from "vitest";
import { CompactedError } from "../errors/errors.js";
import { onBothServers } from "../testing/both-servers.js";
import { WAITING_BYTES_MAX } from "./limits.js";
import type { Watch } from "./watch.js";
import type { WatchEvent } from "./watch-types.js";

async function take(watch: Watch, count: number): Promise<WatchEvent<string>[]> {
  const events: WatchEvent<string>[] = [];
  for await (const event of watch) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

const told = (events: readonly WatchEvent<string>[]): string[] =>
  events.map((event) => (event.type === "put" ? `${event.kv.key}=${event.kv.value}` : `-${event.kv.key}`));

onBothServers((bench) => {
  describe("a watch", () => {
    test("tells what happens from now on", async () => {
      const { client } = bench;
      await client.put("w1/a", "before");
      await using watch = client.watch({ prefix: "w1/" }, { previous: true });
      await watch.ready;
      await client.put("w1/a", "1");
      await client.put("w1/b", "2");
      await client.delete("w1/a");
      const events = await take(watch, 3);
      expect(told(events)).toEqual(["w1/a=1", "w1/b=2", "-w1/a"]);
      expect(events[0]).toMatchObject({ type: "put", isNew: false, previous: { value: "before" } });
      expect(events[1]).toMatchObject({ isNew: true });
      expect(events[2]).toMatchObject({ previous: { value: "1" } });
    });

    test("tells the past from a revision on, a transaction at a time", async () => {
      const { client } = bench;
      const { revision } = await client.put("w2/a", "1");
      await client.delete({ prefix: "w2/" });
      await client.put("w2/a", "2");
      await using watch = client.watch({ prefix: "w2/" }, { startRevision: revision });
      const batches: string[][] = [];
      for await (const batch of watch.batches()) {
        batches.push(told(batch.events));
        if (batches.length === 3) break;
      }
      expect(batches).toEqual([["w2/a=1"], ["-w2/a"], ["w2/a=2"]]);
      expect(watch.revision).toBe(revision + 2n);
    });

    test("leaves out what it is asked to", async () => {
      const { client } = bench;
      const { revision } = await client.put("w3/a", "1");
      await client.delete("w3/a");
      await client.put("w3/b", "2");
      const puts = client.watch({ prefix: "w3/" }, { startRevision: revision, deletes: false });
      const deletes = client.watch({ prefix: "w3/" }, { startRevision: revision, puts: false });
      expect(told(await take(puts, 2))).toEqual(["w3/a=1", "w3/b=2"]);
      expect(told(await take(deletes, 1))).toEqual(["-w3/a"]);
    });

    test("of a compacted revision fails with the first that is there", async () => {
      const { client } = bench;
      const { revision } = await client.put("w4/a", "1");
      await client.put("w4/a", "2");
      await client.compact(revision + 1n);
      const watch = client.watch("w4/a", { startRevision: revision });
      const error: unknown = await take(watch, 1).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CompactedError);
      expect((error as CompactedError).compactRevision).toBe(revision + 1n);
    });

    test("ends with its signal, and with its client", async () => {
      const ending = new AbortController();
      const watch = bench.client.watch("w5/a", { signal: ending.signal });
      const taken = take(watch, 1);
      await watch.ready;
      const reason = new Error("enough");
      ending.abort(reason);
      await expect(taken).rejects.toBe(reason);

      const client = bench.connect();
      const other = client.watch("w5/a");
      const otherTaken = take(other, 1);
      await other.ready;
      client.close();
      await expect(otherTaken).rejects.toMatchObject({ name: "ClosedError" });
    });

    test("below a namespace knows nothing of it", async () => {
      const below = bench.client.namespace("w6/");
      const watch = below.watch({ prefix: "" });
      await watch.ready;
      await bench.client.put("w6/a", "1");
      expect(told(await take(watch, 1))).toEqual(["a=1"]);
    });

    test("whose consumer is slow is told everything, with little of it waiting", async () => {
      const { client } = bench;
      const value = "x".repeat(100_000);
      const count = Math.ceil((1.5 * WAITING_BYTES_MAX) / value.length);
      const { revision } = await client.put("w7/a", "0");
      for (let i = 0; i < count; i++) await client.put("w7/a", value);
      const watch = client.watch("w7/a", { startRevision: revision + 1n });
      let next = revision + 1n;
      for await (const { kv } of watch) {
        expect(kv.modRevision).toBe(next);
        // Long enough for everything to come, if nothing held it back.
        if (next === revision + 1n) await new Promise((resolve) => setTimeout(resolve, 1000));
        if (next === revision + BigInt(count)) break;
        next += 1n;
      }
      expect(next).toBe(revision + BigInt(count));
    });

    test("leaves nothing behind, a thousand times", async () => {
      const client = bench.connect();
      await client.put("w8/a", "1");
      const before = process.getActiveResourcesInfo().length;
      for (let round = 0; round < 10; round++) {
        const watches = Array.from({ length: 100 }, (_, i) => client.watch(`w8/${i}`));
        await Promise.all(watches.map((watch) => watch.ready));
        for (const watch of watches) watch.close();
      }
      await client.get("w8/a");
      expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 2);
    });
  });
});
