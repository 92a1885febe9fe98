import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HpackError } from "./hpack-error.js";
import { HUFFMAN_CODES, HUFFMAN_EOS, HUFFMAN_LENGTHS } from "./huffman-code.js";
import { decodeHuffman, huffmanDecodedBytesMax } from "./huffman-decode.js";
import { encodeHuffman, huffmanEncodedBytes } from "./huffman-encode.js";

function encode(text: string): Uint8Array {
  const target = new Uint8Array(huffmanEncodedBytes(text));
  expect(encodeHuffman(text, target, 0)).toBe(target.length);
  return target;
}

function decode(bytes: Uint8Array): string {
  const target = Buffer.alloc(huffmanDecodedBytesMax(bytes.length));
  return target.toString("latin1", 0, decodeHuffman(bytes, 0, bytes.length, target));
}

/** Packs groups of bits, given as text, into bytes. */
function bits(...groups: string[]): Uint8Array {
  const all = groups.join("");
  expect(all.length % 8).toBe(0);
  return Uint8Array.from(all.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2));
}

function codeOf(symbol: number): string {
  return (HUFFMAN_CODES[symbol] as number).toString(2).padStart(HUFFMAN_LENGTHS[symbol] as number, "0");
}

/** Runs `action`, which must throw an HpackError, and tells its kind. */
function kindOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof HpackError) return error.kind;
    throw error;
  }
  return "nothing thrown";
}

describe("Huffman code", () => {
  test("is complete: the lengths of its 257 codes fill the code space", () => {
    let space = 0;
    for (const length of HUFFMAN_LENGTHS) space += 2 ** (30 - length);
    expect(HUFFMAN_LENGTHS).toHaveLength(257);
    expect(space).toBe(2 ** 30);
  });

  test.each([
    ["0", "00000"],
    ["|", "11111111100"],
    ["\\", "1111111111111110000"],
    ["\n", "111111111111111111111111111100"],
  ])("has the code of appendix B for %j", (symbol, code) => {
    expect(codeOf(symbol.charCodeAt(0))).toBe(code);
  });

  test("ends with EOS, thirty bits of one", () => {
    expect(codeOf(HUFFMAN_EOS)).toBe("1".repeat(30));
  });

  test("carries every byte between any two others", () => {
    for (let symbol = 0; symbol < 256; symbol++) {
      const text = String.fromCharCode(symbol);
      for (const whole of [text, `a${text}`, `${text}~${text}`, `00${text}0`])
        expect(decode(encode(whole))).toBe(whole);
    }
  });

  test("carries any string of bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString("latin1");
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });

  test("gives any accepted input back when encoded again", () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        let text: string;
        try {
          text = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
          return;
        }
        accepted++;
        expect(encode(text)).toEqual(bytes);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("Huffman padding", () => {
  test.each([
    ["nothing to pad", bits("00000000", "00000000", "00000000", "00000000", "00000000"), "00000000"],
    ["three one bits", bits(codeOf(0x61), "111"), "a"],
    ["seven one bits", bits(codeOf(0x61).repeat(5), codeOf(0x20), "1"), "aaaaa "],
  ])("%s is accepted", (_, bytes, text) => {
    expect(decode(bytes)).toBe(text);
  });

  test.each([
    ["a zero bit among the padding", bits(codeOf(0x61), "110"), "huffman-padding"],
    ["eight one bits", bits(codeOf(0x61).repeat(8), "11111111"), "huffman-padding"],
    ["one bits alone", bits("11111111"), "huffman-padding"],
    ["fifteen one bits", bits(codeOf(0x24), "111", "11111111"), "huffman-padding"],
    [
      "an unfinished code",
      bits(codeOf(0x61), codeOf(0x21).slice(0, 3), codeOf(0x00).slice(0, 8)),
      "huffman-padding",
    ],
    ["EOS and padding", bits("1".repeat(32)), "huffman-eos"],
    ["EOS within a string", bits(codeOf(0x61), codeOf(HUFFMAN_EOS), codeOf(0x61)), "huffman-eos"],
  ])("%s is refused", (_, bytes, kind) => {
    expect(kindOf(() => decode(bytes))).toBe(kind);
  });
});
