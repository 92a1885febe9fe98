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
      const slot = table.addPut(numbers[0]!, numbers[1]!, NO_SLOT, numbers[3]!, numbers[4]!, lease);
      table.setPrevious(slot, numbers[2]!);
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

test("a key of 200000 revisions is searched at any of them, while its older ones are freed and reused", () => {
  const table = new SlotTable();
  const prng = new Prng(6);
  const chain: number[] = [];
  let head = NO_SLOT;
  let oldest = 1;
  for (let main = 1; main <= 200_000; main++) {
    head = table.addPut(main, 0, head, 1, main, 0n);
    chain[main] = head;
    // Another key takes the freed slots, so that jumps into the past lead to strangers.
    if (main % 5 === 0) {
      table.setPrevious(chain[oldest + 1] as number, NO_SLOT);
      table.free(chain[oldest++] as number);
      if (prng.chance(0.5)) table.addPut(main, 1, NO_SLOT, main, 1, 0n);
    }
    if (main % 20 !== 0) continue;
    const sought = oldest + prng.below(main - oldest + 1);
    if (table.findAt(head, sought) !== chain[sought]) expect(table.findAt(head, sought)).toBe(chain[sought]);
  }
  expect(table.findAt(head, oldest - 1)).toBe(NO_SLOT);
  expect(table.findAt(head, oldest)).toBe(chain[oldest]);
});
