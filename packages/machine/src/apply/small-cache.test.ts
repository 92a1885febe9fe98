/**
 * A store that keeps next to no records in memory: every put of a large value pushes out all that was written before it, in
 * the middle of transactions too.
 */
import { create, etcdserverpb as pb, fromBinary, type MessageInitShape } from "@quorate/proto";
import { beforeEach, expect, test } from "vitest";
import { MemoryEngine } from "../mvcc/memory-engine.js";
import { PAGE_BYTES } from "../mvcc/record-cache.js";
import { Store } from "../mvcc/store.js";
import { ApplyBench, bytesOfBody, turns } from "./testing/apply-bench.js";
import { bytesOf } from "./testing/naive-store.js";

type Op = MessageInitShape<typeof pb.RequestOpSchema>;

const LARGE = new Uint8Array(PAGE_BYTES).fill(0x78);

const putOp = (key: string, more: MessageInitShape<typeof pb.PutRequestSchema> = {}): Op => ({
  request: { case: "requestPut", value: create(pb.PutRequestSchema, { key: bytesOf(key), ...more }) },
});
const rangeOp = (key: string): Op => ({
  request: { case: "requestRange", value: create(pb.RangeRequestSchema, { key: bytesOf(key) }) },
});
const deleteOp = (key: string): Op => ({
  request: {
    case: "requestDeleteRange",
    value: create(pb.DeleteRangeRequestSchema, { key: bytesOf(key), prevKv: true }),
  },
});
const large = (key: string): Op => putOp(key, { value: LARGE });

let store: Store;
let bench: ApplyBench;
beforeEach(async () => {
  store = await Store.open(new MemoryEngine(), { yieldTurn: turns.yieldTurn, cacheBytesMax: 1 });
  bench = new ApplyBench(store);
  for (const key of ["a", "b", "c"]) {
    await bench.apply({ put: { key: bytesOf(key), value: bytesOf(`value of ${key}`) } });
  }
  await store.flushPending();
});

async function applyTxn(
  success: Op[],
  compare: MessageInitShape<typeof pb.CompareSchema>[] = [],
): Promise<pb.TxnResponse> {
  const outcome = await bench.apply({ txn: { compare, success } });
  expect(outcome.refusal).toBeUndefined();
  return fromBinary(pb.TxnResponseSchema, await bytesOfBody(outcome.body));
}

async function valueOf(key: string): Promise<string> {
  const bytes = bytesOf(key);
  const [record = new Uint8Array(0)] = await store.load([
    store.find(bytes, 0, bytes.length, Number.MAX_SAFE_INTEGER),
  ]);
  return Buffer.from(record).toString("latin1");
}

test("a put keeps the value that an earlier put of its transaction pushed out of memory", async () => {
  const keeping = (key: string): Op => putOp(key, { ignoreValue: true });
  await applyTxn([large("x"), keeping("a"), large("y"), keeping("b")]);
  expect(await valueOf("a")).toContain("value of a");
  expect(await valueOf("b")).toContain("value of b");
  // Again with records of which one is in memory and the other is not.
  await store.flushPending();
  await applyTxn([keeping("a")]);
  await store.flushPending();
  await applyTxn([large("x"), keeping("a"), large("y"), keeping("c")]);
  expect(await valueOf("a")).toContain("value of a");
  expect(await valueOf("c")).toContain("value of c");
});

test("previous pairs, ranges and deleted pairs are quoted as they were before they were pushed out", async () => {
  const value = { target: pb.Compare_CompareTarget.VALUE };
  const compare = ["a", "b"].map((key) => ({
    ...value,
    key: bytesOf(key),
    targetUnion: { case: "value" as const, value: bytesOf(`value of ${key}`) },
  }));
  const ops = [
    large("x"),
    putOp("a", { value: bytesOf("new"), prevKv: true }),
    large("y"),
    rangeOp("b"),
    large("z"),
    deleteOp("b"),
    rangeOp("a"),
    putOp("c", { ignoreValue: true, prevKv: true }),
  ];
  for (const round of [0, 1]) {
    const { succeeded, responses } = await applyTxn(ops, round === 0 ? compare : []);
    expect(succeeded).toBe(true);
    const quoted = responses.map(({ response }): string[] => {
      if (response.case === "responseRange") return response.value.kvs.map((kv) => textOf(kv.value));
      if (response.case === "responseDeleteRange")
        return response.value.prevKvs.map((kv) => textOf(kv.value));
      const previous = response.case === "responsePut" ? response.value.prevKv : undefined;
      return previous === undefined ? [] : [textOf(previous.value)];
    });
    const [before, b] = round === 0 ? ["value of a", ["value of b"]] : ["new", []];
    expect(quoted).toEqual([[], [before], [], b, [], b, ["new"], ["value of c"]]);
    await store.flushPending();
  }
});

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
