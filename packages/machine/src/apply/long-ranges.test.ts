/** Long answers are made in pieces: they give way often, show one revision, and stop when nobody wants them any more. */
import { create, etcdserverpb as pb, fromBinary } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { MemoryEngine } from "../mvcc/memory-engine.js";
import { Store } from "../mvcc/store.js";
import type { DeferredBody } from "./outcome.js";
import { RangeReader, type RangeAnswer } from "./range-reader.js";
import { RangeStream } from "./range-stream.js";
import { ApplyBench, bytesOfBody } from "./testing/apply-bench.js";
import { NaiveStore, bytesOf, textOf } from "./testing/naive-store.js";
import { sortInTurns, type Turns } from "./turn-sort.js";
import { RangeView } from "./wire/request-views.js";
import { WireWriter } from "./wire/wire-writer.js";

const KEY_COUNT = 20_000;

/** Counts how often work gives way. */
class CountingTurns implements Turns {
  count = 0;

  yieldTurn(): Promise<void> {
    this.count += 1;
    return new Promise((resolve) => setImmediate(resolve));
  }
}

function view(more: Partial<RangeView> = {}): RangeView {
  const range = new RangeView();
  // The whole key space: from 0x00, open-ended.
  return Object.assign(range, { buffer: Uint8Array.of(0, 0), keyEnd: 1, endStart: 1, endEnd: 2 }, more);
}

function deferredOf(answer: RangeAnswer): DeferredBody {
  if (answer === undefined || typeof answer === "string" || !("deferred" in answer))
    throw new Error("not deferred");
  return answer;
}

async function openStore(): Promise<{ bench: ApplyBench; store: Store }> {
  const turns = new CountingTurns();
  const store = await Store.open(new MemoryEngine(), { yieldTurn: () => turns.yieldTurn() });
  const bench = new ApplyBench(store);
  for (let i = 0; i < KEY_COUNT; i++) {
    const key = bytesOf(`k${String((i * 7919) % KEY_COUNT).padStart(6, "0")}`);
    await bench.apply({ put: create(pb.PutRequestSchema, { key, value: bytesOf(String(i % 100)) }) }, false);
  }
  return { bench, store };
}

describe("a range over 20 000 keys", async () => {
  const { bench, store } = await openStore();
  const read = async (range: RangeView): Promise<{ response: pb.RangeResponse; yields: number }> => {
    const turns = new CountingTurns();
    const body = deferredOf(new RangeReader(store, turns).read(range, new WireWriter(64)));
    const response = fromBinary(pb.RangeResponseSchema, await bytesOfBody(body));
    return { response, yields: turns.count };
  };
  const keys = (response: pb.RangeResponse): string[] =>
    response.kvs.map(({ key }) => textOf(key, 0, key.length));

  test("gives way every few hundred records", async () => {
    const { response, yields } = await read(view());
    expect(keys(response).length).toBe(KEY_COUNT);
    expect(keys(response)).toEqual(keys(response).toSorted());
    expect(yields).toBeGreaterThan(KEY_COUNT / 1000);
  });

  test("sorted by a number or by value, it gives way while it sorts", async () => {
    const byMod = await read(view({ sortTarget: 3, sortOrder: 2, limit: 3 }));
    expect(byMod.response.kvs.map((each) => each.modRevision)).toEqual([20001n, 20000n, 19999n]);
    expect(byMod.response).toMatchObject({ more: true, count: BigInt(KEY_COUNT) });
    expect(byMod.yields).toBeGreaterThan(5);
    const byValue = await read(view({ sortTarget: 4, sortOrder: 1 }));
    const values = byValue.response.kvs.map(({ value }) => textOf(value, 0, value.length));
    expect(values).toEqual(values.toSorted());
    expect(byValue.yields).toBeGreaterThan(60);
  });

  test("counts an old revision in steps, and a new one at once", async () => {
    const turns = new CountingTurns();
    const out = new WireWriter(64);
    expect(new RangeReader(store, turns).read(view({ countOnly: true }), out)).toBeUndefined();
    expect(fromBinary(pb.RangeResponseSchema, out.copy()).count).toBe(BigInt(KEY_COUNT));
    const old = await read(view({ countOnly: true, revision: 10_001 }));
    expect(old.response).toMatchObject({ count: 10_000n, kvs: [] });
    expect(old.yields).toBeGreaterThanOrEqual(2);
  });

  test("shows the revision it began at, whatever is written and compacted meanwhile", async () => {
    const turns = new CountingTurns();
    const body = deferredOf(new RangeReader(store, turns).read(view({ keysOnly: true }), new WireWriter(64)));
    const encoding = body.encode();
    await bench.apply({ deleteRange: { key: bytesOf("k01"), rangeEnd: bytesOf("k02") } });
    await bench.apply({ compaction: { revision: BigInt(store.revision) } });
    store.compactStep(100_000);
    await store.pump();
    const response = fromBinary(pb.RangeResponseSchema, Buffer.concat(await encoding));
    expect(response.kvs.length).toBe(KEY_COUNT);
    expect(store.countLatest(bytesOf("k"), undefined)).toBe(KEY_COUNT - 10_000);
  });

  test("stops at its next pause when it is released, and lets go of its view", async () => {
    const turns = new CountingTurns();
    const reader = new RangeReader(store, turns);
    const unread = deferredOf(reader.read(view(), new WireWriter(64)));
    unread.release();
    const body = deferredOf(reader.read(view(), new WireWriter(64)));
    const encoding = body.encode();
    body.release();
    expect(await encoding).toEqual([]);
    expect(turns.count).toBeLessThan(3);
    await bench.apply({ put: create(pb.PutRequestSchema, { key: bytesOf("k000000") }) });
    await bench.apply({ compaction: { revision: BigInt(store.revision) } });
    await store.flushPending();
    while (store.compactStep(100_000));
    await store.whenCompacted(store.revision);
    expect(store.finishedCompactRevision).toBe(store.revision);
  });
});

test("a sort in turns is the sort in one go", async () => {
  const prng = new Prng(3);
  for (const size of [0, 1, 1023, 1024, 1025, 5000, 30_000]) {
    const numbers = Array.from({ length: size }, () => prng.below(50));
    const compare = (a: number, b: number): number => (numbers[a] ?? 0) - (numbers[b] ?? 0) || a - b;
    const items = Uint32Array.from(numbers.keys());
    const expected = [...items].sort(compare);
    const turns = new CountingTurns();
    expect([...(await sortInTurns(items, compare, turns))]).toEqual(expected);
    if (size === 30_000) expect(turns.count).toBeGreaterThan(10);
  }
});

test("rule 34: chunks of a stream fall to one key and never to none", async () => {
  const store = new NaiveStore();
  const bench = new ApplyBench(store);
  for (let i = 0; i < 25; i++) {
    const key = bytesOf(`k${String(i)}`);
    await bench.apply({ put: create(pb.PutRequestSchema, { key, value: new Uint8Array(500) }) });
  }
  const stream = new RangeStream(view(), { store, turns: new CountingTurns(), chunkBytesTarget: 100 });
  const sizes: number[] = [];
  for (;;) {
    const chunk = await stream.next();
    if (typeof chunk === "string") throw new Error(chunk);
    sizes.push(fromBinary(pb.RangeResponseSchema, Buffer.concat(chunk.parts)).kvs.length);
    if (chunk.last) break;
  }
  expect(sizes).toEqual([10, 5, 2, ...new Array<number>(8).fill(1)]);
  expect(store.openViewCount).toBe(0);
});
