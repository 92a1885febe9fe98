/**
 * The hand-written codecs and the generated ones read the same values from the same bytes and write the same bytes: random
 * messages, with unknown fields and repeated scalars strewn in, and random damage.
 */
import { create, etcdserverpb as pb, fromBinary, mvccpb, operandFromInt64, toBinary } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { RandomRequests } from "../testing/random-requests.js";
import { findValue, withoutValue } from "./key-value.js";
import {
  CompactionView,
  DeleteView,
  PutView,
  RangeView,
  decodeCompaction,
  decodeDelete,
  decodePut,
  decodeRange,
} from "./request-views.js";
import { TXN_DEPTH_MAX, decodeTxn, type CompareView, type OpNode, type TxnNode } from "./txn-nodes.js";
import { WireError, WireReader } from "./wire-reader.js";
import { WireWriter, varintSize, writeVarint, writeVarintWords } from "./wire-writer.js";

const ROUNDS = 150;
const EXTREMES = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  2n ** 32n - 1n,
  -(2n ** 31n),
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const CONTEXT = { revision: 100, compacted: 20, leases: EXTREMES };

/** The same message with other bytes: unknown fields between, and scalars that are overwritten by what follows. */
function disturb(prng: Prng, message: Uint8Array): Uint8Array {
  const unknown = [
    [0xf8, 0x3f, 0x96, 0x01],
    [0xf9, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8],
    [0xfa, 0x3f, 0x03, 0x01, 0x02, 0x03],
    [0xfb, 0x3f, 0x08, 0x01, 0x0b, 0x10, 0x02, 0x0c, 0xfc, 0x3f],
    [0xfd, 0x3f, 1, 2, 3, 4],
  ];
  const pick = (): number[] => (prng.chance(0.5) ? (unknown[prng.below(unknown.length)] ?? []) : []);
  return Uint8Array.from([...pick(), ...message, ...pick()]);
}

function reader(bytes: Uint8Array): WireReader {
  const wire = new WireReader();
  // Inside a larger buffer, as requests lie.
  const buffer = new Uint8Array(bytes.length + 8).fill(0xff);
  buffer.set(bytes, 3);
  wire.reset(buffer, 3, 3 + bytes.length);
  return wire;
}

const part = (view: { readonly buffer: Uint8Array }, start: number, end: number): Uint8Array =>
  new Uint8Array(view.buffer.slice(start, end));

describe("views hold what the generated code reads", () => {
  const prng = new Prng(11);
  const requests = new RandomRequests(prng);
  const extreme = (): bigint => prng.pick(EXTREMES);

  test("PutRequest", () => {
    const view = new PutView();
    for (let round = 0; round < ROUNDS; round++) {
      const random = { ...requests.put(CONTEXT), lease: extreme(), ignoreLease: prng.chance(0.5) };
      const twice = [
        ...toBinary(pb.PutRequestSchema, requests.put(CONTEXT)),
        ...toBinary(pb.PutRequestSchema, random),
      ];
      const bytes = disturb(prng, Uint8Array.from(twice));
      const expected = fromBinary(pb.PutRequestSchema, bytes);
      view.reset();
      decodePut(reader(bytes), view);
      expect(part(view, view.keyStart, view.keyEnd)).toEqual(new Uint8Array(expected.key));
      expect(part(view, view.valueStart, view.valueEnd)).toEqual(new Uint8Array(expected.value));
      expect(view.lease).toBe(expected.lease);
      expect([view.prevKv, view.ignoreValue, view.ignoreLease]).toEqual([
        expected.prevKv,
        expected.ignoreValue,
        expected.ignoreLease,
      ]);
    }
  });

  test("RangeRequest", () => {
    const view = new RangeView();
    for (let round = 0; round < ROUNDS; round++) {
      const random = {
        ...requests.range(CONTEXT),
        limit: extreme(),
        revision: extreme(),
        maxModRevision: extreme(),
      };
      const bytes = disturb(prng, toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, random)));
      view.reset();
      decodeRange(reader(bytes), view);
      expectRange(view, fromBinary(pb.RangeRequestSchema, bytes));
    }
  });

  test("DeleteRangeRequest and CompactionRequest", () => {
    const view = new DeleteView();
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = disturb(prng, toBinary(pb.DeleteRangeRequestSchema, requests.delete()));
      view.reset();
      decodeDelete(reader(bytes), view);
      expectDelete(view, fromBinary(pb.DeleteRangeRequestSchema, bytes));
      const compaction = new CompactionView();
      const request = create(pb.CompactionRequestSchema, { revision: extreme(), physical: prng.chance(0.5) });
      decodeCompaction(reader(disturb(prng, toBinary(pb.CompactionRequestSchema, request))), compaction);
      expect(compaction.revision).toBe(operandFromInt64(request.revision));
      expect(compaction.physical).toBe(request.physical);
    }
  });

  test("TxnRequest", () => {
    for (let round = 0; round < ROUNDS; round++) {
      const txn = requests.txn(CONTEXT);
      for (const compare of txn.compare) {
        if (compare.targetUnion.case !== "value" && prng.chance(0.5)) compare.targetUnion.value = extreme();
      }
      const bytes = disturb(prng, toBinary(pb.TxnRequestSchema, txn));
      expectTxn(decodeTxn(bytes, 0, bytes.length), fromBinary(pb.TxnRequestSchema, bytes));
    }
  });

  test("members of a oneof: the last kind stays, the same kind merges", () => {
    const put = (more: object): Uint8Array =>
      toBinary(
        pb.RequestOpSchema,
        create(pb.RequestOpSchema, {
          request: { case: "requestPut", value: create(pb.PutRequestSchema, more) },
        }),
      );
    const range = toBinary(
      pb.RequestOpSchema,
      create(pb.RequestOpSchema, {
        request: { case: "requestRange", value: create(pb.RangeRequestSchema, { limit: 1n }) },
      }),
    );
    const key = { key: Uint8Array.of(1) };
    for (const ops of [
      [put(key), put({ lease: 5n })],
      [put(key), range, put({ lease: 5n })],
      [put(key), range],
    ]) {
      const content = ops.flatMap((op) => [...op]);
      const bytes = Uint8Array.from([0x12, content.length, ...content]);
      expectTxn(decodeTxn(bytes, 0, bytes.length), fromBinary(pb.TxnRequestSchema, bytes));
    }
  });

  test("nesting is cut off, and marked, where our stack would end", () => {
    let bytes: Uint8Array = new Uint8Array(0);
    for (let depth = 0; depth < TXN_DEPTH_MAX + 5; depth++) bytes = wrap(0x12, wrap(0x22, bytes));
    let depth = 0;
    let txn: OpNode | undefined = decodeTxn(bytes, 0, bytes.length);
    while (txn?.kind === "txn" && !txn.tooDeep) {
      depth += 1;
      txn = txn.success[0];
    }
    expect(depth).toBe(TXN_DEPTH_MAX);
    expect(txn).toMatchObject({ tooDeep: true });
  });
});

test("damaged messages are a WireError or a value, never anything else", () => {
  const prng = new Prng(5);
  const requests = new RandomRequests(prng);
  let errors = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = toBinary(pb.TxnRequestSchema, requests.txn(CONTEXT));
    for (let damage = 0; damage <= prng.below(3); damage++) bytes[prng.below(bytes.length)] = prng.below(256);
    try {
      decodeTxn(bytes, 0, prng.chance(0.3) ? prng.below(bytes.length) : bytes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(WireError);
      errors += 1;
    }
  }
  expect(errors).toBeGreaterThan(200);
});

test("numbers are written as the generated code writes them", () => {
  const numbers = [
    0,
    1,
    127,
    128,
    16383,
    16384,
    2 ** 28 - 1,
    2 ** 28,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 35,
    2 ** 49,
    2 ** 53 - 1,
  ];
  for (const number of numbers) {
    const expected = toBinary(
      pb.HashKVRequestSchema,
      create(pb.HashKVRequestSchema, { revision: BigInt(number) }),
    );
    const writer = new WireWriter(1);
    writer.int64(0x08, number);
    expect(writer.copy()).toEqual(new Uint8Array(expected));
    if (number !== 0) expect(varintSize(number)).toBe(expected.length - 1);
    const words = new Uint8Array(10);
    const end = writeVarintWords(words, 0, number % 2 ** 32, Math.floor(number / 2 ** 32));
    const plain = new Uint8Array(10);
    expect(end).toBe(writeVarint(plain, 0, number));
    expect(words).toEqual(plain);
    if (number === 0) continue;
    const negative = toBinary(
      pb.HashKVRequestSchema,
      create(pb.HashKVRequestSchema, { revision: BigInt(-number) }),
    );
    writer.reset();
    writer.int64(0x08, -number);
    expect(writer.copy()).toEqual(new Uint8Array(negative));
  }
});

test("a record's value is found and left out", () => {
  const message = { key: Uint8Array.of(1), createRevision: 2n, modRevision: 300n, version: 4n, lease: -1n };
  for (const size of [0, 1, 200]) {
    const value = new Uint8Array(size).fill(7);
    const record = toBinary(mvccpb.KeyValueSchema, create(mvccpb.KeyValueSchema, { ...message, value }));
    const { start, end } = findValue(record);
    expect(new Uint8Array(record.slice(start, end))).toEqual(value);
    const bare = toBinary(mvccpb.KeyValueSchema, create(mvccpb.KeyValueSchema, message));
    expect(new Uint8Array(withoutValue(record))).toEqual(new Uint8Array(bare));
  }
});

function expectRange(view: RangeView, expected: pb.RangeRequest): void {
  expect(part(view, view.keyStart, view.keyEnd)).toEqual(new Uint8Array(expected.key));
  expect(part(view, view.endStart, view.endEnd)).toEqual(new Uint8Array(expected.rangeEnd));
  expect(view).toMatchObject({
    limit: operandFromInt64(expected.limit),
    revision: operandFromInt64(expected.revision),
    sortOrder: expected.sortOrder,
    sortTarget: expected.sortTarget,
    serializable: expected.serializable,
    keysOnly: expected.keysOnly,
    countOnly: expected.countOnly,
    minModRevision: operandFromInt64(expected.minModRevision),
    maxModRevision: operandFromInt64(expected.maxModRevision),
    minCreateRevision: operandFromInt64(expected.minCreateRevision),
    maxCreateRevision: operandFromInt64(expected.maxCreateRevision),
  });
}

function expectDelete(view: DeleteView, expected: pb.DeleteRangeRequest): void {
  expect(part(view, view.keyStart, view.keyEnd)).toEqual(new Uint8Array(expected.key));
  expect(part(view, view.endStart, view.endEnd)).toEqual(new Uint8Array(expected.rangeEnd));
  expect(view.prevKv).toBe(expected.prevKv);
}

function expectTxn(txn: TxnNode, expected: pb.TxnRequest): void {
  expect(txn.compares.length).toBe(expected.compare.length);
  for (const [i, compare] of txn.compares.entries()) expectCompare(compare, expected.compare[i]);
  expectOps(txn.success, expected.success);
  expectOps(txn.failure, expected.failure);
}

function expectCompare(view: CompareView, expected: pb.Compare | undefined): void {
  const union = expected?.targetUnion;
  expect(part(view, view.keyStart, view.keyEnd)).toEqual(new Uint8Array(expected?.key ?? []));
  expect(part(view, view.endStart, view.endEnd)).toEqual(new Uint8Array(expected?.rangeEnd ?? []));
  expect([view.result, view.target]).toEqual([expected?.result, expected?.target]);
  const fields = { version: 4, createRevision: 5, modRevision: 6, value: 7, lease: 8 };
  expect(view.operandField).toBe(union?.case === undefined ? 0 : fields[union.case]);
  if (union?.case === "value")
    expect(part(view, view.operandStart, view.operandEnd)).toEqual(new Uint8Array(union.value));
  else if (union?.case === "lease") expect(view.operandLease).toBe(union.value);
  else if (union?.case !== undefined) expect(view.operandNumber).toBe(operandFromInt64(union.value));
}

function expectOps(ops: readonly OpNode[], expected: readonly pb.RequestOp[]): void {
  expect(ops.length).toBe(expected.length);
  for (const [i, op] of ops.entries()) {
    const request = expected[i]?.request;
    if (request?.case === "requestRange" && op.kind === "range") expectRange(op, request.value);
    else if (request?.case === "requestDeleteRange" && op.kind === "delete") expectDelete(op, request.value);
    else if (request?.case === "requestTxn" && op.kind === "txn") expectTxn(op, request.value);
    else if (request?.case === "requestPut" && op.kind === "put") {
      expect(part(op, op.keyStart, op.keyEnd)).toEqual(new Uint8Array(request.value.key));
      expect(part(op, op.valueStart, op.valueEnd)).toEqual(new Uint8Array(request.value.value));
      expect(op.lease).toBe(request.value.lease);
    } else expect([op.kind, request?.case]).toEqual(["none", undefined]);
  }
}

function wrap(tag: number, content: Uint8Array): Uint8Array {
  const writer = new WireWriter(content.length + 8);
  writer.bytes(tag, content, 0, content.length);
  return writer.copy();
}
