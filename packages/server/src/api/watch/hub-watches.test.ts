/** Watches of this member's own services, from the hub. */
import { fromBinary, mvccpb } from "@quorate/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { settle } from "../../lease/testing/virtual-time.js";
import { bytes, text } from "../testing/kv-client.js";
import { HubWatches } from "./hub-watches.js";
import { WatchBench } from "./testing/watch-bench.js";

let bench: WatchBench;
let watches: HubWatches;
beforeEach(async () => {
  bench = await WatchBench.start();
  watches = new HubWatches(bench.hub);
});
afterEach(() => bench.close());

/** Watches [from, to), and remembers what was told in words. */
function watch(
  from: string,
  to: string | undefined,
  startRevision: number,
): { told: string[]; cancel: () => void } {
  const told: string[] = [];
  const cancel = watches.watch(
    { from: bytes(from), to: to === undefined ? undefined : bytes(to) },
    startRevision,
    {
      onEvents: (events) => {
        for (const { isDelete, record, revision } of events) {
          const kv = fromBinary(mvccpb.KeyValueSchema, record);
          expect(Number(kv.modRevision)).toBe(revision);
          told.push(`${isDelete ? "-" : "+"}${text(kv.key)}${text(kv.value)}@${String(revision)}`);
        }
      },
      onClosed: (reason) => told.push(`closed: ${reason}`),
    },
  );
  return { told, cancel };
}

describe("HubWatches", () => {
  test("tells the events of a key or a prefix from a revision on, in order", async () => {
    bench.apply("+a/1=x");
    const prefix = watch("a/", "a0", 2);
    const key = watch("a/1", undefined, 3);
    expect(prefix.told).toEqual([]);
    bench.apply("+a/2=y -a/1");
    bench.apply("+b=z");
    await settle(12);
    expect(prefix.told).toEqual(["+a/1x@2", "+a/2y@3", "-a/1@3"]);
    expect(key.told).toEqual(["-a/1@3"]);
  });

  test("is cancelled from within and without, and tells nothing afterwards", async () => {
    const one = watch("a", undefined, 1);
    const told: number[] = [];
    const cancel = watches.watch({ from: bytes("a"), to: undefined }, 1, {
      onEvents: (events) => {
        told.push(events.length);
        cancel();
      },
      onClosed: () => told.push(-1),
    });
    one.cancel();
    bench.apply("+a=1");
    await settle(12);
    bench.apply("+a=2");
    await settle(12);
    expect(one.told).toEqual([]);
    expect(told).toEqual([1]);
    expect(bench.hub.statistics).toMatchObject({ streamCount: 0, watcherCount: 0 });
  });

  test("says why when the revision was compacted, and nothing more when the member stops", async () => {
    for (const change of ["+a=1", "+a=2", "+a=3"]) bench.apply(change);
    await bench.compact(4);
    const old = watch("a", undefined, 2);
    await settle(12);
    expect(old.told).toEqual(["closed: etcdserver: mvcc: required revision has been compacted"]);
    const present = watch("a", undefined, 5);
    watches.close();
    bench.apply("+a=4");
    await settle(12);
    expect(present.told).toEqual(["closed: "]);
    expect(bench.hub.statistics.streamCount).toBe(0);
  });
});
