import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder, headerListBytes } from "./hpack-encoder.js";
import { literalNeverIndexed, literalWithoutIndexing, statelessField, staticField } from "./hpack-literal.js";
import {
  STATIC_LENGTH,
  STATIC_NAMES,
  STATIC_VALUES,
  staticFieldIndex,
  staticNameIndex,
} from "./static-table.js";
import { decodeAll } from "./testing/decode-all.js";

describe("HpackEncoder", () => {
  test("refers to a repeated field with one byte", () => {
    const encoder = new HpackEncoder();
    const fields = [{ name: "user-agent", value: "someone/1.0" }];
    encoder.encode(fields);
    expect(encoder.encode(fields)).toEqual(Uint8Array.of(0x80 | (STATIC_LENGTH + 1)));
  });

  test("never refers to a table for the value of a sensitive field", () => {
    const encoder = new HpackEncoder();
    encoder.encode([{ name: "authorization", value: "secret" }]);
    const block = encoder.encode([{ name: "authorization", value: "secret", indexing: "never" }]);
    expect((block[0] as number) & 0xf0).toBe(0x10);
  });

  test("does not confuse fields whose name and value join to the same text", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    const fields = [
      { name: "ab", value: "c" },
      { name: "a", value: "bc" },
      { name: "1:a", value: "" },
    ];
    for (let round = 0; round < 2; round++) {
      expect(decodeAll(decoder, encoder.encode(fields))).toEqual(
        fields.map((field) => [field.name, field.value, false]),
      );
    }
  });

  test("stays in step through ten thousand evictions", () => {
    const encoder = new HpackEncoder({ maxTableBytes: 500 });
    const decoder = new HpackDecoder(500);
    for (let at = 0; at < 10_000; at++) {
      const fields = [
        { name: `n${at % 37}`, value: `${at}` },
        { name: `n${(at * 7) % 37}`, value: `${at - 3}` },
      ];
      expect(decodeAll(decoder, encoder.encode(fields))).toEqual(
        fields.map((field) => [field.name, field.value, false]),
      );
    }
  });

  test("counts a list as RFC 9113 section 6.5.2 does", () => {
    expect(
      headerListBytes([
        { name: "te", value: "trailers" },
        { name: "a", value: "" },
      ]),
    ).toBe(2 + 8 + 32 + 1 + 32);
  });
});

describe("stateless encoding", () => {
  test.each([
    ["content-type", "application/grpc"],
    ["grpc-status", "0"],
    ["grpc-message", "\xff\x00 odd"],
    ["", ""],
    ["x".repeat(200), "y".repeat(5000)],
  ])("carries %j", (name, value) => {
    expect(decodeAll(new HpackDecoder(0), literalWithoutIndexing(name, value))).toEqual([
      [name, value, false],
    ]);
    expect(decodeAll(new HpackDecoder(0), literalNeverIndexed(name, value))).toEqual([[name, value, true]]);
    expect(decodeAll(new HpackDecoder(0), statelessField(name, value))).toEqual([[name, value, false]]);
  });

  test("is one byte for each row of the static table and leaves the table alone", () => {
    const decoder = new HpackDecoder(4096);
    for (let index = 1; index <= STATIC_LENGTH; index++) {
      const [name, value] = [STATIC_NAMES[index] as string, STATIC_VALUES[index] as string];
      expect(staticFieldIndex(name, value)).toBe(index);
      expect(staticField(name, value)).toEqual(Uint8Array.of(0x80 | index));
      expect(decodeAll(decoder, statelessField(name, value))).toEqual([[name, value, false]]);
    }
    expect(decoder.generation).toBe(0);
  });

  test("knows no row for other fields", () => {
    expect(staticField(":status", "201")).toBeUndefined();
    expect(staticNameIndex(":status")).toBe(8);
    expect(staticNameIndex("www-authenticate")).toBe(61);
    expect(staticNameIndex("grpc-status")).toBe(0);
  });
});
