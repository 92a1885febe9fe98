import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { MessageAssembler } from "./message-assembler.js";

function frameMessage(message: Uint8Array, flag = 0): Buffer {
  const framed = Buffer.alloc(5 + message.length);
  framed[0] = flag;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

function collect(maxBytes: number): {
  assembler: MessageAssembler;
  messages: string[];
  refusals: [number, string][];
} {
  const messages: string[] = [];
  const refusals: [number, string][] = [];
  const assembler = new MessageAssembler(
    {
      onMessage: (bytes, start, end, compressed) => {
        messages.push((compressed ? "z:" : "") + Buffer.from(bytes.subarray(start, end)).toString("latin1"));
      },
      onRefused: (code, message) => refusals.push([code, message]),
    },
    maxBytes,
  );
  return { assembler, messages, refusals };
}

test.each([1, 3, 5, 7, 100, 5_000])(
  "messages are the same however they are cut (pieces of up to %i bytes)",
  (most) => {
    const prng = new Prng(most);
    const expected = Array.from({ length: 80 }, () =>
      String.fromCharCode(97 + prng.below(26)).repeat(prng.chance(0.3) ? 0 : prng.below(3_000)),
    );
    const bytes = Buffer.concat(
      expected.map((text, i) => frameMessage(Buffer.from(text), i % 5 === 0 ? 1 : 0)),
    );
    const { assembler, messages } = collect(4_000);
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + 1 + prng.below(most));
      assembler.push(bytes, at, end);
      at = end;
    }
    expect(messages).toEqual(expected.map((text, i) => (i % 5 === 0 ? "z:" : "") + text));
    expect(assembler.atBoundary).toBe(true);
    expect(assembler.heldBytes).toBe(0);
  },
);

test("what is announced is not reserved: memory follows what has arrived", () => {
  const { assembler } = collect(10_000_000);
  const head = frameMessage(Buffer.alloc(0));
  head.writeUInt32BE(9_000_000, 1);
  assembler.push(Buffer.concat([head, Buffer.from("x")]), 0, 6);
  expect(assembler.heldBytes).toBeLessThanOrEqual(512);
  assembler.push(Buffer.alloc(100_000), 0, 100_000);
  expect(assembler.heldBytes).toBeLessThanOrEqual(250_000);
  expect(assembler.atBoundary).toBe(false);
});

test("a message above the limit is refused when its length is known, and nothing follows", () => {
  const { assembler, messages, refusals } = collect(10);
  const bytes = Buffer.concat([
    frameMessage(Buffer.alloc(10)),
    frameMessage(Buffer.alloc(11)),
    frameMessage(Buffer.alloc(1)),
  ]);
  assembler.push(bytes, 0, 25);
  assembler.push(bytes, 25, bytes.length);
  expect(messages.length).toBe(1);
  expect(refusals).toEqual([[8, "grpc: received message larger than max (11 vs. 10)"]]);
});

test("a flag that is neither 0 nor 1 is refused", () => {
  const { assembler, refusals } = collect(10);
  const bytes = frameMessage(Buffer.alloc(1), 2);
  assembler.push(bytes, 0, bytes.length);
  expect(refusals).toEqual([[13, "grpc: received unexpected payload format 2"]]);
});
