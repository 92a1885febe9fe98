import { expect, test } from "vitest";
import { HpackDecoder } from "../hpack/hpack-decoder.js";
import { ResponseBlocks } from "./response-blocks.js";

/** Decodes blocks in order, as the peer does. */
function peer(): { decoder: HpackDecoder; read: (block: Uint8Array) => string[] } {
  const decoder = new HpackDecoder(4096);
  const read = (block: Uint8Array): string[] => {
    const fields: string[] = [];
    decoder.decode(block, 0, block.length, (name, value) => fields.push(`${name}: ${value}`), 65_536);
    return fields;
  };
  return { decoder, read };
}

const headers = [":status: 200", "content-type: application/grpc"];

test("the two common blocks shrink to two and one bytes and mean the same in any order of responses", () => {
  const blocks = new ResponseBlocks();
  const { read } = peer();
  expect(read(blocks.headers(undefined))).toEqual(headers);
  expect(read(blocks.headers(undefined))).toEqual(headers);
  expect(blocks.settled).toBe(false);
  expect(read(blocks.trailers(0, "", undefined))).toEqual(["grpc-status: 0"]);
  expect(blocks.settled).toBe(true);
  const again = [blocks.headers(undefined), blocks.trailers(0, "", undefined)];
  expect(again.map((block) => block.length)).toEqual([2, 1]);
  expect(again.map(read)).toEqual([headers, ["grpc-status: 0"]]);
});

test("errors, refusals and metadata leave the table alone", () => {
  const blocks = new ResponseBlocks();
  const { read } = peer();
  read(blocks.headers(undefined));
  read(blocks.trailers(0, "", undefined));
  expect(read(blocks.trailersOnly(5, "50% é", [["x-a", "1"]]))).toEqual([
    ...headers,
    "grpc-status: 5",
    "grpc-message: 50%25 %C3%A9",
    "x-a: 1",
  ]);
  expect(read(blocks.refusal({ httpStatus: 415, code: 3, message: "no", fields: [["x-c", "3"]] }))).toEqual([
    ":status: 415",
    "content-type: application/grpc",
    "grpc-status: 3",
    "grpc-message: no",
    "x-c: 3",
  ]);
  expect(read(blocks.headers([["x-b", "2"]]))).toEqual([...headers, "x-b: 2"]);
  expect(read(blocks.trailers(0, "", undefined))).toEqual(["grpc-status: 0"]);
});

test.each([0, 50, 103, 104, 200])(
  "a peer that shrinks its table to %i bytes is told so and understands all later blocks",
  (bytes) => {
    for (const responsesBefore of [0, 1]) {
      const blocks = new ResponseBlocks();
      const { decoder, read } = peer();
      for (let i = 0; i < responsesBefore; i++) {
        read(blocks.headers(undefined));
        read(blocks.trailers(0, "", undefined));
      }
      blocks.setPeerTableBytes(bytes);
      decoder.setMaxTableBytes(bytes);
      expect(blocks.settled).toBe(false);
      for (let i = 0; i < 3; i++) {
        expect(read(blocks.headers(undefined))).toEqual(headers);
        expect(read(blocks.trailers(0, "", undefined))).toEqual(["grpc-status: 0"]);
      }
      expect(blocks.settled).toBe(bytes >= 104);
      expect(decoder.tableBytes).toBeLessThanOrEqual(bytes);
    }
  },
);
