import { Prng } from "@quorate/std";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { ChunkPool, OutputBuffer } from "./output-buffer.js";
import { SendQueue } from "./send-queue.js";

/** A socket that only remembers. */
class RecordingSocket extends Socket {
  readonly written: Buffer[] = [];

  override write(chunk: unknown): boolean {
    this.written.push(Buffer.from(chunk as Uint8Array));
    return true;
  }
}

test("bytes leave a queue and the output in the order they came, whatever the sizes", () => {
  const prng = new Prng(3);
  const socket = new RecordingSocket();
  const output = new OutputBuffer(socket, new ChunkPool());
  const queue = new SendQueue();
  const expected: Buffer[] = [];
  for (let round = 0; round < 300; round++) {
    const part = Buffer.alloc(prng.chance(0.1) ? prng.below(200_000) : prng.below(50), round & 0xff);
    queue.push(part);
    expected.push(part);
    queue.moveTo(output, prng.below(queue.bytes + 1));
    if (prng.chance(0.2)) output.flush();
  }
  queue.moveTo(output, queue.bytes);
  output.flush();
  expect(Buffer.concat(socket.written).equals(Buffer.concat(expected))).toBe(true);
  expect([queue.bytes, output.gatheredBytes]).toEqual([0, 0]);
});

test("a cleared queue says what it held and goes on empty", () => {
  const queue = new SendQueue();
  queue.push(Buffer.alloc(10));
  queue.push(Buffer.alloc(0));
  queue.push(Buffer.alloc(5));
  expect(queue.clear()).toBe(15);
  expect(queue.bytes).toBe(0);
  queue.push(Buffer.from("x"));
  expect(queue.clear()).toBe(1);
});

test("a chunk goes back to the pool when the socket has taken it, and is used again", () => {
  const pool = new ChunkPool();
  const output = new OutputBuffer(new RecordingSocket(), pool);
  output.append(Buffer.from("abc"), 0, 3);
  const { chunk } = output;
  output.flush();
  expect(output.chunk.length).toBe(0);
  const other = new OutputBuffer(new RecordingSocket(), pool);
  other.reserve(1);
  expect(other.chunk).toBe(chunk);
});
