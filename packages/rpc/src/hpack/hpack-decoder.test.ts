import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import { HpackError } from "./hpack-error.js";
import type { HpackErrorKind } from "./hpack-error.js";
import { decodeAll, hex } from "./testing/decode-all.js";

function errorOf(decoder: HpackDecoder, block: Uint8Array, maxListBytes?: number): HpackError {
  try {
    decodeAll(decoder, block, maxListBytes);
  } catch (error) {
    if (error instanceof HpackError) return error;
    throw error;
  }
  throw new Error("the block was accepted");
}

const REFUSED: readonly [what: string, block: string, kind: HpackErrorKind][] = [
  ["index 0 (6.1)", "80", "index-out-of-range"],
  ["an index beyond the static and the empty dynamic table (2.3.3)", "be", "index-out-of-range"],
  ["a huge index (2.3.3)", "ff ffff ff7f", "index-out-of-range"],
  ["a name index beyond the tables, literal with indexing (6.2.1)", "7e 0161", "index-out-of-range"],
  ["a name index beyond the tables, literal without indexing (6.2.2)", "0f 2f 0161", "index-out-of-range"],
  ["a name index beyond the tables, literal never indexed (6.2.3)", "1f 2f 0161", "index-out-of-range"],
  ["an index that ends in its prefix", "ff", "truncated"],
  ["an index that ends in a continuation octet", "ff 80", "truncated"],
  ["a literal without a name", "40", "truncated"],
  ["a literal without a value", "41", "truncated"],
  ["a literal with new name and no value", "40 0161", "truncated"],
  ["a name longer than its block", "40 0261", "truncated"],
  ["a value longer than its block", "41 0561 6263 64", "truncated"],
  ["a value of nearly 2^28 bytes", "41 7fff ffff 7f61", "truncated"],
  ["a Huffman value longer than its block", "41 8361 62", "truncated"],
  ["a length of more than four octets beyond its prefix (5.1)", "41 7f80 8080 8000", "integer-overflow"],
  ["an index of more than four octets beyond its prefix", "ff80 8080 8080 0a", "integer-overflow"],
  ["a table size of more than four octets beyond its prefix", "3f80 8080 8000", "integer-overflow"],
  ["an integer whose octets never end", `ff${"ff".repeat(1000)}`, "integer-overflow"],
  ["EOS in a name", "40 84ff ffff ff 0161", "huffman-eos"],
  ["EOS in a value", "41 84ff ffff ff", "huffman-eos"],
  ["padding of eight bits", "41 821f ff", "huffman-padding"],
  ["padding with a zero bit", "41 8118", "huffman-padding"],
  ["a table size above the limit (6.3)", "3fe2 1f", "table-update-too-large"],
  ["a huge table size", "3fff ffff 7f", "table-update-too-large"],
  ["a size update after a field (4.2)", "82 20", "table-update-misplaced"],
  ["a size update between fields", "82 3fe1 1f 82", "table-update-misplaced"],
  ["three size updates", "20 20 3fe1 1f", "table-update-misplaced"],
];

describe("HpackDecoder refuses", () => {
  test.each(REFUSED)("%s", (_, block, kind) => {
    expect(errorOf(new HpackDecoder(4096), hex(block)).kind).toBe(kind);
  });

  test.each(REFUSED)("%s, when the block lies within more bytes", (_, block, kind) => {
    const bytes = hex(block);
    const around = new Uint8Array(bytes.length + 40).fill(0x61);
    around.set(bytes, 8);
    const decoder = new HpackDecoder(4096);
    expect(() => decoder.decode(around, 8, 8 + bytes.length, () => undefined, 1 << 20)).toThrowError(
      expect.objectContaining({ kind }) as Error,
    );
  });
});

describe("HpackDecoder accepts", () => {
  test.each([
    ["nothing", "", []],
    [
      "an integer with needless zero octets",
      "41 7f 80 80 80 00 ".replace("7f 80 80 80 00", "03616263"),
      [["abc"]],
    ],
    ["two size updates and a field", "20 3fe1 1f 82", [["GET"]]],
    ["a size update alone", "20", []],
    ["an empty name and value", "00 00 00", [[""]]],
    ["an empty Huffman string", "41 80", [[""]]],
  ])("%s", (_, block, values) => {
    const fields = decodeAll(new HpackDecoder(4096), hex(block));
    expect(fields.map((field) => [field[1]])).toEqual(values);
  });

  test("needless zero octets of a length", () => {
    const value = "x".repeat(127);
    const block = Buffer.concat([hex("41 7f 80 80 80 00"), Buffer.from(value)]);
    expect(decodeAll(new HpackDecoder(4096), block)).toEqual([[":authority", value, false]]);
  });

  test("bytes above 127 as latin1", () => {
    expect(decodeAll(new HpackDecoder(4096), hex("00 02ffe9 0180"))).toEqual([["\xff\xe9", "\x80", false]]);
  });

  test("a plain Uint8Array that is a view into a larger buffer", () => {
    const memory = new Uint8Array(64);
    memory.set(hex("41 03616263"), 20);
    expect(decodeAll(new HpackDecoder(4096), memory.subarray(20, 25))).toEqual([
      [":authority", "abc", false],
    ]);
  });
});

describe("HpackDecoder's table", () => {
  /** Literal with indexing: a name of one letter, an empty value: 33 bytes of the table. */
  const insert = (letter: string): Uint8Array => hex(`40 01${Buffer.from(letter).toString("hex")} 00`);

  test("evicts the oldest entries first", () => {
    const decoder = new HpackDecoder(100);
    for (const letter of "abcd") decodeAll(decoder, insert(letter));
    expect(decodeAll(decoder, hex("be bf c0")).map((field) => field[0])).toEqual(["d", "c", "b"]);
    expect(errorOf(decoder, hex("c1")).kind).toBe("index-out-of-range");
  });

  test("is emptied by an entry larger than itself, which is no error (4.4)", () => {
    const decoder = new HpackDecoder(64);
    decodeAll(decoder, insert("a"));
    const long = Buffer.concat([hex("40 0162 28"), Buffer.alloc(40, 0x78)]);
    expect(decodeAll(decoder, long)).toEqual([["b", "x".repeat(40), false]]);
    expect(decoder.tableBytes).toBe(0);
  });

  test("lends its name to an entry that evicts it (4.4)", () => {
    const decoder = new HpackDecoder(40);
    decodeAll(decoder, insert("a"));
    expect(decodeAll(decoder, hex("7e 0178"))).toEqual([["a", "x", false]]);
    expect(decodeAll(decoder, hex("be"))).toEqual([["a", "x", false]]);
  });

  test("keeps many small entries in order (ring growth)", () => {
    const decoder = new HpackDecoder(64 * 1024);
    const encoder = new HpackEncoder({ maxTableBytes: 64 * 1024 });
    const fields = Array.from({ length: 1500 }, (_, at) => ({ name: `n${at}`, value: "" }));
    decodeAll(decoder, encoder.encode(fields));
    const again = encoder.encode(fields);
    expect(again.length).toBeLessThanOrEqual(3 * fields.length);
    expect(decodeAll(decoder, again).map((field) => field[0])).toEqual(fields.map((field) => field.name));
  });

  test("must be announced smaller after its limit was reduced", () => {
    const decoder = new HpackDecoder(4096);
    decoder.setMaxTableBytes(1024);
    expect(errorOf(decoder, hex("82")).kind).toBe("table-update-missing");
  });

  test.each(["20 82", "3fe1 07 82", "20 3fe1 07 82"])(
    "accepts the announcement %s of a limit reduced to 1024",
    (block) => {
      const decoder = new HpackDecoder(4096);
      decoder.setMaxTableBytes(1024);
      expect(decodeAll(decoder, hex(block))).toHaveLength(1);
      expect(decodeAll(decoder, hex("82"))).toHaveLength(1);
    },
  );

  test("must be announced as small as the lowest of several limits", () => {
    const lowered = (): HpackDecoder => {
      const decoder = new HpackDecoder(4096);
      decodeAll(decoder, insert("a"));
      decoder.setMaxTableBytes(0);
      decoder.setMaxTableBytes(4096);
      return decoder;
    };
    expect(errorOf(lowered(), hex("3fe1 1f 82")).kind).toBe("table-update-missing");
    const decoder = lowered();
    expect(decodeAll(decoder, hex("20 3fe1 1f 82"))).toHaveLength(1);
    expect(errorOf(decoder, hex("be")).kind).toBe("index-out-of-range");
  });

  test("needs no announcement when the peer already uses less than the new limit", () => {
    const decoder = new HpackDecoder(4096);
    decodeAll(decoder, hex("3f21"));
    decoder.setMaxTableBytes(1024);
    expect(decodeAll(decoder, hex("82"))).toHaveLength(1);
  });

  test("grows only when the peer says so", () => {
    const decoder = new HpackDecoder(40);
    decoder.setMaxTableBytes(4096);
    for (const letter of "ab") decodeAll(decoder, insert(letter));
    expect(decoder.tableBytes).toBe(33);
    decodeAll(decoder, hex("3fe1 1f"));
    decodeAll(decoder, insert("c"));
    expect(decoder.tableBytes).toBe(66);
  });
});

describe("HpackDecoder's generation", () => {
  test.each([
    ["an insertion", "40 0161 00", true],
    ["an entry too large to keep", `40 0161 7f81 1f${"00".repeat(4096)}`, true],
    ["a size update", "20", true],
    ["a size update to the present size", "3fe1 1f", false],
    ["indexed fields and literals without indexing", "82 86 0001 6101 62 1001 6101 62", false],
  ])("after %s", (_, block, changed) => {
    const decoder = new HpackDecoder(4096);
    const before = decoder.generation;
    decodeAll(decoder, hex(block));
    expect(decoder.generation > before).toBe(changed);
  });

  test("grows with a new limit, so that no remembered block hides a missing announcement", () => {
    const decoder = new HpackDecoder(4096);
    const before = decoder.generation;
    decoder.setMaxTableBytes(4096);
    expect(decoder.generation).toBe(before);
    decoder.setMaxTableBytes(100);
    expect(decoder.generation).toBeGreaterThan(before);
  });
});

describe("HpackDecoder's list limit", () => {
  const block = hex("82 40 0161 0162 86");
  /** :method GET, a: b, :scheme http. */
  const listBytes = 42 + 34 + 43;

  test("admits a list of exactly the limit", () => {
    expect(decodeAll(new HpackDecoder(4096), block, listBytes)).toHaveLength(3);
  });

  test("hands on what fits, refuses the rest and stays in step", () => {
    const decoder = new HpackDecoder(4096);
    const handedOn: string[] = [];
    const decode = (): void => {
      decoder.decode(block, 0, block.length, (name) => handedOn.push(name), 42);
    };
    expect(decode).toThrowError(expect.objectContaining({ kind: "list-too-large" }) as Error);
    expect(handedOn).toEqual([":method"]);
    expect(decodeAll(decoder, hex("be"))).toEqual([["a", "b", false]]);
  });

  test("an error that loses the table comes before one that does not", () => {
    expect(errorOf(new HpackDecoder(4096), hex("82 86 80"), 10).kind).toBe("index-out-of-range");
  });
});
