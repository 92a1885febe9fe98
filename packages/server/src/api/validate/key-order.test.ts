import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { KeyOrder } from "./key-order.js";

/** Ranks by sorting distinct latin1 strings. */
function expectedRanks(keys: readonly string[]): number[] {
  const sorted = [...new Set(keys)].sort();
  const ranks = new Map(sorted.map((key, rank) => [key, rank]));
  return keys.map((key) => ranks.get(key) ?? -1);
}

function ranksOf(keys: readonly string[]): number[] {
  const order = new KeyOrder(Uint8Array.from(keys.join(""), (each) => each.charCodeAt(0)));
  let at = 0;
  for (const [position, key] of keys.entries()) expect(order.add(at, (at += key.length))).toBe(position);
  return [...order.rank()];
}

test.each([0, 1, 2, 23, 24, 25, 100, 3000])("random keys, %i of them", (count) => {
  const prng = new Prng(count);
  for (const alphabet of ["ab", "\0\x01\x7f\x80\xff", "abcdefghijklmnopqrstuvwxyz"]) {
    const letter = (): string => alphabet[prng.below(alphabet.length)] as string;
    const keys = Array.from({ length: count }, () =>
      Array.from({ length: prng.below(prng.chance(0.5) ? 4 : 12) }, letter).join(""),
    );
    expect(ranksOf(keys)).toEqual(expectedRanks(keys));
  }
});

test("long keys with long common beginnings, each the beginning of the next", () => {
  const keys = Array.from({ length: 1000 }, (_, i) => "a".repeat((i * 7) % 1000));
  keys.push("a".repeat(200_000), `${"a".repeat(200_000)}b`, `${"a".repeat(199_999)}\xff`);
  for (let i = 0; i < 30; i++) keys.push("a".repeat(20_000) + String(i % 20));
  expect(ranksOf(keys)).toEqual(expectedRanks(keys));
});
