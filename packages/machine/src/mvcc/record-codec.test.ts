import { create, mvccpb, toBinary } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { CorruptionError } from "./corruption-error.js";
import { encodeRecord, RecordReader } from "./record-codec.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

test("a=b at revision 2 and its tombstone are etcd's bytes", () => {
  const put = encodeRecord(bytes("a"), bytes("b"), {
    createRevision: 2,
    modRevision: 2,
    version: 1,
    lease: 0n,
  });
  expect(hex(put)).toBe("0a01611002180220012a0162");
  const zero = { createRevision: 0, modRevision: 0, version: 0, lease: 0n };
  expect(hex(encodeRecord(bytes("a"), bytes(""), zero))).toBe("0a0161");
  expect(encodeRecord(bytes(""), bytes(""), zero).length).toBe(0);
});

const NUMBERS = [
  0,
  1,
  127,
  128,
  16383,
  16384,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 35,
  Number.MAX_SAFE_INTEGER,
];
const LEASES = [
  0n,
  1n,
  127n,
  128n,
  -1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  0x1234_5678_9abc_def0n,
];

test("records equal the generated encoder's and read back, over random fields", () => {
  const prng = new Prng(1);
  const reader = new RecordReader();
  for (let i = 0; i < 3000; i++) {
    const numbers = {
      createRevision: prng.pick(NUMBERS),
      modRevision: prng.pick(NUMBERS),
      version: prng.pick(NUMBERS),
      lease: prng.pick(LEASES),
    };
    const key = bytes("k".repeat(prng.below(200)));
    const value = bytes("\xff".repeat(prng.chance(0.1) ? 20_000 : prng.below(200)));
    const record = encodeRecord(key, value, numbers);
    const message = create(mvccpb.KeyValueSchema, {
      key,
      value,
      createRevision: BigInt(numbers.createRevision),
      modRevision: BigInt(numbers.modRevision),
      version: BigInt(numbers.version),
      lease: numbers.lease,
    });
    expect(hex(record)).toBe(hex(toBinary(mvccpb.KeyValueSchema, message)));
    reader.read(record);
    expect(hex(record.subarray(reader.keyStart, reader.keyEnd))).toBe(hex(key));
    expect(hex(record.subarray(reader.valueStart, reader.valueEnd))).toBe(hex(value));
    const { createRevision, modRevision, version, lease } = reader;
    expect({ createRevision, modRevision, version, lease }).toEqual(numbers);
  }
});

test("unknown fields of every wire type are skipped", () => {
  const reader = new RecordReader();
  reader.read(
    Uint8Array.from([
      0x38, 0x80, 0x01, 0x0a, 1, 0x61, 0x42, 2, 9, 9, 0x4d, 1, 2, 3, 4, 0x51, 1, 2, 3, 4, 5, 6, 7, 8,
    ]),
  );
  expect([reader.keyStart, reader.keyEnd]).toEqual([5, 6]);
});

const MALFORMED: Record<string, number[]> = {
  "a length beyond the end": [0x0a, 5, 0x61],
  "a number cut short": [0x10, 0x80],
  "a number beyond the safe range": [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  "a lease of eleven bytes": [0x30, ...new Array<number>(10).fill(0x80), 1],
  "field number zero": [0x02, 0],
  "a group": [0x3b],
  "a fixed field cut short": [0x3d, 1, 2],
};

for (const [name, record] of Object.entries(MALFORMED)) {
  test(`a record with ${name} is corrupt`, () => {
    expect(() => {
      new RecordReader().read(Uint8Array.from(record));
    }).toThrow(CorruptionError);
  });
}

test("reading random bytes ends in fields or a CorruptionError, never elsewhere", () => {
  const prng = new Prng(2);
  const reader = new RecordReader();
  let sound = 0;
  for (let i = 0; i < 20_000; i++) {
    const record = Uint8Array.from({ length: prng.below(12) }, () => prng.below(256));
    try {
      reader.read(record);
      sound += 1;
      expect(reader.keyEnd).toBeLessThanOrEqual(record.length);
      expect(reader.valueEnd).toBeLessThanOrEqual(record.length);
    } catch (error) {
      expect(error).toBeInstanceOf(CorruptionError);
    }
  }
  expect(sound).toBeGreaterThan(0);
});
