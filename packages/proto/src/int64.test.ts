import { describe, expect, it } from "vitest";
import {
  counterFromInt64,
  counterToInt64,
  formatHexId,
  formatPaddedHexId,
  formatSignedHexId,
  operandFromInt64,
  parseHexId,
  parseSignedHexId,
  toInt64,
  toUint64,
} from "./int64.js";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

describe("counters", () => {
  it("pass through both ways up to the safe maximum", () => {
    for (const value of [0n, 1n, 4_294_967_296n, SAFE_MAX])
      expect(counterToInt64(counterFromInt64(value))).toBe(value);
  });

  it("refuse what a counter cannot be", () => {
    for (const value of [-1n, SAFE_MAX + 1n, INT64_MAX, INT64_MIN]) {
      expect(() => counterFromInt64(value)).toThrow(RangeError);
    }
    for (const value of [-1, 0.5, Number.MAX_SAFE_INTEGER + 1, Number.NaN, Infinity]) {
      expect(() => counterToInt64(value)).toThrow(RangeError);
    }
  });
});

describe("operands", () => {
  it("keep their order against every counter", () => {
    const counters = [0, 1, 2, 1_000_000, Number.MAX_SAFE_INTEGER - 1];
    for (const operand of [INT64_MIN, -SAFE_MAX - 1n, -5n, 0n, 1n, 2n, 1_000_000n, SAFE_MAX, INT64_MAX]) {
      const clamped = operandFromInt64(operand);
      expect(Number.isSafeInteger(clamped)).toBe(true);
      for (const counter of counters) {
        expect(clamped < counter).toBe(operand < BigInt(counter));
        expect(clamped === counter).toBe(operand === BigInt(counter));
      }
    }
  });
});

describe("identities", () => {
  it("are the same 64 bits signed and unsigned", () => {
    expect(toUint64(-1n)).toBe(2n ** 64n - 1n);
    expect(toInt64(2n ** 64n - 1n)).toBe(-1n);
    for (const id of [0n, 1n, INT64_MAX, INT64_MIN, -1n]) expect(toInt64(toUint64(id))).toBe(id);
  });

  it("print as hexadecimal in each of the three ways", () => {
    expect(formatHexId(0x8e9e05c52164694dn)).toBe("8e9e05c52164694d");
    expect(formatHexId(0xabn)).toBe("ab");
    expect(formatPaddedHexId(0xabn)).toBe("00000000000000ab");
    expect(formatPaddedHexId(-1n)).toBe("ffffffffffffffff");
    expect(formatSignedHexId(-0xabn)).toBe("-ab");
    expect(formatSignedHexId(INT64_MIN)).toBe("-8000000000000000");
  });

  it("are read back from what was printed", () => {
    for (const id of [0n, 1n, 0xabcn, 2n ** 64n - 1n]) {
      expect(parseHexId(formatHexId(id))).toBe(id);
      expect(parseHexId(formatPaddedHexId(id))).toBe(id);
    }
    for (const id of [0n, 1n, -1n, INT64_MAX, INT64_MIN])
      expect(parseSignedHexId(formatSignedHexId(id))).toBe(id);
  });

  it("are refused when the text is something else", () => {
    for (const text of ["", "0x1", "g", " 1", "1 ", "-1", "10000000000000000", "1_0"]) {
      expect(parseHexId(text)).toBeUndefined();
    }
    for (const text of ["", "-", "0x1", "--1", "8000000000000000", "-8000000000000001"]) {
      expect(parseSignedHexId(text)).toBeUndefined();
    }
  });
});
