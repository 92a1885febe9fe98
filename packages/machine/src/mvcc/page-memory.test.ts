import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { PageMemory, type PageStorage } from "./page-memory.js";

function createStorage(): PageStorage {
  return { bytes: new Uint8Array(0), bytesBase: 0, capacity: 0, table: new Int32Array(0), tableBase: 0 };
}

function fill(page: PageStorage, mark: number): void {
  page.bytes.fill(mark & 255, page.bytesBase, page.bytesBase + page.capacity);
  page.table.fill(mark, page.tableBase, page.tableBase + 10);
}

function isIntact(page: PageStorage, mark: number): boolean {
  const bytes = page.bytes.subarray(page.bytesBase, page.bytesBase + page.capacity);
  const table = page.table.subarray(page.tableBase, page.tableBase + 10);
  return table.every((word) => word === mark) && bytes.every((byte) => byte === (mark & 255));
}

test("places of living pages never overlap, over a random history of all sizes", () => {
  const prng = new Prng(7);
  const memory = new PageMemory(10);
  const pages: { page: PageStorage; mark: number }[] = [];
  for (let mark = 1; mark < 6000; mark++) {
    if (pages.length < 20 || (pages.length < 300 && prng.chance(0.55))) {
      const page = createStorage();
      const size = prng.chance(0.05) ? 16_000 + prng.below(2000) : prng.below(4000);
      memory.takeTable(page);
      memory.takeBytes(page, size);
      expect(page.capacity).toBeGreaterThanOrEqual(size);
      fill(page, mark);
      pages.push({ page, mark });
    } else {
      const [{ page, mark: written }] = pages.splice(prng.below(pages.length), 1) as [(typeof pages)[number]];
      expect(isIntact(page, written)).toBe(true);
      memory.releaseTable(page);
      memory.releaseBytes(page.bytes, page.bytesBase, page.capacity);
    }
  }
  expect(pages.every(({ page, mark }) => isIntact(page, mark))).toBe(true);
});

test("places given back are used again, so that churn does not grow the memory", () => {
  const memory = new PageMemory(10);
  const slabs = new Set<Uint8Array | Int32Array>();
  for (let i = 0; i < 10_000; i++) {
    const page = createStorage();
    memory.takeTable(page);
    memory.takeBytes(page, 3000);
    slabs.add(page.bytes).add(page.table);
    memory.releaseTable(page);
    memory.releaseBytes(page.bytes, page.bytesBase, page.capacity);
  }
  expect(slabs.size).toBe(2);
});
