import { EntryType, createEntry } from "@quorate/raft";
import { Prng, crc32c } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { FrameEncoder } from "./frame-encoder.js";
import { RecordType, decodeEntry } from "./record.js";
import { FieldReader } from "./varint.js";

function encoded(encoder: FrameEncoder): Buffer {
  return encoder.bytes.subarray(0, encoder.length);
}

describe("frame encoder", () => {
  test("writes the checksum record that opens every first segment", () => {
    const encoder = new FrameEncoder(0, Buffer.alloc(64));
    encoder.crcRecord();
    expect(encoded(encoder).toString("hex")).toBe("0400000000000084" + "08041000" + "00000000");
  });

  test("writes the record of etcd's own encoder test, with the padding of today's frames", () => {
    const encoder = new FrameEncoder(0, Buffer.alloc(64));
    encoder.record(RecordType.Metadata, Buffer.from("08effd02", "hex"));
    expect(encoded(encoder).toString("hex")).toBe(
      "0e00000000000082" + "08011099b5e4d0031a0408effd02" + "0000",
    );
  });

  test("writes entries the way etcd up to 3.6 does, every scalar present", () => {
    const encoder = new FrameEncoder(0, Buffer.alloc(64));
    encoder.entry(createEntry(EntryType.EntryConfChange, 2, 300, Buffer.from("ab")));
    const frame = encoded(encoder);
    const body = frame.indexOf(Buffer.from("08011002" + "18ac02" + "22026162", "hex"));
    expect(body).toBeGreaterThan(8);
    expect(frame.length % 8).toBe(0);
  });

  test("leaves out the payload of an empty entry", () => {
    const encoder = new FrameEncoder(0, Buffer.alloc(64));
    encoder.entry(createEntry(EntryType.EntryNormal, 1, 1, new Uint8Array(0)));
    expect(encoded(encoder).includes(Buffer.from("1a06080010011801", "hex"))).toBe(true);
  });

  test("keeps frames canonical when the checksum is short, and grows its buffer (5000 random entries)", () => {
    const prng = new Prng(7);
    const encoder = new FrameEncoder(0, Buffer.alloc(16));
    let crc = 0;
    let shortChecksums = 0;
    for (let i = 0; i < 5000; i++) {
      const data = Buffer.from(Array.from({ length: prng.below(60) }, () => prng.below(256)));
      const term = prng.below(2 ** 31) * 2 ** prng.below(22);
      const index = prng.below(2 ** 31) * 2 ** prng.below(22);
      const from = encoder.length;
      encoder.entry(createEntry(EntryType.EntryNormal, term, index, data));
      const frame = encoder.bytes.subarray(from, encoder.length);
      const length = frame.readUInt32LE(0);
      const padding = (frame[7] as number) & 7;
      expect(8 + length + padding).toBe(frame.length);
      let position = 8 + 3;
      let stored = 0;
      let scale = 1;
      for (;;) {
        const byte = frame[position++] as number;
        stored += (byte & 0x7f) * scale;
        scale *= 128;
        if (byte < 0x80) break;
      }
      if (position - 11 < 5) shortChecksums++;
      expect(frame[position]).toBe(0x1a);
      const bodyAt = position + ((frame[position + 1] as number) < 0x80 ? 2 : 3);
      crc = crc32c(crc, frame, bodyAt, 8 + length);
      expect(stored).toBe(crc);
      const entry = decodeEntry(new FieldReader(frame, bodyAt, 8 + length));
      expect([entry.term, entry.index, Buffer.from(entry.data)]).toEqual([term, index, data]);
    }
    expect(shortChecksums).toBeGreaterThan(100);
  });
});
