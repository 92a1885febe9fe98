import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { ConnectionError, ErrorCode, frameBytesDefault, writeFrameHeader } from "./frame.js";
import { FrameSplitter } from "./frame-splitter.js";

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

function frame({ type, flags, streamId, payload }: Seen): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, streamId);
  bytes.write(payload, 9, "latin1");
  return bytes;
}

function collect(): { splitter: FrameSplitter; seen: Seen[] } {
  const seen: Seen[] = [];
  const splitter = new FrameSplitter({
    onFrame: (bytes, type, flags, streamId, start, end) => {
      seen.push({ type, flags, streamId, payload: bytes.toString("latin1", start, end) });
    },
  });
  return { splitter, seen };
}

function randomFrames(prng: Prng, count: number): Seen[] {
  return Array.from({ length: count }, () => ({
    type: prng.below(12),
    flags: prng.below(256),
    streamId: prng.below(0x7fff_ffff),
    payload: "x".repeat(prng.chance(0.2) ? 0 : prng.below(prng.chance(0.1) ? frameBytesDefault + 1 : 60)),
  }));
}

test.each([1, 2, 8, 9, 10, 33, 4096])(
  "frames are the same however the bytes are cut (chunks of up to %i bytes)",
  (most) => {
    const prng = new Prng(most);
    const frames = randomFrames(prng, 60);
    const bytes = Buffer.concat(frames.map(frame));
    const { splitter, seen } = collect();
    for (let at = 0; at < bytes.length;) {
      const length = 1 + prng.below(most);
      splitter.push(Buffer.from(bytes.subarray(at, at + length)));
      at += length;
    }
    expect(seen).toEqual(frames);
    expect(splitter.midFrame).toBe(false);
  },
);

test("a frame in one chunk is handed on where it lies", () => {
  const chunk = frame({ type: 0, flags: 1, streamId: 5, payload: "abc" });
  const splitter = new FrameSplitter({
    onFrame: (bytes, _type, _flags, _streamId, start) => {
      expect(bytes).toBe(chunk);
      expect(start).toBe(9);
    },
  });
  splitter.push(chunk);
  expect.assertions(2);
});

test("the reserved bit of a stream id is ignored", () => {
  const { splitter, seen } = collect();
  const bytes = frame({ type: 0, flags: 0, streamId: 1, payload: "" });
  bytes[5] = 0x80;
  splitter.push(bytes);
  expect(seen[0]?.streamId).toBe(1);
});

test.each([0, 3])("a frame above the limit is refused, its length cut after %i bytes", (cut) => {
  const header = Buffer.alloc(9);
  writeFrameHeader(header, 0, frameBytesDefault + 1, 0, 0, 1);
  const { splitter } = collect();
  const push = (): void => {
    splitter.push(header.subarray(0, cut));
    splitter.push(header.subarray(cut));
  };
  expect(push).toThrow(ConnectionError);
  expect(() => {
    collect().splitter.push(header);
  }).toThrow(expect.objectContaining({ code: ErrorCode.frameSizeError }));
});

test("a stopped splitter hands on nothing more, not even from the same chunk", () => {
  const one = frame({ type: 6, flags: 0, streamId: 0, payload: "12345678" });
  let count = 0;
  const splitter: FrameSplitter = new FrameSplitter({
    onFrame: () => {
      count++;
      splitter.stop();
    },
  });
  splitter.push(Buffer.concat([one, one, one]));
  splitter.push(one);
  expect(count).toBe(1);
});
