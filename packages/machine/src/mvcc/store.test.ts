import { expect, test } from "vitest";
import type { Engine } from "./engine.js";
import { MemoryEngine } from "./memory-engine.js";
import { LATEST, NO_SLOT } from "./store-api.js";
import { latin1 } from "./testing/naive-store.js";
import { deleteText, putText, StoreFixture } from "./testing/store-fixture.js";

const open = (): Promise<StoreFixture> => StoreFixture.open(new MemoryEngine());

test("the first put of a fresh store has revision 2; revision 1 is readable and empty", async () => {
  const fixture = await open();
  expect([fixture.store.revision, fixture.store.compactRevision]).toEqual([1, -1]);
  expect(fixture.put("a")).toBe(2);
  expect(fixture.find("a", 1)).toBe(NO_SLOT);
  expect(fixture.describe()).toEqual(["a@2/2/1"]);
});

test("version and create revision start anew after a delete", async () => {
  const fixture = await open();
  fixture.put("a");
  fixture.put("a");
  expect(fixture.describe()).toEqual(["a@2/3/2"]);
  fixture.delete("a");
  expect(fixture.describe()).toEqual([]);
  fixture.put("a");
  expect(fixture.describe()).toEqual(["a@5/5/1"]);
  expect(fixture.describe(3)).toEqual(["a@2/3/2"]);
  expect(fixture.describe(4)).toEqual([]);
});

test("a transaction that changes nothing takes no revision, but moves the consistent index", async () => {
  const fixture = await open();
  fixture.put("a");
  expect(fixture.delete("missing")).toBe(2);
  expect(fixture.delete("missing")).toBe(2);
  expect(fixture.store.consistentIndex).toBe(3);
  await fixture.store.flushPending();
  expect(fixture.store.persistedIndex).toBe(3);
});

test("changes of one transaction share a revision, count up in sub, and are seen inside at LATEST only", async () => {
  const fixture = await open();
  fixture.put("a", "old");
  fixture.apply((store) => {
    expect(store.changed).toBe(false);
    const slot = putText(store, "a", "new", 0n);
    expect(store.changed).toBe(true);
    deleteText(store, "a");
    const last = putText(store, "b", "", 0n);
    expect([store.subOf(slot), store.subOf(last), store.mainOf(last)]).toEqual([0, 2, 3]);
    expect(store.revision).toBe(2);
    expect(fixture.describe(LATEST)).toEqual(["b@3/3/1"]);
    expect(fixture.describe(store.revision)).toEqual(["a@2/2/1"]);
    expect(store.countLatest(latin1("a"), latin1("z"))).toBe(1);
  });
  expect(fixture.store.revision).toBe(3);
});

test("two puts of one key in one transaction keep both records; the key has the later one", async () => {
  const fixture = await open();
  fixture.apply((store) => {
    putText(store, "a", "1", 0n);
    putText(store, "a", "2", 0n);
  });
  expect(fixture.describe()).toEqual(["a@2/2/2"]);
  expect(await fixture.engineRows()).toEqual(["2.0", "2.1"]);
  await fixture.reopen();
  expect(fixture.describe()).toEqual(["a@2/2/2"]);
});

test("delete returns the slot that was live, and its record names only the key", async () => {
  const fixture = await open();
  fixture.put("a", "value", 7n);
  fixture.apply((store) => {
    const live = deleteText(store, "a");
    expect([store.mainOf(live), store.leaseOf(live)]).toEqual([2, 7n]);
    expect(deleteText(store, "a")).toBe(NO_SLOT);
  });
  await fixture.store.flushPending();
  const rows: string[] = [];
  for await (const chunk of fixture.store.rows("key")) {
    for (const value of chunk.values) rows.push(Buffer.from(value).toString("hex"));
  }
  expect(rows[1]).toBe("0a0161");
});

test("onCommit tells each revision's slots in order, and nothing of empty transactions", async () => {
  const commits: string[] = [];
  const fixture = await StoreFixture.open(new MemoryEngine(), {
    onCommit: (revision, slots, count) => {
      const { store } = fixture;
      const parts = [...slots.subarray(0, count)].map(
        (slot) =>
          `${String(store.mainOf(slot))}.${String(store.subOf(slot))}${store.isTombstone(slot) ? "t" : ""}`,
      );
      commits.push(`${String(revision)}: ${parts.join(" ")}`);
    },
  });
  fixture.put("a");
  fixture.delete("missing");
  fixture.apply((store) => {
    putText(store, "b", "", 0n);
    deleteText(store, "a");
  });
  fixture.apply((store) => {
    for (let i = 0; i < 200; i++) putText(store, `c${String(i)}`, "", 0n);
  });
  expect(commits.slice(0, 2)).toEqual(["2: 2.0", "3: 3.0 3.1t"]);
  expect(commits[2]?.split(" ").length).toBe(201);
});

test("previousOf leads to the record before, the one an event shows as prev_kv", async () => {
  const fixture = await open();
  fixture.put("a");
  fixture.put("a");
  const { store } = fixture;
  const newest = fixture.find("a");
  expect(store.mainOf(store.previousOf(newest))).toBe(2);
  expect(store.previousOf(store.previousOf(newest))).toBe(NO_SLOT);
});

test("records leave the cache when the engine has them and come back with one call of the engine", async () => {
  let calls = 0;
  class CountingEngine extends MemoryEngine {
    override getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
      calls += 1;
      return super.getMany(keys);
    }
  }
  const fixture = await StoreFixture.open(new CountingEngine(), { cacheBytesMax: 1 });
  const large = "x".repeat(600_000);
  for (let i = 0; i < 10; i++) fixture.put(`k${String(i)}`, large);
  const { store } = fixture;
  const slots = Array.from({ length: 10 }, (_, i) => fixture.find(`k${String(i)}`));
  expect(slots.every((slot) => store.record(slot) !== undefined)).toBe(true);
  await store.flushPending();
  expect(store.record(slots[0] as number)).toBeUndefined();
  expect(store.copyRecord(slots[0] as number, new Uint8Array(1_000_000), 0)).toBe(false);

  calls = 0;
  const records = await store.load(slots);
  expect(calls).toBe(1);
  expect(records.map((record) => record.length)).toEqual(slots.map((slot) => store.recordSizeOf(slot)));
  await store.load([slots[8] as number]);
  expect(calls).toBe(1);
  expect(store.statistics.cacheBytes).toBeLessThan(3_000_000);
});

test("a row that the engine has lost is corruption, named by its key", async () => {
  class ForgetfulEngine extends MemoryEngine {
    override getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
      return Promise.resolve(keys.map(() => undefined));
    }
  }
  const fixture = await StoreFixture.open(new ForgetfulEngine(), { cacheBytesMax: 1 });
  fixture.put("a", "x".repeat(1_100_000));
  fixture.put("b", "x".repeat(1_100_000));
  await fixture.store.flushPending();
  await expect(fixture.store.load([fixture.find("a")])).rejects.toThrow("00000000000000025f");
});

test("table rows travel with the entry, and survive a restart", async () => {
  const fixture = await open();
  fixture.apply((store) => {
    store.setRow("lease", latin1("id1"), latin1("ttl"));
    store.setRow("alarm", latin1("x"), new Uint8Array(0));
  });
  fixture.apply((store) => {
    store.setRow("alarm", latin1("x"), undefined);
  });
  expect(fixture.store.revision).toBe(1);
  await fixture.store.flushPending();
  await fixture.reopen();
  const rows: string[] = [];
  for await (const { table, keys, values } of fixture.store.allRows()) {
    keys.forEach((key, i) => {
      if (table !== "meta")
        rows.push(`${table}/${Buffer.from(key).toString()}=${Buffer.from(values[i]!).toString()}`);
    });
  }
  expect(rows).toEqual(["lease/id1=ttl"]);
  expect([fixture.store.consistentIndex, fixture.store.consistentTerm]).toEqual([2, 1]);
});

test("misuse is an assertion: writes outside a transaction, nested ones, an index that goes back", async () => {
  const { store } = await open();
  const key = latin1("a");
  expect(() => store.put(key, 0, 1, key, 0, 1, 0n)).toThrow("outside");
  expect(() => store.delete(key, 0, 1)).toThrow("outside");
  expect(() => store.compact(1)).toThrow("outside");
  expect(() => store.end()).toThrow("outside");
  store.begin(5, 1);
  expect(() => {
    store.begin(6, 1);
  }).toThrow("within");
  expect(() => store.pump()).toThrow("within");
  expect(() => {
    store.setRow("key", key, key);
  }).toThrow("put and delete");
  store.end();
  expect(() => {
    store.begin(5, 1);
  }).toThrow("entry 5 applied after 5");
});

test("keys of any bytes and up to a megabyte are found, scanned and restored", async () => {
  const fixture = await open();
  const keys = ["\0", "\0\0", "a", "a\0", "\xff", "\xff\xff", "k".repeat(1_000_000), "k".repeat(999_999)];
  for (const key of keys) fixture.put(key, key.slice(0, 3));
  for (const round of ["written", "restored"]) {
    expect([round, ...keys.map((key) => fixture.find(key) !== NO_SLOT)]).toEqual([
      round,
      ...keys.map(() => true),
    ]);
    expect(fixture.describe().map((line) => line.slice(0, line.lastIndexOf("@")))).toEqual([...keys].sort());
    await fixture.store.flushPending();
    await fixture.reopen();
  }
});

test("the durable index follows only what a flush of the engine covered", async () => {
  let duringFlush: () => void = () => undefined;
  class SlowFlushEngine extends MemoryEngine {
    override flush(): Promise<void> {
      duringFlush();
      return super.flush();
    }
  }
  const engine: Engine = new SlowFlushEngine();
  const fixture = await StoreFixture.open(engine);
  fixture.put("a");
  expect([fixture.store.persistedIndex, fixture.store.durableIndex]).toEqual([0, 0]);
  await fixture.store.flushPending();
  expect([fixture.store.persistedIndex, fixture.store.durableIndex]).toEqual([1, 0]);
  duringFlush = (): void => {
    fixture.put("b");
    void fixture.store.pump();
  };
  await fixture.store.flushDurable();
  expect([fixture.store.persistedIndex, fixture.store.durableIndex]).toEqual([2, 1]);
});

test("history gives the rows of an interval of revisions, those not yet in the engine included", async () => {
  const fixture = await open();
  for (let i = 0; i < 6; i++) fixture.put(`k${String(i)}`);
  fixture.delete("k0");
  const keys: string[] = [];
  for await (const chunk of fixture.store.history(5, 9))
    keys.push(...chunk.keys.map((key) => Buffer.from(key).toString("hex")));
  expect(keys.map((key) => Number.parseInt(key.slice(0, 16), 16))).toEqual([5, 6, 7, 8]);
  expect(keys.map((key) => key.length / 2)).toEqual([17, 17, 17, 18]);
});
