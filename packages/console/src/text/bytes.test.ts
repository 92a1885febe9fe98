import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareBytes,
  equalBytes,
  indexOfBytes,
  latin1,
  parseBase64,
  parseHex,
  prefixRange,
  startsWithBytes,
  toBase64,
  toHex,
} from "./bytes.js";
import { encodeUtf8 } from "./escape.js";

const bytes = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: 12 });

test("a prefix's range holds exactly the keys that begin with it", () => {
  fc.assert(
    fc.property(bytes(), bytes(), (prefix, key) => {
      if (key.length === 0) return;
      const range = prefixRange(prefix);
      const open = range.rangeEnd.length === 1 && range.rangeEnd[0] === 0;
      const inside = compareBytes(key, range.key) >= 0 && (open || compareBytes(key, range.rangeEnd) < 0);
      const onlyHighBytes = prefix.length > 0 && prefix.every((byte) => byte === 0xff);
      expect(inside || (prefix.length === 0 && key.length > 0)).toBe(
        onlyHighBytes ? compareBytes(key, prefix) >= 0 : startsWithBytes(key, prefix),
      );
    }),
  );
});

test("strings of one character per byte are ordered like the bytes", () => {
  fc.assert(
    fc.property(bytes(), bytes(), (a, b) => {
      const order = latin1(a) < latin1(b) ? -1 : latin1(a) > latin1(b) ? 1 : 0;
      expect(Math.sign(compareBytes(a, b))).toBe(order);
    }),
  );
});

test("hex and base64 come in pairs", () => {
  fc.assert(
    fc.property(bytes(), (value) => {
      expect(equalBytes(parseHex(toHex(value)), value)).toBe(true);
      expect(equalBytes(parseBase64(toBase64(value)), value)).toBe(true);
    }),
  );
  expect([...parseHex("0a 0B\n0c")]).toEqual([10, 11, 12]);
  expect(() => parseHex("0a0")).toThrow("hexadecimal");
  expect(() => parseBase64("!")).toThrow("base64");
});

test("a part is found where it is", () => {
  expect(indexOfBytes(encodeUtf8("a/b/c"), encodeUtf8("/"), 2)).toBe(3);
  expect(indexOfBytes(encodeUtf8("abc"), encodeUtf8("d"))).toBe(-1);
});
