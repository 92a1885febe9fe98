/** Reads of clients that leave their responses unread: refused before anything is read or encoded for them. */
import { GrpcStatus, create, etcdserverpb as pb, fromBinary, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { READS_BEGUN_PER_TURN, READS_GOING_ON_MAX } from "./read-gate.js";
import type { FakeCall } from "./testing/fake-calls.js";
import { KvClient, bytes, op } from "./testing/kv-client.js";

/** More rows than a read answers in its first step. */
const KEY_COUNT = 300;
const all = { key: bytes("\0"), rangeEnd: bytes("\0") };

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

async function fill(): Promise<void> {
  for (let at = 0; at < KEY_COUNT; at += 100) {
    const puts = Array.from({ length: 100 }, (_, i) => op.put(`k${at + i}`));
    await kv.txn({ success: puts });
  }
}

function startRange(range: Parameters<KvClient["range"]>[0]): FakeCall {
  const message = toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, range));
  return kv.transport.start("etcdserverpb.KV/Range", message);
}

const startTxn = (...success: ReturnType<typeof op.range>[]): FakeCall =>
  kv.transport.start(
    "etcdserverpb.KV/Txn",
    toBinary(pb.TxnRequestSchema, create(pb.TxnRequestSchema, { success })),
  );

const refusal = {
  code: GrpcStatus.ResourceExhausted,
  message: "response not made: this client leaves too many bytes of responses unread",
};

describe("a client that is congested when the barrier opens", () => {
  test.each<[string, () => FakeCall]>([
    ["an interval", () => startRange(all)],
    ["one key", () => startRange({ key: bytes("k1") })],
    ["a transaction over one key", () => startTxn(op.range("k1"))],
    [
      "a stream",
      () =>
        kv.transport.start(
          "etcdserverpb.KV/RangeStream",
          toBinary(pb.RangeRequestSchema, create(pb.RangeRequestSchema, all)),
        ),
    ],
    ["a transaction over an interval", () => startTxn(op.range("k1", { rangeEnd: bytes("k2") }))],
  ])("%s is not read", async (_, start) => {
    await fill();
    const finds = vi.spyOn(kv.member.store, "find");
    const counts = vi.spyOn(kv.member.store, "countLatest");
    const call = start();
    call.congested = true;
    expect((await call.answer).error).toEqual(refusal);
    expect(finds).not.toHaveBeenCalled();
    expect(counts).not.toHaveBeenCalled();
  });
});

describe("a burst of long reads", () => {
  test("those that waited until their client was congested are refused, and give their views back", async () => {
    await fill();
    const opened = vi.spyOn(kv.member.store, "openReadView");
    const calls = Array.from({ length: READS_GOING_ON_MAX + 3 }, () =>
      startRange({ ...all, serializable: true }),
    );
    // All but the first few wait: one has begun, the others have not.
    expect(opened).toHaveBeenCalledTimes(READS_GOING_ON_MAX + 1);
    const releases = opened.mock.results.map(({ value }) =>
      vi.spyOn(value as { release(): void }, "release"),
    );
    for (const call of calls) call.congested = true;
    const answers = await Promise.all(calls.map((call) => call.answer));
    for (const { messages } of answers.slice(0, READS_GOING_ON_MAX)) {
      expect(fromBinary(pb.RangeResponseSchema, messages[0] as Uint8Array).kvs.length).toBe(KEY_COUNT);
    }
    expect(answers.slice(READS_GOING_ON_MAX).map(({ error }) => error)).toEqual([refusal, refusal, refusal]);
    await new Promise(setImmediate);
    expect(opened).toHaveBeenCalledTimes(READS_GOING_ON_MAX + 1);
    for (const release of releases) expect(release).toHaveBeenCalledTimes(1);
  });

  test("all are answered when it is read, and whoever left is skipped", async () => {
    await fill();
    const calls = Array.from({ length: 20 }, () => startRange(all));
    calls[15]?.cancel();
    const answers = await Promise.all(calls.map((call) => call.answer));
    const rows = answers.map(({ messages: [message] }) =>
      message === undefined ? 0 : fromBinary(pb.RangeResponseSchema, message).kvs.length,
    );
    expect(rows).toEqual(rows.map((_, i) => (i === 15 ? 0 : KEY_COUNT)));
  });

  test("one key is read past the waiting ones", async () => {
    await fill();
    const long = Array.from({ length: 2 * READS_BEGUN_PER_TURN }, () =>
      startRange({ ...all, serializable: true }),
    );
    const call = startRange({ key: bytes("k1"), serializable: true });
    expect(call.ended).toBe(true);
    expect(long.filter((each) => each.ended)).toEqual([]);
    await Promise.all(long.map((each) => each.answer));
  });
});
