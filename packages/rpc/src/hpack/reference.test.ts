/** Our codec against another implementation, in both directions, over random histories of a connection. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { HeaderField } from "./hpack-encoder.js";
import { STATIC_NAMES, STATIC_VALUES } from "./static-table.js";
import { decodeAll } from "./testing/decode-all.js";
import { ReferenceDecoder, ReferenceEncoder } from "./testing/reference-codec.js";

const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));

/** Few names and values, so that they repeat; `hpack.js` keeps names as keys of an object, hence the filter. */
const name = fc
  .oneof(fc.constantFrom(...STATIC_NAMES.slice(1), "grpc-timeout", "te", "x-a", "x-b"), latin1(30))
  .filter((text) => !(text in {}));
const value = fc
  .oneof(fc.constantFrom(...STATIC_VALUES, "1", "trailers", "application/grpc"), latin1(12), latin1(400))
  .filter((text) => !(text in {}));

const field: fc.Arbitrary<HeaderField> = fc.record({
  name,
  value,
  indexing: fc.constantFrom("incremental", "incremental", "without", "never"),
});
const block = fc.array(field, { maxLength: 12 });
const maxTableBytes = fc.constantFrom(0, 40, 100, 300, 1000, 4096);

const expected = (fields: readonly HeaderField[]): [string, string, boolean][] =>
  fields.map((item) => [item.name, item.value, item.indexing === "never"]);

describe("hpack.js", () => {
  test("reads what our encoder writes while the table size changes", () => {
    const step = fc.record({ block, tableBytes: fc.option(maxTableBytes), then: fc.option(maxTableBytes) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, huffman) => {
        const encoder = new HpackEncoder({ huffman });
        const theirs = new ReferenceDecoder(4096);
        const ours = new HpackDecoder(4096);
        for (const { block: fields, tableBytes, then } of steps) {
          for (const bytes of [tableBytes, then]) {
            if (bytes === null) continue;
            encoder.setMaxTableBytes(bytes);
            ours.setMaxTableBytes(bytes);
          }
          const encoded = encoder.encode(fields);
          expect(theirs.decode(encoded)).toEqual(expected(fields));
          expect(decodeAll(ours, encoded)).toEqual(expected(fields));
          expect(ours.tableBytes).toBe(encoder.tableBytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("writes what our decoder reads", () => {
    const step = fc.record({ block, reset: fc.boolean(), huffman: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), maxTableBytes, (steps, bytes) => {
        const theirs = new ReferenceEncoder(bytes);
        const ours = new HpackDecoder(bytes);
        for (const { block: fields, reset, huffman } of steps) {
          if (reset) theirs.reset();
          expect(decodeAll(ours, theirs.encode(fields, huffman))).toEqual(expected(fields));
        }
      }),
      { numRuns: 300 },
    );
  });
});
