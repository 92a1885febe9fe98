import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { NO_POSITION, SlotTable } from "./slot-table.js";
import { NO_SLOT } from "./store-api.js";

interface ModelSlot {
  readonly numbers: number[];
  readonly lease: bigint;
}

test("slots keep their numbers while others come and go, and freed ones are used again (3 chunks)", () => {
  const prng = new Prng(3);
  const table = new SlotTable();
  const model = new Map<number, ModelSlot>();
  let highest = 0;
  for (let i = 0; i < 120_000; i++) {
    if (model.size < 40_000 || prng.chance(0.5)) {
      const lease = prng.chance(0.01) ? BigInt(i) - 5n : 0n;
      const numbers = [i * 1e9, i % 7, i - 1, i * 3, i + 2 ** 40];
      const slot = table.addPut(numbers[0]!, numbers[1]!, numbers[2]!, numbers[3]!, numbers[4]!, lease);
      if (model.has(slot)) expect.fail(`slot ${String(slot)} given out twice`);
      model.set(slot, { numbers, lease });
      highest = Math.max(highest, slot);
    } else {
      const slot = model.keys().next().value as number;
      table.free(slot);
      model.delete(slot);
      if (table.isUsed(slot)) expect.fail(`slot ${String(slot)} still used`);
    }
  }
  expect(table.usedCount).toBe(model.size);
  for (const [slot, { numbers, lease }] of model) {
    const found = [
      table.main(slot),
      table.sub(slot),
      table.previous(slot),
      table.createRevision(slot),
      table.version(slot),
      table.lease(slot),
      table.position(slot),
    ];
    if (found.join() !== [...numbers, lease, NO_POSITION].join())
      expect(found).toEqual([...numbers, lease, NO_POSITION]);
  }
  expect(highest).toBeLessThan(60_000);
});

test("a tombstone has no create revision, version or lease, and remembers its successor", () => {
  const table = new SlotTable();
  const put = table.addPut(2, 0, NO_SLOT, 2, 1, 9n);
  const tombstone = table.addTombstone(3, 0, put);
  expect(table.isTombstone(put)).toBe(false);
  expect(table.isTombstone(tombstone)).toBe(true);
  expect(table.successor(tombstone)).toBe(NO_SLOT);
  table.setSuccessor(tombstone, 7);
  expect(table.successor(tombstone)).toBe(7);
  expect([table.createRevision(tombstone), table.version(tombstone)]).toEqual([0, 0]);
  expect(table.lease(tombstone)).toBe(0n);
  table.free(put);
  expect(() => {
    table.free(put);
  }).toThrow("freed twice");
  expect(table.lease(table.addTombstone(4, 0, NO_SLOT))).toBe(0n);
});
