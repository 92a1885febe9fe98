import { expect, test } from "vitest";
import { encodeFrames, FrameReader, type Frame } from "./frames.js";

const body = new Uint8Array([
  ...encodeFrames([Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(3000).fill(7)]),
  ...[0x80, 0, 0, 0, 2, 65, 66],
]);

test.each([1, 2, 5, 7, 1024, 10_000])(
  "frames are found wherever the body is cut, %i bytes at a time",
  (size) => {
    const reader = new FrameReader(3000);
    const frames: Frame[] = [];
    for (let at = 0; at < body.length; at += size) frames.push(...reader.push(body.subarray(at, at + size)));
    expect(frames.map(({ isTrailers, payload }) => [isTrailers, payload.length])).toEqual([
      [false, 3],
      [false, 0],
      [false, 3000],
      [true, 2],
    ]);
    expect(frames[0]?.payload).toEqual(Uint8Array.of(1, 2, 3));
  },
);

test("a message above the limit, and a frame that nobody knows, end the call", () => {
  expect(() => new FrameReader(2999).push(body)).toThrow("larger than the limit (3000 vs. 2999)");
  expect(() => new FrameReader(1).push(Uint8Array.of(1, 0, 0, 0, 0))).toThrow("unknown kind: 1");
});
