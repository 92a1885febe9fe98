import { create, etcdserverpb, fromBinary, toBinary, type DescMessage } from "@quorate/proto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeHot, encodeHot } from "./hot-messages.js";
import { decodeText, encodeText } from "./text.js";

const { PutRequestSchema, PutResponseSchema, RangeRequestSchema, RangeResponseSchema } = etcdserverpb;
const int64 = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: 1n, max: 1000n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const uint64 = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const bytes = fc.uint8Array({ maxLength: 300 });
const flag = fc.boolean();
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

type Init = Record<string, unknown>;

/** Without the fields that are not there. */
const present = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const putRequest = fc
  .record({
    key: maybe(bytes),
    value: maybe(bytes),
    lease: maybe(int64),
    prevKv: maybe(flag),
    ignoreValue: maybe(flag),
    ignoreLease: maybe(flag),
  })
  .map(present);
const rangeRequest = fc
  .record({
    key: maybe(bytes),
    rangeEnd: maybe(bytes),
    limit: maybe(int64),
    revision: maybe(int64),
    sortOrder: maybe(fc.constantFrom(0, 1, 2)),
    sortTarget: maybe(fc.constantFrom(0, 1, 2, 3, 4)),
    serializable: maybe(flag),
    keysOnly: maybe(flag),
    countOnly: maybe(flag),
    minModRevision: maybe(int64),
    maxModRevision: maybe(int64),
    minCreateRevision: maybe(int64),
    maxCreateRevision: maybe(int64),
  })
  .map(present);
const header = fc.record({ clusterId: uint64, memberId: uint64, revision: int64, raftTerm: uint64 });
const keyValue = fc.record({
  key: bytes,
  createRevision: int64,
  modRevision: int64,
  version: int64,
  value: bytes,
  lease: int64,
});
const putResponse = fc.record({ header: maybe(header), prevKv: maybe(keyValue) }).map(present);
const rangeResponse = fc
  .record({ header: maybe(header), kvs: fc.array(keyValue, { maxLength: 5 }), more: flag, count: int64 })
  .map(present);

describe("by hand and by the library", () => {
  test.each([
    ["PutRequest", PutRequestSchema, putRequest],
    ["RangeRequest", RangeRequestSchema, rangeRequest],
  ] as const)("%s has the same bytes", (_, schema: DescMessage, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<object>, (init) => {
        expect(encodeHot(schema, init as Init)).toEqual(toBinary(schema, create(schema, init as Init)));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["PutResponse", PutResponseSchema, putResponse],
    ["RangeResponse", RangeResponseSchema, rangeResponse],
  ] as const)("%s is read alike", (_, schema: DescMessage, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<object>, (init) => {
        const message = create(schema, init as Init);
        expect(decodeHot(schema, toBinary(schema, message))).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["PutResponse", PutResponseSchema],
    ["RangeResponse", RangeResponseSchema],
  ] as const)("%s of any bytes is read alike, or left to the library", (_, schema: DescMessage) => {
    const broken = fc
      .tuple(rangeResponse, fc.nat(), fc.nat(255), fc.boolean())
      .map(([init, at, byte, isCut]) => {
        const whole = toBinary(RangeResponseSchema, create(RangeResponseSchema, init));
        if (whole.length === 0) return whole;
        whole[at % whole.length] = byte;
        return isCut ? whole.subarray(0, at % whole.length) : whole;
      });
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 60 })), (input) => {
        const read = decodeHot(schema, input);
        if (read !== undefined) expect(read).toEqual(fromBinary(schema, input));
      }),
      { numRuns: 3000 },
    );
  });

  test("other messages, unknown fields and repeated headers are the library's", () => {
    expect(encodeHot(etcdserverpb.CompactionRequestSchema, {})).toBeUndefined();
    expect(decodeHot(etcdserverpb.CompactionResponseSchema, new Uint8Array(0))).toBeUndefined();
    expect(decodeHot(PutResponseSchema, Uint8Array.of(0x78, 1))).toBeUndefined();
    expect(decodeHot(PutResponseSchema, Uint8Array.of(0x0a, 0, 0x0a, 0))).toBeUndefined();
    expect(encodeHot(PutRequestSchema, { lease: 2n ** 63n })).toBeUndefined();
    expect(encodeHot(RangeRequestSchema, { sortOrder: 200 as 0 })).toBeUndefined();
    expect(encodeHot(PutRequestSchema, { key: "text" as unknown as Uint8Array })).toBeUndefined();
  });
});

test("text is what the platform makes of it", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: "grapheme", maxLength: 80 })),
      (text) => {
        expect(encodeText(text)).toEqual(encoder.encode(text));
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ max: 127, maxLength: 80 })),
      (input) => {
        expect(decodeText(input)).toBe(decoder.decode(input));
      },
    ),
  );
});
