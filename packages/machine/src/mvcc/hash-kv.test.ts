import { expect, test } from "vitest";
import { MemoryEngine } from "./memory-engine.js";
import { NaiveStore } from "./testing/naive-store.js";
import { StoreFixture } from "./testing/store-fixture.js";

const NAMES = ["alice", "bob", "celine", "dominik", "eve", "frederica", "gorge"];

/** The key generator behind etcd's published checksums. */
function keyOf(i: number): string {
  if (i % 142 === 30) return "zenek";
  if (i % 71 === 30) return "xavery";
  return NAMES[i % 7] as string;
}

test("a store that was never written hashes to etcd's number", async () => {
  const { store } = await StoreFixture.open(new MemoryEngine());
  expect(await store.hashKv(0)).toEqual({ kind: "hash", hash: 1084519789, revision: 1, compactRevision: -1 });
});

const ROUNDS = [
  { start: 0, compactRevision: -1, hash: 4082599214 },
  { start: 71, compactRevision: 35, hash: 2279933401 },
  { start: 142, compactRevision: 106, hash: 3284231217 },
  { start: 213, compactRevision: 177, hash: 126286495 },
];

for (const freeing of ["at once", "never"]) {
  test(`hashes over four compactions are etcd's, freeing rows ${freeing}`, async () => {
    const fixture = await StoreFixture.open(new MemoryEngine());
    for (const { start, compactRevision, hash } of ROUNDS) {
      for (let i = start; i <= start + 71; i++) fixture.put(keyOf(i), String(i));
      const revision = start + 35;
      const result = await fixture.store.hashKv(revision);
      expect(result).toEqual({ kind: "hash", hash, revision, compactRevision });
      fixture.compact(revision);
      if (freeing === "at once") await fixture.compactFully();
    }
  });
}

test("hashes of compactions are remembered with the revision compacted before, and held back until computed", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine(), { hashCompactions: true });
  for (const { start, compactRevision, hash } of ROUNDS) {
    for (let i = start; i <= start + 71; i++) fixture.put(keyOf(i), String(i));
    const revision = start + 35;
    fixture.compact(revision);
    await fixture.compactFully();
    expect(fixture.store.finishedCompactRevision).toBe(compactRevision);
    await fixture.store.hashCompaction();
    await fixture.compactFully();
    expect(fixture.store.finishedCompactRevision).toBe(revision);
    expect(await fixture.store.hashKv(revision)).toEqual({ kind: "hash", hash, revision, compactRevision });
  }
  // Members compare them long after: they stay when C has moved on.
  for (const { start, compactRevision, hash } of ROUNDS) {
    const revision = start + 35;
    expect(await fixture.store.hashKv(revision)).toEqual({ kind: "hash", hash, revision, compactRevision });
  }
  expect(await fixture.store.hashKv(36)).toEqual({ kind: "compacted" });
});

test("the ten newest compactions are remembered; one that overtakes another unfinished one is not hashed", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine(), { hashCompactions: true });
  for (let i = 0; i < 30; i++) fixture.put("a", String(i));
  for (let revision = 2; revision <= 13; revision++) {
    fixture.compact(revision);
    await fixture.store.hashCompaction();
    await fixture.compactFully();
  }
  expect((await fixture.store.hashKv(3)).kind).toBe("compacted");
  expect(await fixture.store.hashKv(4)).toMatchObject({ kind: "hash", compactRevision: 3 });
  fixture.compact(20);
  fixture.compact(21);
  await fixture.store.hashCompaction();
  expect(fixture.store.hashCompaction()).toBeUndefined();
  expect(await fixture.store.hashKv(20)).toMatchObject({ kind: "hash", compactRevision: 13 });
  expect(await fixture.store.hashKv(21)).toMatchObject({ kind: "hash", compactRevision: 21 });
});

test("a revision below C is compacted, one above R is in the future, 0 is R", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine());
  for (let i = 0; i < 5; i++) fixture.put("a");
  fixture.compact(4);
  expect(await fixture.store.hashKv(3)).toEqual({ kind: "compacted" });
  expect(await fixture.store.hashKv(7)).toEqual({ kind: "future-revision" });
  expect(await fixture.store.hashKv(0)).toMatchObject({ revision: 6, compactRevision: 4 });
});

test("writes and compactions during a hash do not change it", async () => {
  const quiet = await StoreFixture.open(new MemoryEngine());
  const busy = await StoreFixture.open(new MemoryEngine(), {
    yieldTurn: async () => {
      busy.put(`k${String(busy.store.revision % 50)}`, "later");
      if (busy.store.revision % 3 === 0) busy.compact(busy.store.revision);
      await busy.store.flushPending();
      busy.store.compactStep(50);
    },
  });
  for (const fixture of [quiet, busy]) {
    for (let i = 0; i < 3000; i++) fixture.put(`k${String(i % 100)}`, String(i));
    fixture.compact(1500);
  }
  const expected = await quiet.store.hashKv(3001);
  expect(await busy.store.hashKv(3001)).toEqual(expected);
  expect(busy.store.compactRevision).toBeGreaterThan(3001);
});

test("a compaction that frees rows between the call and the reading of rows does not change the hash", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine());
  for (let i = 0; i < 40; i++) fixture.put(`k${String(i % 5)}`, String(i));
  fixture.compact(10);
  await fixture.store.flushPending();
  const expected = await fixture.store.hashKv(30);
  const hashing = fixture.store.hashKv(30);
  fixture.compact(41);
  fixture.store.compactStep(1000);
  void fixture.store.pump();
  expect(await hashing).toEqual(expected);
  await fixture.compactFully();
  expect((await fixture.engineRows()).length).toBe(5);
});

test("when no key is live, rows that a compaction kept still count, freed or not", async () => {
  const model = new NaiveStore();
  const fixture = await StoreFixture.open(new MemoryEngine());
  const put = (key: string): void => {
    fixture.put(key, "1");
    model.begin();
    model.put(key, "1", 0n);
    model.end();
  };
  for (const key of ["a", "a", "b", "c"]) put(key);
  fixture.compact(5);
  model.compact(5);
  for (const key of ["a", "b", "c"]) {
    fixture.delete(key);
    model.begin();
    model.delete(key);
    model.end();
  }
  const expected = model.hashKv(8);
  expect(await fixture.store.hashKv(8)).toMatchObject({ hash: expected });
  await fixture.compactFully();
  expect(await fixture.store.hashKv(8)).toMatchObject({ hash: expected });
  expect(await fixture.store.hashKv(7)).toMatchObject({ hash: model.hashKv(7) });
});

test("the hash over all tables sees every row but those in which members may differ", async () => {
  const first = await StoreFixture.open(new MemoryEngine());
  const second = await StoreFixture.open(new MemoryEngine());
  first.put("a", "1");
  second.apply(() => undefined);
  second.put("a", "1");
  expect(await first.store.hashAll()).toBe(await second.store.hashAll());
  first.apply((store) => {
    store.setRow("lease", Uint8Array.of(1), Uint8Array.of(2));
  });
  expect(await first.store.hashAll()).not.toBe(await second.store.hashAll());
});

test("below revision zero there is nothing, which has a hash too, whatever was compacted", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine());
  for (const key of ["a", "b", "a"]) fixture.put(key, "v");
  const nothing = 1084519789;
  expect(await fixture.store.hashKv(-5)).toMatchObject({ kind: "hash", hash: nothing, revision: -5 });
  fixture.compact(3);
  expect(await fixture.store.hashKv(-1)).toMatchObject({ kind: "hash", hash: nothing, compactRevision: 3 });
});

test("without a revision the present state is hashed, also when it is what a compaction left", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine(), { hashCompactions: true });
  for (const key of ["a", "b", "a"]) fixture.put(key, "v");
  fixture.compact(3);
  await fixture.store.hashCompaction();
  await fixture.compactFully();
  fixture.compact(4);
  await fixture.store.hashCompaction();
  await fixture.compactFully();
  expect(await fixture.store.hashKv(0)).toMatchObject({ revision: 4, compactRevision: 4 });
  expect(await fixture.store.hashKv(4)).toMatchObject({ revision: 4, compactRevision: 3 });
});

test("a tombstone at the compaction's revision keeps rows of dead keys out of its hash, not out of the hash before", async () => {
  const fixture = await StoreFixture.open(new MemoryEngine(), { hashCompactions: true });
  fixture.put("a", "v");
  fixture.compact(2);
  await fixture.store.hashCompaction();
  await fixture.compactFully();
  fixture.delete("a");
  // The numbers are etcd's: two rows count before, the tombstone alone in what the compaction leaves.
  const numbers = { revision: 3, compactRevision: 2 };
  expect(await fixture.store.hashKv(3)).toEqual({ kind: "hash", hash: 40785394, ...numbers });
  fixture.compact(3);
  await fixture.store.hashCompaction();
  await fixture.compactFully();
  expect(await fixture.store.hashKv(3)).toEqual({ kind: "hash", hash: 3681333679, ...numbers });
  expect(await fixture.store.hashKv(0)).toMatchObject({ hash: 1084519789, compactRevision: 3 });
});
