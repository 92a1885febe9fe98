import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { PAGE_BYTES, RecordCache } from "./record-cache.js";

function append(cache: RecordCache, size: number, fill: number): number {
  const at = cache.reserve(size + 8);
  cache.openPage.fill(fill, at, at + size);
  return cache.commit(size);
}

function isFilled(bytes: Uint8Array | undefined, fill: number): boolean {
  return bytes !== undefined && Buffer.alloc(bytes.length, fill).equals(bytes);
}

test("records read back as long as they are held, views of dropped ones stay intact", () => {
  const prng = new Prng(4);
  const cache = new RecordCache(3 * PAGE_BYTES);
  const records: { position: number; size: number; fill: number; view: Uint8Array | undefined }[] = [];
  for (let i = 0; i < 400; i++) {
    const size = prng.chance(0.02) ? PAGE_BYTES + prng.below(PAGE_BYTES) : prng.below(20_000);
    const fill = prng.below(256);
    const position = append(cache, size, fill);
    records.push({ position, size, fill, view: prng.chance(0.3) ? cache.view(position, size) : undefined });
    if (prng.chance(0.2)) cache.setWritten(cache.endPosition);
  }
  cache.setWritten(cache.endPosition);
  expect(cache.bytesHeld).toBeLessThanOrEqual(3 * PAGE_BYTES + 2 * PAGE_BYTES);
  let held = 0;
  for (const { position, size, fill, view } of records) {
    if (view !== undefined) expect(isFilled(view, fill)).toBe(true);
    const target = new Uint8Array(size + 2);
    const copied = cache.copy(position, size, target, 1);
    expect(copied).toBe(cache.holds(position));
    expect(cache.view(position, size) !== undefined).toBe(copied);
    if (!copied) continue;
    held += 1;
    expect(isFilled(target.subarray(1, size + 1), fill)).toBe(true);
  }
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(records.length);
  const positions = records.map((record) => record.position);
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
});

test("what the engine does not have is never dropped, however much it is", () => {
  const cache = new RecordCache(PAGE_BYTES);
  const first = append(cache, 1000, 1);
  for (let i = 0; i < 40; i++) append(cache, PAGE_BYTES / 2, 2);
  expect(cache.bytesHeld).toBeGreaterThan(10 * PAGE_BYTES);
  expect(cache.viewUnwritten(first, 1000)[999]).toBe(1);
  cache.setWritten(cache.endPosition);
  expect(cache.bytesHeld).toBeLessThanOrEqual(PAGE_BYTES);
  expect(cache.view(first, 1000)).toBeUndefined();
});

test("loaded records alone stay within the bound", () => {
  const cache = new RecordCache(2 * PAGE_BYTES);
  append(cache, 10, 1);
  cache.setWritten(cache.endPosition);
  for (let i = 0; i < 100; i++) cache.add(new Uint8Array(PAGE_BYTES / 3));
  expect(cache.bytesHeld).toBeLessThanOrEqual(2 * PAGE_BYTES);
});

test("a record larger than a page has a page of its own and its neighbours are unharmed", () => {
  const cache = new RecordCache(100 * PAGE_BYTES);
  const before = append(cache, 100, 1);
  const large = append(cache, 5 * PAGE_BYTES, 2);
  const after = append(cache, 100, 3);
  expect(isFilled(cache.view(before, 100), 1)).toBe(true);
  expect(isFilled(cache.view(large, 5 * PAGE_BYTES), 2)).toBe(true);
  expect(isFilled(cache.view(after, 100), 3)).toBe(true);
});

test("a small loaded record does not slip into the last bytes of a large record's page", () => {
  const cache = new RecordCache(8 * PAGE_BYTES);
  append(cache, PAGE_BYTES + 100, 1);
  const small = Uint8Array.of(10, 1, 97);
  const position = cache.add(small);
  expect(cache.view(position, small.length)).toEqual(small);
});
