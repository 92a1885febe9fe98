import { create, etcdserverpb, fromBinary, mvccpb, toBinary } from "@quorate/proto";
import { describe, expect, test } from "vitest";
import { encodeRecord } from "../mvcc/record-codec.js";
import { latin1 } from "../mvcc/testing/naive-store.js";
import { EventBlock, eventBytesMax } from "./event-block.js";

function add(block: EventBlock, main: number, record: Uint8Array, isDelete: boolean): number {
  block.reserve(eventBytesMax(record.length));
  const at = block.begin(main, isDelete, record.length);
  block.bytes.set(record, at);
  block.finish(at, true);
  return block.count - 1;
}

const pair = (key: string, value: string, revision: number): Uint8Array =>
  encodeRecord(latin1(key), latin1(value), {
    createRevision: revision,
    modRevision: revision,
    version: 1,
    lease: -7n,
  });

describe("EventBlock", () => {
  test.each([0, 1, 100, 130, 20_000])(
    "holds the bytes that the generated code writes (values of %i)",
    (size) => {
      const block = new EventBlock(16);
      const revision = 2 ** 40 + size;
      const put = add(block, revision, pair("key", "v".repeat(size), revision), false);
      const tombstone = encodeRecord(latin1("key"), new Uint8Array(0), {
        createRevision: 0,
        modRevision: 0,
        version: 0,
        lease: 0n,
      });
      const removal = add(block, revision + 1, tombstone, true);
      const before = pair("key", "b".repeat(size), 5);
      block.reservePrevious(before.length);
      block.previousBytes.set(before, 0);
      block.setPrevious(removal, before.length);

      for (const withPrevious of [false, true]) {
        const target = new Uint8Array(3 * size + 400);
        const middle = block.copy(put, withPrevious, target, 0);
        const end = block.copy(removal, withPrevious, target, middle);
        expect([middle, end - middle]).toEqual([
          block.sizeOf(put, withPrevious),
          block.sizeOf(removal, withPrevious),
        ]);
        const expected = create(etcdserverpb.WatchResponseSchema, {
          events: [
            {
              type: mvccpb.Event_EventType.PUT,
              kv: fromBinary(mvccpb.KeyValueSchema, pair("key", "v".repeat(size), revision)),
            },
            {
              type: mvccpb.Event_EventType.DELETE,
              kv: { key: latin1("key"), modRevision: BigInt(revision + 1) },
              ...(withPrevious ? { prevKv: fromBinary(mvccpb.KeyValueSchema, before) } : {}),
            },
          ],
        });
        expect(
          Buffer.from(target.subarray(0, end)).equals(toBinary(etcdserverpb.WatchResponseSchema, expected)),
        ).toBe(true);
      }
      const text = (row: number): string =>
        Buffer.from(block.bytes.subarray(block.keyStart[row], block.keyEnd[row])).toString();
      expect([text(put), text(removal)]).toEqual(["key", "key"]);
    },
  );

  test("finds the first event at or above a revision, and forgets pairs before", () => {
    const block = new EventBlock(16);
    for (let i = 0; i < 200; i++) add(block, 10 + (i >> 1), pair("k", "v", 10 + (i >> 1)), false);
    expect([0, 10, 11, 109, 110].map((revision) => block.firstAtOrAbove(revision))).toEqual([
      0, 0, 2, 198, 200,
    ]);
    block.reservePrevious(4);
    block.setPrevious(3, 4);
    block.setPrevious(4, 0);
    block.forgetPrevious();
    expect([...block.previousSize.subarray(3, 5)]).toEqual([-1, 0]);
    expect(block.previousUsed).toBe(0);
  });
});
