import { expect, test } from "vitest";
import { CorruptionError } from "./corruption-error.js";
import { MemoryEngine } from "./memory-engine.js";
import { encodeRecord } from "./record-codec.js";
import { createMetaRevision, createRevisionKey } from "./revision-key.js";
import { tableKey } from "./table-keys.js";
import { latin1 } from "./testing/naive-store.js";
import { StoreFixture } from "./testing/store-fixture.js";
import { CONSISTENT_INDEX_KEY, SCHEDULED_COMPACT_KEY } from "./write-behind.js";

function record(key: string, main: number): Uint8Array {
  return encodeRecord(latin1(key), latin1("v"), {
    createRevision: main,
    modRevision: main,
    version: 1,
    lease: 0n,
  });
}

const BAD_ROWS: Record<string, { key: Uint8Array; value: Uint8Array; says: string }> = {
  "a key of 16 bytes": {
    key: createRevisionKey(7, 0, false).subarray(0, 17),
    value: record("a", 7),
    says: "0000075f",
  },
  "a foreign separator": {
    key: createRevisionKey(7, 0, false).with(9, 0x60),
    value: record("a", 7),
    says: "00000760",
  },
  "a foreign mark": {
    key: createRevisionKey(7, 0, true).with(18, 0x75),
    value: record("a", 7),
    says: "0075",
  },
  "a revision beyond the safe range": {
    key: createRevisionKey(7, 0, false).with(1, 255),
    value: record("a", 7),
    says: "safe",
  },
  "a record that is no KeyValue": {
    key: createRevisionKey(7, 0, false),
    value: Uint8Array.of(0x0a, 9),
    says: "00000000000000075f0000000000000000: no KeyValue",
  },
  "a record of another revision": {
    key: createRevisionKey(7, 0, false),
    value: record("a", 8),
    says: "says revision 8",
  },
};

for (const [name, { key, value, says }] of Object.entries(BAD_ROWS)) {
  test(`a store with ${name} does not open and names the row`, async () => {
    const engine = new MemoryEngine();
    await engine.write([createRevisionKey(2, 0, false), key], [record("a", 2), value]);
    await expect(StoreFixture.open(engine)).rejects.toThrow(CorruptionError);
    await expect(StoreFixture.open(engine)).rejects.toThrow(says);
  });
}

test("malformed meta rows are corrupt and named", async () => {
  for (const [key, name] of [
    [CONSISTENT_INDEX_KEY, "consistent_index"],
    [SCHEDULED_COMPACT_KEY, "scheduledCompactRev"],
  ] as const) {
    const engine = new MemoryEngine();
    await engine.write([key], [Uint8Array.of(1, 2, 3)]);
    await expect(StoreFixture.open(engine)).rejects.toThrow(name);
  }
});

test("the empty row of a bumped revision is accepted, hashed, and its compaction resumed", async () => {
  const engine = new MemoryEngine();
  const bumped = 1_000_003;
  await engine.write(
    [
      createRevisionKey(2, 0, false),
      createRevisionKey(3, 0, false),
      createRevisionKey(bumped, 0, false),
      SCHEDULED_COMPACT_KEY,
    ],
    [record("a", 2), record("b", 3), new Uint8Array(0), createMetaRevision(bumped)],
  );
  const fixture = await StoreFixture.open(engine);
  expect([fixture.store.revision, fixture.store.compactRevision]).toEqual([bumped, bumped]);
  const first = await fixture.store.hashKv(0);
  await fixture.compactFully();
  expect(fixture.store.finishedCompactRevision).toBe(bumped);
  expect(await fixture.store.hashKv(0)).toEqual(first);
  const visible: string[] = [];
  fixture.store.scan(latin1("\0"), undefined, bumped, (_slot, buffer, start, end) => {
    visible.push(Buffer.from(buffer.subarray(start, end)).toString());
    return true;
  });
  expect(visible).toEqual(["a", "b"]);
  expect(fixture.store.countLatest(latin1("\0"), undefined)).toBe(2);
  expect(fixture.put("a")).toBe(bumped + 1);
});

test("a history whose older rows another member has freed already is accepted", async () => {
  const engine = new MemoryEngine();
  await engine.write(
    [createRevisionKey(5, 0, true), createRevisionKey(6, 0, false), createRevisionKey(7, 0, true)],
    [latin1("\x0a\x01a"), record("b", 6), latin1("\x0a\x01b")],
  );
  const fixture = await StoreFixture.open(engine);
  expect(fixture.describe()).toEqual([]);
  expect(fixture.describe(6)).toEqual(["b@6/6/1"]);
  fixture.compact(7);
  await fixture.compactFully();
  expect(await fixture.engineRows()).toEqual(["7.0t"]);
});

test("restoring lets other work run between chunks (2000 rows)", async () => {
  const engine = new MemoryEngine();
  const mains = Array.from({ length: 2000 }, (_, i) => i + 2);
  await engine.write(
    mains.map((main) => createRevisionKey(main, 0, false)),
    mains.map((main) => record(`k${String(main % 700)}`, main)),
  );
  let turns = 0;
  const yieldTurn = (): Promise<void> => {
    turns += 1;
    return Promise.resolve();
  };
  const fixture = await StoreFixture.open(engine, { yieldTurn });
  expect(turns).toBeGreaterThan(2);
  expect(fixture.store.statistics).toMatchObject({ keyCount: 700, liveKeyCount: 700, revisionCount: 2000 });
});

test("tables the store does not own are left as they are", async () => {
  const engine = new MemoryEngine();
  const key = tableKey("meta", latin1("confState"));
  await engine.write([key], [latin1("{}")]);
  const fixture = await StoreFixture.open(engine);
  fixture.put("a");
  await fixture.store.flushPending();
  expect(Buffer.from((await engine.getMany([key]))[0]!).toString()).toBe("{}");
});
