import { createEntry, createMessage, MessageType, type Message } from "@quorate/raft";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { MESSAGE_BYTES_MAX } from "../limits.js";
import { appendSequence, randomMessage } from "../testing/messages.js";
import { createMessageStreamDecoder, MsgAppDecoder } from "./stream-decoder.js";
import { createMessageStreamEncoder, MsgAppEncoder, type StreamEncoder } from "./stream-encoder.js";
import { UnitDecoder } from "./unit-decoder.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function createMsgAppDecoder(take: (message: Message) => void): UnitDecoder {
  return new UnitDecoder(new MsgAppDecoder({ local: 1n, remote: 2n }, take));
}

/** Encodes in batches with link heartbeats in between. */
function encodeInBatches(encoder: StreamEncoder, messages: readonly Message[], random: Prng): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < messages.length;) {
    const count = 1 + random.below(5);
    parts.push(encoder.encode(messages.slice(at, at + count)));
    if (random.below(3) === 0) parts.push(encoder.linkHeartbeat);
    at += count;
  }
  return Buffer.concat(parts);
}

function pushInChunks(decoder: UnitDecoder, bytes: Buffer, nextLength: () => number): void {
  for (let at = 0; at < bytes.length;) {
    const length = nextLength();
    expect(decoder.push(bytes.subarray(at, at + length))).toBeUndefined();
    at += length;
  }
}

describe("streams", () => {
  test.each([1, 2, 7, 64, 1000, 1_000_000])("bring all messages in chunks of up to %i bytes", (lengthMax) => {
    const random = new Prng(lengthMax);
    const kinds = [
      [
        Array.from({ length: 60 }, () => randomMessage(random)),
        createMessageStreamEncoder(),
        createMessageStreamDecoder,
      ],
      [appendSequence(random, 200), new MsgAppEncoder(), createMsgAppDecoder],
    ] as const;
    for (const [messages, encoder, createDecoder] of kinds) {
      const bytes = encodeInBatches(encoder, messages, random);
      const taken: Message[] = [];
      pushInChunks(
        createDecoder((message) => taken.push(message)),
        bytes,
        () => 1 + random.below(lengthMax),
      );
      expect(taken).toEqual(messages);
    }
  });

  test("a stream ends at random bytes with a reason, never with an exception", () => {
    const random = new Prng(9);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const bytes = new MsgAppEncoder().encode(appendSequence(random, 5));
      bytes[random.below(bytes.length)] = random.below(256);
      if (createMsgAppDecoder(() => undefined).push(bytes) !== undefined) refused += 1;
    }
    expect(refused).toBeGreaterThan(30);
  });

  test("a small entry does not keep the chunk alive that it came in", () => {
    const small = createMessage({
      type: MessageType.MsgProp,
      from: 5n,
      to: 1n,
      entries: [createEntry(0, 0, 0, new Uint8Array(100))],
    });
    const taken: Message[] = [];
    const decoder = createMessageStreamDecoder((message) => taken.push(message));
    const frame = createMessageStreamEncoder().encode([small]);
    const chunk = Buffer.alloc(frame.length * 8, frame);
    decoder.push(chunk);
    expect(taken).toHaveLength(8);
    for (const message of taken) expect(message.entries[0]?.data.buffer).not.toBe(chunk.buffer);
    decoder.push(frame);
    expect(taken[8]?.entries[0]?.data.buffer).toBe(frame.buffer);
  });

  test.each([
    ["message", "00 00 00 00 20 00 00 01", "message is larger than the limit"],
    ["message", "ff ff ff ff ff ff ff ff", "message is larger than the limit"],
    ["msgapp", "03", "failed to parse type 3 in msgappv2 stream"],
    ["msgapp", "02 00 00 00 00 20 00 00 01", "message is larger than the limit"],
    ["msgapp", "01 00 00 00 00 00 10 00 01", "too many entries"],
    ["msgapp", "01 00 00 00 00 00 00 00 01 00 00 00 00 20 00 00 01", "message is larger than the limit"],
    ["msgapp", "01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 02 18 05", "entries are out of sequence"],
    ["msgapp", "01 00 00 00 00 00 00 00 00 ff 00 00 00 00 00 00 00", "counter out of range"],
  ])("a %s stream of %s ends", (kind, bytes, reason) => {
    const create = kind === "message" ? createMessageStreamDecoder : createMsgAppDecoder;
    expect(create(() => undefined).push(hex(bytes))).toBe(reason);
  });

  test("a large message costs no memory before its bytes arrive", () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoder = createMessageStreamDecoder(() => undefined);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(MESSAGE_BYTES_MAX));
    expect(decoder.push(length)).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MESSAGE_BYTES_MAX / 4);
  });
});

describe("msgapp frames", () => {
  const append = (fields: Partial<Message>): Message =>
    createMessage({ type: MessageType.MsgApp, to: 1n, from: 2n, ...fields });
  const entry = (term: number, index: number) => createEntry(0, term, index, Buffer.from("x"));

  test("the head is left out only when the entry before is of the current term", () => {
    const encoder = new MsgAppEncoder();
    const kinds = [
      append({ term: 2, logTerm: 1, index: 5, entries: [entry(2, 6)] }),
      append({ term: 2, logTerm: 2, index: 6, entries: [entry(2, 7), entry(2, 8)] }),
      append({ term: 2, logTerm: 2, index: 8, commit: 7 }),
      append({ term: 2, logTerm: 2, index: 9, entries: [entry(2, 10)] }),
      append({ term: 3, logTerm: 2, index: 10, entries: [entry(3, 11)] }),
      append({ term: 3, logTerm: 3, index: 11, entries: [] }),
    ].map((message) => encoder.encode([message])[0]);
    expect(kinds).toEqual([2, 1, 1, 2, 2, 1]);
  });

  test("a frame without a head is written as etcd writes it", () => {
    const encoder = new MsgAppEncoder();
    encoder.encode([append({ term: 1, logTerm: 1, index: 5 })]);
    const bytes = encoder.encode([
      append({ term: 1, logTerm: 1, index: 5, entries: [entry(1, 6)], commit: 5 }),
    ]);
    expect(bytes).toEqual(hex("01 0000000000000001 0000000000000009 0800 1001 1806 220178 0000000000000005"));
    expect(encoder.linkHeartbeat).toEqual(hex("00"));
    expect(createMessageStreamEncoder().linkHeartbeat).toEqual(hex("0000000000000002 0808"));
  });

  test("what a connection has seen does not carry over to the next one", () => {
    const taken: Message[] = [];
    const second = append({ term: 1, logTerm: 1, index: 5, commit: 5 });
    const bytes = new MsgAppEncoder().encode([second]);
    expect(bytes[0]).toBe(2);
    createMsgAppDecoder((message) => taken.push(message)).push(bytes);
    expect(taken).toEqual([second]);
  });
});
