import { describe, expect, it } from "vitest";
import { endOfPrefix, isBefore, isWithin, keyAfter, rangeOfPrefix, startsWith } from "./key-range.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("ranges of keys", () => {
  it("a prefix ends before the next text of its length", () => {
    expect(endOfPrefix(bytes(0x61, 0x2f))).toEqual(bytes(0x61, 0x30));
  });

  it("a prefix that ends in 0xff carries", () => {
    expect(endOfPrefix(bytes(0x61, 0xff, 0xff))).toEqual(bytes(0x62));
  });

  it("nothing lies behind a prefix of 0xff alone", () => {
    expect(endOfPrefix(bytes(0xff, 0xff))).toEqual(bytes(0));
    expect(isBefore(bytes(0xff, 0xff, 0xff), bytes(0))).toBe(true);
  });

  it("the empty prefix has every key", () => {
    expect(rangeOfPrefix(bytes())).toEqual({ start: bytes(0), end: bytes(0) });
  });

  it("nothing lies between a key and the key after it", () => {
    const after = keyAfter(bytes(1, 2));
    expect(Buffer.compare(bytes(1, 2), after)).toBe(-1);
    expect(isBefore(bytes(1, 2), after)).toBe(true);
    expect(isBefore(after, after)).toBe(false);
  });

  it("a range has its start and lacks its end", () => {
    const range = rangeOfPrefix(bytes(5));
    expect([bytes(4, 9), bytes(5), bytes(5, 0), bytes(6)].map((key) => isWithin(key, range))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("a key starts with itself and not with what is longer", () => {
    expect(startsWith(bytes(1, 2), bytes(1, 2))).toBe(true);
    expect(startsWith(bytes(1, 2), bytes(1, 2, 3))).toBe(false);
    expect(startsWith(bytes(1, 2), bytes())).toBe(true);
  });
});
