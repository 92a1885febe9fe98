/** The hand-written codecs against the generated code. */
import { WireError, WireReader } from "@quorate/machine";
import { create, etcdserverpb as pb, fromBinary, mvccpb, toBinary } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { fragmentBody } from "./fragment-body.js";
import { decodeWatchRequest } from "./watch-request.js";
import { WatchResponses } from "./watch-responses.js";

const IDS = [
  0n,
  1n,
  127n,
  128n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -1n,
  -(2n ** 63n),
];
const words = (id: bigint): readonly [number, number] => [
  Number(BigInt.asIntN(32, id)),
  Number(BigInt.asIntN(32, id >> 32n)),
];

describe("decodeWatchRequest", () => {
  test("reads what the generated code writes", () => {
    const random = new Prng(5);
    const reader = new WireReader();
    for (let i = 0; i < 500; i++) {
      const id = random.pick(IDS);
      const value = create(pb.WatchCreateRequestSchema, {
        key: new Uint8Array(random.below(200)).fill(7),
        rangeEnd: new Uint8Array(random.below(3)),
        startRevision: random.pick([0n, 5n, -1n, 2n ** 50n]),
        watchId: id,
        filters: random.pick([[], [0], [1], [1, 0, 5]] as pb.WatchCreateRequest_FilterType[][]),
        prevKv: random.chance(0.5),
        fragment: random.chance(0.5),
        progressNotify: random.chance(0.5),
      });
      const message = toBinary(
        pb.WatchRequestSchema,
        create(pb.WatchRequestSchema, { requestUnion: { case: "createRequest", value } }),
      );
      const [low, high] = words(id);
      expect(decodeWatchRequest(reader, message)).toEqual({
        kind: "create",
        spec: {
          key: value.key,
          rangeEnd: value.rangeEnd,
          startRevision: Number(value.startRevision),
          id: { low, high },
          noPut: value.filters.includes(0),
          noDelete: value.filters.includes(1),
          withPrevious: value.prevKv,
          fragment: value.fragment,
          progress: value.progressNotify,
        },
      });
    }
    for (const id of IDS) {
      const value = create(pb.WatchCancelRequestSchema, { watchId: id });
      const message = toBinary(
        pb.WatchRequestSchema,
        create(pb.WatchRequestSchema, { requestUnion: { case: "cancelRequest", value } }),
      );
      const [low, high] = words(id);
      expect(decodeWatchRequest(reader, message)).toEqual({ kind: "cancel", id: { low, high } });
    }
  });

  test("of several requests in one message the last counts, merged with one of its kind right before it", () => {
    const reader = new WireReader();
    const decode = (hex: string): unknown => decodeWatchRequest(reader, Buffer.from(hex, "hex"));
    const [keyA, fromTwo, cancelFive] = ["0a030a0161", "0a021802", "12020805"];
    const create = { kind: "create", spec: { key: Buffer.from("a"), startRevision: 2 } };
    expect(decode(keyA + fromTwo)).toMatchObject(create);
    expect(decode(cancelFive + keyA + fromTwo)).toMatchObject(create);
    expect(decode(keyA + cancelFive + fromTwo)).toMatchObject({ spec: { key: new Uint8Array(0) } });
    expect(decode(`${cancelFive}1200`)).toEqual({ kind: "cancel", id: { low: 5, high: 0 } });
    expect(decode(`${keyA}1200`)).toEqual({ kind: "cancel", id: { low: 0, high: 0 } });
  });

  test("fields that nobody knows are passed over, and what is cut short is refused", () => {
    const reader = new WireReader();
    const decode = (hex: string): unknown => decodeWatchRequest(reader, Buffer.from(hex, "hex"));
    expect(decode("1a020805")).toEqual({ kind: "progress" });
    expect(decode("2a00")).toEqual({ kind: "unknown" });
    expect(decode("")).toEqual({ kind: "unknown" });
    for (const cut of ["0a050a016178ff", "0a050a0161", "0a020a05", "120108", "1a02fa01"])
      expect(() => decode(cut), cut).toThrow(WireError);
  });
});

describe("WatchResponses", () => {
  const source = { clusterId: 2n ** 64n - 5n, memberId: 77n, raftTerm: 9 };
  const header = (revision: bigint): pb.ResponseHeader =>
    create(pb.ResponseHeaderSchema, { clusterId: source.clusterId, memberId: 77n, raftTerm: 9n, revision });

  test.each(IDS)("writes what the generated code reads, for id %s", (id) => {
    const responses = new WatchResponses(source);
    const [low, high] = words(id);
    const read = (bytes: Uint8Array): pb.WatchResponse => fromBinary(pb.WatchResponseSchema, bytes);
    const same = (
      bytes: Uint8Array,
      expected: Parameters<typeof create<typeof pb.WatchResponseSchema>>[1],
    ): void => {
      expect(read(bytes)).toEqual(create(pb.WatchResponseSchema, expected));
      expect(Buffer.from(bytes).equals(toBinary(pb.WatchResponseSchema, read(bytes)))).toBe(true);
    };
    same(responses.created(low, high, 5), { header: header(5n), watchId: id, created: true });
    same(responses.cancelled(low, high, 6), { header: header(6n), watchId: id, canceled: true });
    same(responses.compacted(low, high, 4), {
      header: header(0n),
      watchId: id,
      canceled: true,
      compactRevision: 4n,
    });
    same(responses.progress(low, high, 2 ** 40), { header: header(2n ** 40n), watchId: id });
    same(responses.prefix(low, high, 7, true), { header: header(7n), watchId: id, fragment: true });
    same(responses.refused("no", 7), {
      header: header(7n),
      watchId: -1n,
      created: true,
      canceled: true,
      cancelReason: "no",
    });
    const target = new Uint8Array(80);
    const start = responses.writePrefix(target, 70, low, high, 8);
    expect(70 - start).toBeLessThanOrEqual(64);
    expect(target.subarray(start, 70)).toEqual(responses.prefix(low, high, 8, false));
  });
});

describe("fragmentBody", () => {
  const body = (...sizes: number[]): { buffer: Uint8Array; start: number; end: number } => {
    const events = sizes.map((size) =>
      create(mvccpb.EventSchema, { kv: create(mvccpb.KeyValueSchema, { value: new Uint8Array(size) }) }),
    );
    const bytes = toBinary(pb.WatchResponseSchema, create(pb.WatchResponseSchema, { events }));
    return { buffer: Buffer.concat([new Uint8Array(3), bytes]), start: 3, end: 3 + bytes.length };
  };
  const counts = (cut: ReturnType<typeof body>, prefix: number, max: number): number[] =>
    fragmentBody(cut, prefix, max).map(
      ({ start, end }) => fromBinary(pb.WatchResponseSchema, cut.buffer.subarray(start, end)).events.length,
    );

  test("cuts between events, below the limit, and never within one", () => {
    expect(counts(body(100, 100, 100), 30, 10_000)).toEqual([3]);
    expect(counts(body(100, 100, 100), 30, 300)).toEqual([2, 1]);
    expect(counts(body(500, 100, 100), 30, 300)).toEqual([1, 2]);
    expect(counts(body(500), 30, 300)).toEqual([1]);
    expect(counts(body(100, 500, 100), 30, 200)).toEqual([1, 1, 1]);
    const cut = body(...Array.from({ length: 50 }, (_, i) => i * 7));
    for (const { start, end } of fragmentBody(cut, 30, 500)) expect(end - start + 30 + 2).toBeLessThan(500);
  });
});
