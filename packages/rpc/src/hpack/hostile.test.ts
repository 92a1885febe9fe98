/** What a decoder does with bytes that nobody meant: it throws HpackError or accepts, and never outgrows its limits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import { HpackError } from "./hpack-error.js";

const LIST_BYTES_MAX = 16 * 1024;
const TABLE_BYTES_MAX = 4096;

/** Decodes and checks the limits. @returns false when the block was refused and the decoder is lost. */
function survives(decoder: HpackDecoder, block: Uint8Array): boolean {
  let listBytes = 0;
  let alive = true;
  try {
    decoder.decode(
      block,
      0,
      block.length,
      (name, value) => (listBytes += name.length + value.length + 32),
      LIST_BYTES_MAX,
    );
  } catch (error) {
    expect(error).toBeInstanceOf(HpackError);
    alive = (error as HpackError).kind === "list-too-large";
  }
  expect(listBytes).toBeLessThanOrEqual(LIST_BYTES_MAX);
  expect(decoder.tableBytes).toBeLessThanOrEqual(TABLE_BYTES_MAX);
  return alive;
}

describe("hostile blocks", () => {
  test("random bytes are refused or decoded within the limits", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (blocks) => {
        const decoder = new HpackDecoder(TABLE_BYTES_MAX);
        for (const block of blocks) if (!survives(decoder, block)) return;
      }),
      { numRuns: 2000 },
    );
  });

  test("mutated valid blocks are refused or decoded within the limits", () => {
    const field = fc.record({ name: fc.string({ maxLength: 20 }), value: fc.string({ maxLength: 60 }) });
    const mutation = fc.record({ at: fc.nat(), to: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 10 }),
        fc.array(mutation, { maxLength: 4 }),
        (fields, mutations) => {
          const block = new HpackEncoder().encode(fields);
          for (const { at, to } of mutations) block[at % block.length] = to;
          const decoder = new HpackDecoder(TABLE_BYTES_MAX);
          if (survives(decoder, block)) survives(decoder, block);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("every prefix of a valid block is refused or decoded", () => {
    const block = new HpackEncoder().encode([
      { name: ":path", value: "/a.B/c" },
      { name: "some-name", value: "some value \x01\xff", indexing: "never" },
      { name: "x", value: "y".repeat(300), indexing: "without" },
    ]);
    for (let end = 0; end < block.length; end++)
      survives(new HpackDecoder(TABLE_BYTES_MAX), block.subarray(0, end));
    expect(survives(new HpackDecoder(TABLE_BYTES_MAX), block)).toBe(true);
  });

  test("a bomb (one large entry referred to thousands of times) is cut at the list limit and costs one string", () => {
    const value = "x".repeat(4000);
    const bomb = Buffer.concat([
      new HpackEncoder().encode([{ name: "bomb", value }]),
      Buffer.alloc(60_000, 0xbe),
    ]);
    const decoder = new HpackDecoder(TABLE_BYTES_MAX);
    let handedOn = 0;
    expect(() => decoder.decode(bomb, 0, bomb.length, () => handedOn++, LIST_BYTES_MAX)).toThrowError(
      expect.objectContaining({ kind: "list-too-large" }) as Error,
    );
    expect(handedOn).toBe(Math.floor(LIST_BYTES_MAX / (4 + 4000 + 32)));
  });

  test("a string longer than the shared scratch buffer is decoded whole", () => {
    const value = "0123456789".repeat(2000);
    const block = new HpackEncoder().encode([{ name: "long", value }]);
    expect(block.length).toBeLessThan(value.length);
    let seen = "";
    new HpackDecoder(TABLE_BYTES_MAX).decode(block, 0, block.length, (_, text) => (seen = text), 1 << 20);
    expect(seen).toBe(value);
  });
});
