import { describe, expect, test } from "vitest";
import { crc32c } from "./crc32c.js";
import { Prng } from "./prng.js";

/** The definition, one bit at a time: the model the tables are held to. */
function crc32cBitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe("crc32c", () => {
  test("gives the check value of the catalogue and the vectors of RFC 3720, appendix B.4", () => {
    expect(crc32c(0, Buffer.from("123456789"))).toBe(0xe3069283);
    expect(crc32c(0, new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(0, new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(
      crc32c(
        0,
        Uint8Array.from({ length: 32 }, (_, i) => i),
      ),
    ).toBe(0x46dd794e);
    expect(
      crc32c(
        0,
        Uint8Array.from({ length: 32 }, (_, i) => 31 - i),
      ),
    ).toBe(0x113fdb5c);
    expect(crc32c(0, new Uint8Array(0))).toBe(0);
  });

  test("equals the bitwise definition at every length and alignment", () => {
    const prng = new Prng(1);
    const bytes = Uint8Array.from({ length: 200 }, () => prng.below(256));
    for (let start = 0; start < 20; start++) {
      for (let end = start; end <= bytes.length; end += 1 + prng.below(5)) {
        expect(crc32c(0, bytes, start, end)).toBe(crc32cBitwise(bytes.subarray(start, end)));
      }
    }
  });

  test("continues from a previous value as if the data had come in one piece", () => {
    const prng = new Prng(2);
    const bytes = Uint8Array.from({ length: 1000 }, () => prng.below(256));
    const whole = crc32c(0, bytes);
    for (let round = 0; round < 100; round++) {
      const cut = prng.below(bytes.length + 1);
      expect(crc32c(crc32c(0, bytes, 0, cut), bytes, cut)).toBe(whole);
    }
  });
});
