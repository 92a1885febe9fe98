/** RangeStream: rules 33 and 34 of kv-watch-lease 13, and that its chunks together are the answer of Range. */
import { create, etcdserverpb as pb, fromBinary, toBinary } from "@quorate/proto";
import { beforeEach, expect, test } from "vitest";
import { KvClient, bytes, failureOf } from "./testing/kv-client.js";

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

const all = { key: bytes("\0"), rangeEnd: bytes("\0") };
const { DESCEND } = pb.RangeRequest_SortOrder;
const { CREATE } = pb.RangeRequest_SortTarget;

async function putKeys(count: number, valueBytes = 1): Promise<void> {
  for (let i = 0; i < count; i++) {
    await kv.put({ key: bytes(`k${String(i).padStart(3, "0")}`), value: new Uint8Array(valueBytes) });
  }
}

/** Chunks put together the way a client does it. */
function merge(chunks: readonly pb.RangeResponse[]): pb.RangeResponse {
  const encoded = chunks.map((chunk) => toBinary(pb.RangeResponseSchema, chunk));
  return fromBinary(pb.RangeResponseSchema, new Uint8Array(Buffer.concat(encoded)));
}

test.each([
  { ...all },
  { ...all, limit: 7n },
  { ...all, limit: 10n },
  { ...all, limit: 24n },
  { ...all, limit: 25n },
  { ...all, keysOnly: true },
  { ...all, countOnly: true },
  { ...all, revision: 12n },
  { ...all, revision: -3n, limit: 11n },
  { key: bytes("k003") },
  { key: bytes("k003"), limit: 1n },
  { key: bytes("missing") },
  { key: bytes("k01"), rangeEnd: bytes("k02") },
  { ...all, sortTarget: CREATE, limit: 12n },
])("chunks of %o together are the answer of Range", async (request) => {
  await putKeys(25);
  const chunks = await kv.rangeStream(request);
  expect(merge(chunks)).toEqual(await kv.range(request));
  for (const chunk of chunks.slice(0, -1)) expect(chunk).toMatchObject({ count: 0n, more: false });
  expect(chunks.slice(0, -1).every((chunk) => chunk.header === undefined)).toBe(true);
});

test("rule 33: limit 10 of 25 keys counts 25 and has more, in the last chunk", async () => {
  await putKeys(25);
  const chunks = await kv.rangeStream({ ...all, limit: 10n });
  expect(chunks.at(-1)).toMatchObject({ count: 25n, more: true, header: { revision: 26n } });
});

test("rule 33: the first chunk has 10 keys and small ones double", async () => {
  await putKeys(75);
  const chunks = await kv.rangeStream(all);
  expect(chunks.map((chunk) => chunk.kvs.length)).toEqual([10, 20, 40, 5]);
});

test("rule 33: a write between chunks is not visible, and the header has the pinned revision", async () => {
  await putKeys(25);
  const call = kv.transport.start(
    "etcdserverpb.KV/RangeStream",
    toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, all)),
  );
  call.hasRoom = false;
  await until(() => call.messages.length === 1);
  await kv.put({ key: bytes("k020x") });
  await kv.delete({ key: bytes("k024") });
  call.drain();
  const { messages } = await call.answer;
  const chunks = messages.map((each) => fromBinary(pb.RangeStreamResponseSchema, each).rangeResponse);
  expect(chunks.flatMap((chunk) => chunk?.kvs ?? []).length).toBe(25);
  expect(chunks.at(-1)).toMatchObject({ count: 25n, header: { revision: 26n } });
});

test("a compaction beyond the pinned revision ends the stream after partial data", async () => {
  await putKeys(25);
  const call = kv.transport.start(
    "etcdserverpb.KV/RangeStream",
    toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, all)),
  );
  call.hasRoom = false;
  await until(() => call.messages.length === 1);
  await kv.put({ key: bytes("z") });
  await kv.compact(27, true);
  call.drain();
  expect((await call.answer).error?.message).toBe("etcdserver: mvcc: required revision has been compacted");
});

test("rule 34: large values shrink the chunks", async () => {
  await putKeys(24, 900_000);
  const chunks = await kv.rangeStream(all);
  // 9 MB, then halved until a chunk is below twice the target of 1.5 MiB.
  expect(chunks.map((chunk) => chunk.kvs.length)).toEqual([10, 5, 2, 2, 2, 2, 1]);
});

test("orders and filters that it cannot do are unimplemented, in its own words", async () => {
  expect(await failureOf(kv.rangeStream({ ...all, sortOrder: DESCEND }))).toBe("range-stream-sort");
  expect(await failureOf(kv.rangeStream({ ...all, minModRevision: -1n }))).toBe("range-stream-filter");
  expect(await failureOf(kv.rangeStream({}))).toBe("empty-key");
  expect(await failureOf(kv.rangeStream({ ...all, revision: 9n }))).toBe("future-revision");
});

test("a client that leaves gets no further chunk", async () => {
  await putKeys(25);
  const message = toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, all));
  const call = kv.transport.start("etcdserverpb.KV/RangeStream", message);
  call.hasRoom = false;
  await until(() => call.messages.length === 1);
  call.cancel();
  call.drain();
  await kv.member.yieldTurn();
  await kv.member.yieldTurn();
  expect(call.messages.length).toBe(1);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await kv.member.yieldTurn();
}

test("an answer in one chunk is given up when its client leaves", async () => {
  await putKeys(300);
  const range = create(pb.RangeRequestSchema, { ...all, sortTarget: CREATE, serializable: true });
  const call = kv.transport.start("etcdserverpb.KV/RangeStream", toBinary(pb.RangeRequestSchema, range));
  call.cancel();
  await kv.put({ key: bytes("z") });
  await kv.compact(302, true);
  // The compaction could not have finished below an open view.
  expect(kv.member.store.finishedCompactRevision).toBe(302);
  expect(call.messages).toEqual([]);
});
