import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import {
  decodeHardState,
  decodeMetadata,
  decodeSnapshot,
  encodeHardState,
  encodeMetadata,
  encodeSnapshot,
} from "./record.js";
import { FieldReader, MalformedError, putVarint, putVarint64, varintBytes } from "./varint.js";

const reader = (bytes: Uint8Array): FieldReader => new FieldReader(bytes, 0, bytes.length);

describe("varints", () => {
  test("of counters survive up to 2^53 - 1, and have the length that was announced", () => {
    const prng = new Prng(3);
    const edges = [
      0,
      1,
      127,
      128,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 49,
      Number.MAX_SAFE_INTEGER,
    ];
    const values = [...edges, ...Array.from({ length: 2000 }, () => Math.floor(2 ** (prng.float() * 53)))];
    for (const value of values) {
      const bytes = new Uint8Array(10);
      const end = putVarint(bytes, 0, value);
      expect(end).toBe(varintBytes(value));
      expect(new FieldReader(bytes, 0, end).counter()).toBe(value);
      expect(new FieldReader(bytes, 0, end).id()).toBe(BigInt(value));
    }
  });

  test("of ids survive in all 64 bits", () => {
    for (const value of [0n, 127n, 128n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      const bytes = new Uint8Array(10);
      expect(new FieldReader(bytes, 0, putVarint64(bytes, 0, value)).id()).toBe(value);
    }
  });

  test("that are cut short, too long or too large are malformed", () => {
    expect(() => reader(Uint8Array.of(0x80)).counter()).toThrow(MalformedError);
    expect(() => reader(new Uint8Array(11).fill(0x80)).counter()).toThrow(MalformedError);
    expect(() => reader(new Uint8Array(11).fill(0x80)).id()).toThrow(MalformedError);
    expect(() =>
      reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)).counter(),
    ).toThrow(MalformedError);
  });
});

describe("bodies", () => {
  test("read absent fields as zero, pass over unknown ones, and take packed lists", () => {
    expect(decodeHardState(reader(new Uint8Array(0)))).toEqual({ term: 0, vote: 0n, commit: 0 });
    const unknown = Buffer.from("48ff01" + "520161" + "0805" + "5d00000000" + "610000000000000000", "hex");
    expect(decodeHardState(reader(unknown))).toEqual({ term: 5, vote: 0n, commit: 0 });
    const packed = Buffer.from("0807" + "1002" + "1a07" + "0a03010203" + "2801", "hex");
    expect(decodeSnapshot(reader(packed))).toEqual({
      index: 7,
      term: 2,
      confState: {
        voters: [1n, 2n, 3n],
        learners: [],
        votersOutgoing: [],
        learnersNext: [],
        autoLeave: true,
      },
    });
  });

  test("come back as they were written", () => {
    const metadata = { nodeId: 2n ** 64n - 1n, clusterId: 1n };
    expect(decodeMetadata(reader(encodeMetadata(metadata)))).toEqual(metadata);
    const state = { term: 2 ** 40, vote: 2n ** 63n + 5n, commit: Number.MAX_SAFE_INTEGER };
    expect(decodeHardState(reader(encodeHardState(state)))).toEqual(state);
    const confState = {
      voters: [1n, 2n ** 64n - 1n],
      learners: [3n],
      votersOutgoing: [4n],
      learnersNext: [5n, 6n],
      autoLeave: true,
    };
    const snapshot = { index: 300, term: 4, confState };
    expect(decodeSnapshot(reader(encodeSnapshot(snapshot)))).toEqual(snapshot);
    const bare = { index: 0, term: 0, confState: undefined };
    expect(decodeSnapshot(reader(encodeSnapshot(bare)))).toEqual(bare);
  });

  test("never throw anything but MalformedError on random bytes (20000 rounds)", () => {
    const prng = new Prng(11);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: prng.below(24) }, () => prng.below(256));
      for (const decode of [decodeHardState, decodeMetadata, decodeSnapshot]) {
        try {
          decode(reader(bytes));
        } catch (error) {
          if (!(error instanceof MalformedError)) throw error;
        }
      }
    }
    expect(() => decodeHardState(reader(Uint8Array.of(0x0a, 5, 1)))).toThrow(MalformedError);
  });
});
