import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { ABSENT, KeyIndex } from "./key-index.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** The dumb model: a sorted array of [key, word]. */
class SortedModel {
  readonly map = new Map<string, number>();

  entries(from: string, to: string | undefined): [string, number][] {
    return [...this.map]
      .filter(([key]) => key >= from && (to === undefined || key < to))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function put(index: KeyIndex, model: SortedModel, key: string, slot: number, live: boolean): void {
  const b = bytes(`__${key}`);
  if (index.seek(b, 2, b.length) === ABSENT) index.insert(b, 2, b.length, slot, live);
  else index.setHead(slot, live);
  model.map.set(key, live ? slot : ~slot);
}

function remove(index: KeyIndex, model: SortedModel, key: string): void {
  const b = bytes(key);
  if (index.seek(b, 0, b.length) === ABSENT) return;
  index.remove();
  model.map.delete(key);
}

function scanned(index: KeyIndex, from: string, to: string | undefined): [string, number][] {
  const out: [string, number][] = [];
  index.scan(bytes(from), to === undefined ? undefined : bytes(to), (word, buffer, start, end) => {
    out.push([Buffer.from(buffer.subarray(start, end)).toString("latin1"), word]);
    return true;
  });
  return out;
}

function checkEqual(index: KeyIndex, model: SortedModel, prng: Prng, randomKey: () => string): void {
  expect(scanned(index, "", undefined)).toEqual(model.entries("", undefined));
  expect(index.keyCount).toBe(model.map.size);
  for (let i = 0; i < 8; i++) {
    const from = randomKey();
    const to = prng.chance(0.2) ? undefined : randomKey();
    const expected = model.entries(from, to);
    expect(scanned(index, from, to)).toEqual(expected);
    expect(index.countLive(bytes(from), to === undefined ? undefined : bytes(to))).toBe(
      expected.filter(([, word]) => word >= 0).length,
    );
  }
  for (const [key, word] of model.map) {
    const b = bytes(key);
    if (index.find(b, 0, b.length) !== word) expect(index.find(b, 0, b.length)).toBe(word);
  }
}

/** Shapes of keys that stress different paths: dense, long shared prefixes, long keys, all byte values. */
const keyMakers: Record<string, (prng: Prng) => string> = {
  dense: (prng) =>
    String.fromCharCode(97 + prng.below(4), 97 + prng.below(26), 97 + prng.below(26), prng.below(3)),
  prefixed: (prng) => `/registry/pods/namespace-${String(prng.below(20))}/pod-${String(prng.below(3000))}`,
  long: (prng) => String.fromCharCode(prng.below(256)).repeat(prng.below(1500)) + String(prng.below(10)),
  binary: (prng) => String.fromCharCode(...Array.from({ length: prng.below(4) }, () => prng.below(2) * 255)),
};

for (const [name, make] of Object.entries(keyMakers)) {
  test(`the index agrees with a sorted map over random histories (${name} keys)`, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const prng = new Prng(seed);
      const index = new KeyIndex();
      const model = new SortedModel();
      let slot = 0;
      for (let round = 0; round < 6; round++) {
        // Rounds of growth and rounds of decline, so that pages split and join.
        const growing = round % 2 === 0;
        for (let i = 0; i < 1500; i++) {
          const key = make(prng);
          if (prng.chance(growing ? 0.8 : 0.05)) put(index, model, key, slot++, prng.chance(0.7));
          else remove(index, model, key);
        }
        checkEqual(index, model, prng, () => make(prng));
      }
      for (const key of [...model.map.keys()]) remove(index, model, key);
      expect(scanned(index, "", undefined)).toEqual([]);
      expect(index.liveCount).toBe(0);
    }
  });
}

test("ascending, descending and gap-filling inserts keep order and counts (20000 keys)", () => {
  const orders: Record<string, (i: number) => number> = {
    ascending: (i) => i,
    descending: (i) => 20_000 - i,
    gaps: (i) => (i % 2 === 0 ? i : 20_000 - i),
  };
  for (const order of Object.values(orders)) {
    const index = new KeyIndex();
    for (let i = 0; i < 20_000; i++) {
      const key = bytes(String(order(i)).padStart(8, "0"));
      expect(index.seek(key, 0, key.length)).toBe(ABSENT);
      index.insert(key, 0, key.length, i, true);
    }
    const keys = scanned(index, "", undefined).map(([key]) => key);
    expect(keys).toEqual([...keys].sort());
    expect(keys.length).toBe(20_000);
    expect(index.countLive(bytes("00005000"), bytes("00015000"))).toBe(10_000);
  }
});

test("a scan stops when the visitor says so, and refuses to go on after the index changed shape", () => {
  const index = new KeyIndex();
  const model = new SortedModel();
  for (let i = 0; i < 500; i++) put(index, model, `k${String(i).padStart(3, "0")}`, i, true);
  let visits = 0;
  index.scan(bytes("k010"), undefined, () => ++visits < 3);
  expect(visits).toBe(3);
  expect(() => {
    index.scan(bytes("k"), undefined, () => {
      put(index, model, "new", 1000, true);
      return true;
    });
  }).toThrow("changed shape");
});

test("empty and inverted intervals hold nothing", () => {
  const index = new KeyIndex();
  put(index, new SortedModel(), "b", 1, true);
  expect(index.countLive(bytes("c"), bytes("a"))).toBe(0);
  expect(index.countLive(bytes("b"), bytes("b"))).toBe(0);
  expect(scanned(index, "c", "a")).toEqual([]);
});
