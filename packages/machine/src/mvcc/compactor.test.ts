import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.js";
import { REVISION_KEY_SIZE } from "./revision-key.js";
import { NO_SLOT } from "./store-api.js";
import { latin1 } from "./testing/naive-store.js";
import { deleteText, putText, StoreFixture } from "./testing/store-fixture.js";

const open = (): Promise<StoreFixture> => StoreFixture.open(new MemoryEngine());

test("which revisions may be compacted: above C, up to R; 0 once on a fresh store", async () => {
  const fixture = await open();
  expect(fixture.compact(-1)).toBe("compacted");
  expect(fixture.compact(0)).toBeUndefined();
  expect(fixture.compact(0)).toBe("compacted");
  expect(fixture.compact(2)).toBe("future-revision");
  fixture.put("a");
  expect(fixture.compact(2)).toBeUndefined();
  expect(fixture.compact(2)).toBe("compacted");
  expect(fixture.store.compactRevision).toBe(2);
  expect(fixture.describe()).toEqual(["a@2/2/1"]);
});

test("a tombstone exactly at C stays until the next compaction, also over a restart", async () => {
  for (const restart of [false, true]) {
    const fixture = await open();
    fixture.put("a");
    fixture.put("a");
    fixture.delete("a");
    fixture.put("a");
    fixture.delete("b");
    expect(fixture.compact(4)).toBeUndefined();
    if (restart) {
      await fixture.store.flushPending();
      await fixture.reopen();
    }
    await fixture.compactFully();
    expect(await fixture.engineRows()).toEqual(["4.0t", "5.0"]);
    expect(fixture.describe(4)).toEqual([]);
    if (restart) await fixture.reopen();
    expect(fixture.compact(5)).toBeUndefined();
    await fixture.compactFully();
    expect(await fixture.engineRows()).toEqual(["5.0"]);
    expect(fixture.describe()).toEqual(["a@5/5/1"]);
  }
});

test("a deleted key vanishes from the index with its tombstone", async () => {
  const fixture = await open();
  fixture.put("a");
  fixture.delete("a");
  fixture.put("b");
  fixture.compact(3);
  await fixture.compactFully();
  expect(fixture.store.statistics.keyCount).toBe(2);
  fixture.compact(4);
  await fixture.compactFully();
  expect(fixture.store.statistics).toMatchObject({ keyCount: 1, revisionCount: 1 });
  expect(await fixture.engineRows()).toEqual(["4.0"]);
});

test("a key deleted and put again within one revision survives a compaction exactly there", async () => {
  for (const restart of [false, true]) {
    const fixture = await open();
    fixture.put("a");
    fixture.apply((store) => {
      deleteText(store, "a");
      putText(store, "a", "again", 0n);
    });
    fixture.compact(3);
    await fixture.store.flushPending();
    if (restart) await fixture.reopen();
    await fixture.compactFully();
    expect(await fixture.engineRows()).toEqual(["3.1"]);
    expect(fixture.describe()).toEqual(["a@3/3/1"]);
    expect((await fixture.store.load([fixture.find("a")]))[0]).toBeDefined();
  }
});

test("R does not go back when the newest revision was compacted away before a restart", async () => {
  for (const finish of [false, true]) {
    const fixture = await open();
    fixture.put("a");
    fixture.delete("a");
    fixture.compact(3);
    if (finish) await fixture.compactFully();
    fixture.put("b");
    fixture.delete("b");
    fixture.compact(5);
    if (finish) await fixture.compactFully();
    await fixture.store.flushPending();
    await fixture.reopen();
    expect([fixture.store.revision, fixture.store.compactRevision]).toEqual([5, 5]);
    expect(fixture.put("c")).toBe(6);
  }
});

test("a compaction cut short by a restart goes on, whatever batch was the last to survive", async () => {
  const engine = new MemoryEngine({ crashes: true });
  const fixture = await StoreFixture.open(engine, { batchRowsMax: 1 });
  for (let i = 0; i < 12; i++) {
    fixture.put(`k${String(i % 3)}`);
    if (i % 4 === 3) fixture.delete(`k${String(i % 3)}`);
  }
  const revision = fixture.store.revision;
  const before = fixture.describe(revision);
  const hash = await fixture.store.hashKv(revision);
  await fixture.store.flushDurable();
  fixture.compact(revision);
  await fixture.store.flushPending();
  while (fixture.store.compactStep(1)) await fixture.store.flushPending();
  await fixture.store.flushPending();
  const hashAfter = await fixture.store.hashKv(revision);
  expect(hashAfter).not.toEqual(hash);
  const rowsAfter = await fixture.engineRows();
  const batchCount = engine.unflushedCount;
  expect(batchCount).toBeGreaterThan(5);
  for (let survivors = 1; survivors <= batchCount; survivors++) {
    const recovered = await StoreFixture.open(engine.crash(survivors));
    expect(recovered.store.compactRevision).toBe(revision);
    expect(recovered.describe()).toEqual(before);
    expect(await recovered.store.hashKv(revision)).toEqual(hashAfter);
    await recovered.compactFully();
    expect(await recovered.engineRows()).toEqual(rowsAfter);
  }
});

test("freeing stops short of an open view and goes on after its release", async () => {
  const fixture = await open();
  for (let i = 0; i < 5; i++) fixture.put("a", String(i));
  const view = fixture.store.openReadView(3);
  fixture.compact(6);
  await fixture.compactFully();
  expect(fixture.describe(view.revision)).toEqual(["a@2/3/2"]);
  expect(await fixture.engineRows()).toEqual(["3.0", "4.0", "5.0", "6.0"]);
  expect(fixture.store.finishedCompactRevision).toBe(-1);
  const waited = fixture.store.whenCompacted(6);
  view.release();
  expect(() => {
    view.release();
  }).toThrow("twice");
  await fixture.compactFully();
  await waited;
  expect(await fixture.engineRows()).toEqual(["6.0"]);
  expect(fixture.store.finishedCompactRevision).toBe(6);
  expect(() => fixture.store.openReadView(5)).toThrow("below");
});

test("rows that have not been handed to the engine are not freed, so that no delete overtakes its put", async () => {
  const fixture = await open();
  for (let i = 0; i < 5; i++) fixture.put("a", String(i));
  fixture.compact(6);
  expect(fixture.store.compactStep(100)).toBe(false);
  expect(fixture.store.statistics.revisionCount).toBe(5);
  await fixture.compactFully();
  expect(fixture.store.statistics.revisionCount).toBe(1);
});

test("a step frees about as much as its budget, and a later compaction joins the one under way", async () => {
  const fixture = await open();
  for (let i = 0; i < 100; i++) fixture.put(`k${String(i)}`);
  for (let i = 0; i < 100; i++) fixture.delete(`k${String(i)}`);
  fixture.compact(150);
  await fixture.store.flushPending();
  expect(fixture.store.compactStep(20)).toBe(true);
  expect(fixture.store.statistics.revisionCount).toBeGreaterThan(200 - 30);
  fixture.compact(201);
  await fixture.compactFully();
  expect(await fixture.engineRows()).toEqual(["201.0t"]);
  expect(fixture.store.countLatest(latin1("k"), undefined)).toBe(0);
  expect(fixture.find("k0", 201)).toBe(NO_SLOT);
});

test("the bytes of revisions are what their rows take, before and after compactions and restarts", async () => {
  const fixture = await open();
  const expectRows = async (): Promise<void> => {
    let bytes = 0;
    for await (const { keys, values } of fixture.store.rows("key"))
      keys.forEach((_, i) => (bytes += REVISION_KEY_SIZE + (values[i]?.length ?? 0)));
    expect(fixture.store.statistics.revisionBytes).toBe(bytes);
  };
  for (let i = 0; i < 200; i++) {
    fixture.put(`k${String(i % 20)}`, "v".repeat(i));
    if (i % 7 === 0) fixture.delete(`k${String(i % 20)}`);
  }
  await expectRows();
  const before = fixture.store.statistics.revisionBytes;
  fixture.compact(fixture.store.revision - 50);
  await fixture.compactFully();
  await expectRows();
  expect(fixture.store.statistics.revisionBytes).toBeLessThan(before / 2);
  await fixture.reopen();
  await expectRows();
});
