import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.js";
import { readUint64 } from "./revision-key.js";
import { latin1 } from "./testing/naive-store.js";
import { putText, StoreFixture } from "./testing/store-fixture.js";
import { CONSISTENT_INDEX_KEY } from "./write-behind.js";

/** An engine whose writes resolve when the test says so; remembers how many rows each batch had. */
class GatedEngine extends MemoryEngine {
  readonly batchSizes: number[] = [];
  failure: Error | undefined = undefined;
  #gates: (() => void)[] = [];
  inFlightCount = 0;

  override async write(
    keys: readonly Uint8Array[],
    values: readonly (Uint8Array | undefined)[],
  ): Promise<void> {
    this.batchSizes.push(keys.length);
    this.inFlightCount += 1;
    await new Promise<void>((resolve) => this.#gates.push(resolve));
    this.inFlightCount -= 1;
    if (this.failure !== undefined) throw this.failure;
    await super.write(keys, values);
  }

  open(): void {
    for (const gate of this.#gates.splice(0)) gate();
  }
}

test("one batch is in flight while the next gathers, and a batch ends with its limit's entry", async () => {
  const engine = new GatedEngine();
  const fixture = await StoreFixture.open(engine, { batchRowsMax: 4 });
  const { store } = fixture;
  expect(store.pump()).toBeUndefined();
  fixture.put("a");
  const first = store.pump();
  expect(first).toBeDefined();
  for (let i = 0; i < 7; i++) fixture.put(`k${String(i)}`);
  fixture.apply((s) => {
    for (let i = 0; i < 9; i++) putText(s, `big${String(i)}`, "", 0n);
  });
  expect(store.pump()).toBeUndefined();
  expect(engine.inFlightCount).toBe(1);
  engine.open();
  await first;
  expect(store.persistedIndex).toBe(1);

  const second = store.pump();
  engine.open();
  await second;
  expect(store.persistedIndex).toBe(5);
  const third = store.pump();
  engine.open();
  await third;
  // Three small entries and the whole big one, which is not split; each batch also carries index or term.
  expect(engine.batchSizes).toEqual([1 + 2, 4 + 1, 12 + 1]);
  expect(store.persistedIndex).toBe(9);
  expect(store.pump()).toBeUndefined();
});

test("every batch leaves entries whole: after any crash the index in the engine tells what is there", async () => {
  const prng = new Prng(5);
  const engine = new MemoryEngine({ crashes: true });
  const fixture = await StoreFixture.open(engine, { batchRowsMax: 3 });
  // Entry i puts key i mod 7 and row "n" = i: what is restored must be of one entry.
  for (let i = 1; i <= 60; i++) {
    fixture.apply((store) => {
      putText(store, `k${String(i % 7)}`, String(i), 0n);
      store.setRow("lease", latin1("n"), latin1(String(i)));
    });
    if (prng.chance(0.4)) await fixture.store.pump();
    if (i === 20) await fixture.store.flushDurable();
  }
  await fixture.store.flushPending();
  expect(engine.unflushedCount).toBeGreaterThan(5);
  for (let survivors = 0; survivors <= engine.unflushedCount; survivors++) {
    const recovered = engine.crash(survivors);
    const store = (await StoreFixture.open(recovered)).store;
    const index = store.consistentIndex;
    expect(index).toBeGreaterThanOrEqual(20);
    expect(store.revision).toBe(index + 1);
    for await (const { values } of store.rows("lease"))
      expect(Buffer.from(values[0]!).toString()).toBe(String(index));
    const [stored] = await recovered.getMany([CONSISTENT_INDEX_KEY]);
    expect(readUint64(stored!, 0, "index")).toBe(index);
  }
});

test("backpressure begins beyond the limit of unwritten bytes and ends when the engine has caught up", async () => {
  const engine = new GatedEngine();
  const fixture = await StoreFixture.open(engine, { unwrittenBytesMax: 10_000, batchBytesMax: 6000 });
  const { store } = fixture;
  for (let i = 0; i < 9; i++) fixture.put(`k${String(i)}`, "x".repeat(1000));
  expect(store.needsBackpressure).toBe(false);
  for (let i = 0; i < 3; i++) fixture.put(`l${String(i)}`, "x".repeat(1000));
  expect(store.needsBackpressure).toBe(true);
  let drained = false;
  const waiting = store.drained().then(() => {
    drained = true;
  });
  const pumped = store.pump();
  await Promise.resolve();
  expect(drained).toBe(false);
  engine.open();
  await pumped;
  await waiting;
  expect(store.needsBackpressure).toBe(false);
  const flushed = store.flushPending();
  while (store.statistics.unwrittenBytes > 0) {
    engine.open();
    await Promise.resolve();
  }
  await flushed;
  expect(store.persistedIndex).toBe(12);
  await store.drained();
});

test("a failing engine fails every later pump, flush and wait, with its own error", async () => {
  const engine = new GatedEngine();
  const fixture = await StoreFixture.open(engine, { unwrittenBytesMax: 10 });
  const { store } = fixture;
  fixture.put("a", "x".repeat(100));
  engine.failure = new Error("disk full");
  const waiting = expect(store.drained()).rejects.toThrow("disk full");
  const pumped = expect(store.pump()).rejects.toThrow("disk full");
  engine.open();
  await pumped;
  await waiting;
  await expect(store.pump()).rejects.toThrow("disk full");
  await expect(store.flushPending()).rejects.toThrow("disk full");
  await expect(store.flushDurable()).rejects.toThrow("disk full");
  expect(store.persistedIndex).toBe(0);
});

test("entries that change nothing move the index in the engine without a row of their own", async () => {
  const engine = new GatedEngine();
  const fixture = await StoreFixture.open(engine);
  for (let i = 0; i < 10; i++) fixture.apply(() => undefined);
  const pumped = fixture.store.pump();
  engine.open();
  await pumped;
  expect(engine.batchSizes).toEqual([2]);
  expect(fixture.store.persistedIndex).toBe(10);
});
