import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { latin1 } from "../mvcc/testing/naive-store.js";
import { NumberList } from "./columns.js";
import { KeyArena } from "./key-arena.js";
import { RangeIndex, type WatchedRange } from "./range-index.js";

const key = (text: string): WatchedRange => ({ kind: "key", key: latin1(text) });
const interval = (from: string, to?: string): WatchedRange => ({
  kind: "interval",
  from: latin1(from),
  to: to === undefined ? undefined : latin1(to),
});
const match = (index: RangeIndex, text: string): number[] => {
  const found = new NumberList(1);
  const padded = latin1(`<<${text}>>`);
  index.match(padded, 2, padded.length - 2, found);
  return [...found.items.subarray(0, found.length)].sort((a, b) => a - b);
};

describe("RangeIndex", () => {
  test("watchers of one range share it, and it goes with the last of them", () => {
    const index = new RangeIndex(1);
    const first = index.acquire(key("a"));
    expect(index.acquire(key("a"))).toBe(first);
    const wide = index.acquire(interval("a", "b"));
    expect(index.acquire(interval("a", "b"))).toBe(wide);
    expect(index.count).toBe(2);
    expect(match(index, "a")).toEqual([first, wide]);
    expect(index.release(first)).toBe(false);
    expect(index.release(first)).toBe(true);
    expect(match(index, "a")).toEqual([wide]);
    expect([index.release(wide), index.release(wide)]).toEqual([false, true]);
    expect(match(index, "a")).toEqual([]);
    expect(index.count).toBe(0);
  });

  test("an interval holds its beginning and not its end; one without an end holds all that follows", () => {
    const index = new RangeIndex(1);
    const bounded = index.acquire(interval("b", "d"));
    const open = index.acquire(interval("c"));
    const found = ["a\xff", "b", "b\0", "c", "cz", "d", "\xff\xff"].map((text) => match(index, text));
    expect(found).toEqual([[], [bounded], [bounded], [bounded, open], [bounded, open], [open], [open]]);
  });

  test.each([1, 2, 3, 4, 5])("is what a list of ranges would be (seed %i)", (seed) => {
    const random = new Prng(seed);
    const index = new RangeIndex(seed);
    const model = new Map<string, { readonly watched: WatchedRange; range: number; count: number }>();
    const text = (): string => {
      let made = "";
      for (let size = 1 + random.below(4); size > 0; size--) made += "ab\0\xff"[random.below(4)] ?? "";
      return made;
    };
    for (let step = 0; step < 3000; step++) {
      if (random.chance(0.55)) {
        const [from, to] = [text(), text()];
        const kind = random.below(3);
        const watched =
          kind === 0 || from >= to ? key(from) : kind === 1 ? interval(from, to) : interval(from);
        const name = `${watched.kind} ${from} ${watched.kind === "interval" ? String(watched.to) : ""}`;
        const range = index.acquire(watched);
        const known = model.get(name);
        if (known === undefined) model.set(name, { watched, range, count: 1 });
        else {
          expect(range).toBe(known.range);
          known.count += 1;
        }
      } else if (model.size > 0) {
        const [name, known] = random.pick([...model]);
        known.count -= 1;
        expect(index.release(known.range)).toBe(known.count === 0);
        if (known.count === 0) model.delete(name);
      }
      const asked = text();
      const expected = [...model.values()]
        .filter(({ watched }) => holds(watched, asked))
        .map(({ range }) => range);
      expect(match(index, asked)).toEqual(expected.sort((a, b) => a - b));
      expect(index.count).toBe(model.size);
    }
  });

  test("a hundred thousand keys and intervals", () => {
    const index = new RangeIndex(9);
    const ranges: number[] = [];
    for (let i = 0; i < 100_000; i++) {
      const name = `/registry/${String(i % 17)}/${String(i)}`;
      ranges.push(index.acquire(i % 4 === 0 ? interval(name, `${name}/`) : key(name)));
    }
    expect(match(index, "/registry/2/19")).toEqual([ranges[19]]);
    expect(match(index, "/registry/3/20")).toEqual([ranges[20]]);
    for (const range of ranges) index.release(range);
    expect(index.count).toBe(0);
    expect(match(index, "/registry/2/19")).toEqual([]);
  });
});

function holds(watched: WatchedRange, text: string): boolean {
  const bytes = (each: Uint8Array): string => Buffer.from(each).toString("latin1");
  if (watched.kind === "key") return bytes(watched.key) === text;
  return text >= bytes(watched.from) && (watched.to === undefined || text < bytes(watched.to));
}

describe("KeyArena", () => {
  test("keeps keys of all sizes, and gives the room of freed ones to others of their size", () => {
    const random = new Prng(3);
    const arena = new KeyArena();
    const kept: { readonly bytes: Uint8Array; readonly address: number }[] = [];
    for (let step = 0; step < 4000; step++) {
      if (kept.length > 0 && random.chance(0.45)) {
        const at = random.below(kept.length);
        const [gone] = kept.splice(at, 1);
        if (gone !== undefined) arena.free(gone.address, gone.bytes.length);
      } else {
        const size = 1 + random.below(random.pick([20, 100, 2000, 30_000]));
        const bytes = new Uint8Array(size).fill(step);
        kept.push({ bytes, address: arena.add(bytes, 0, size) });
      }
      const { bytes, address } =
        kept.length === 0 ? { bytes: new Uint8Array(0), address: 0 } : random.pick(kept);
      if (bytes.length === 0) continue;
      const at = arena.offsetOf(address);
      expect(Buffer.compare(arena.pageOf(address).subarray(at, at + bytes.length), bytes)).toBe(0);
    }
    const small = arena.add(new Uint8Array(20), 0, 20);
    arena.free(small, 20);
    expect(arena.add(new Uint8Array(25), 0, 25)).toBe(small);
  });
});
