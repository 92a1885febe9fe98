/** What stands before every handler (kv-watch-lease 1.10), and requests that are no messages. */
import { create, etcdserverpb as pb, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { KvClient, bytes, failureOf, op } from "./testing/kv-client.js";

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

const range = { key: bytes("a") };

describe("a learner", () => {
  test("rule 35: serves serializable ranges and Status, nothing else", async () => {
    kv.member.isLearner = true;
    expect(await failureOf(kv.range({ ...range, serializable: true }))).toBe("ok");
    const status = kv.unary(
      "etcdserverpb.Maintenance/Status",
      [pb.StatusRequestSchema, pb.StatusResponseSchema],
      {},
    );
    expect((await status).isLearner).toBe(true);
    const refused = [
      kv.range(range),
      kv.put({ key: bytes("a") }),
      kv.delete({ key: bytes("a") }),
      kv.txn({ success: [op.range("a", { serializable: true })] }),
      kv.compact(1),
      kv.rangeStream({ ...range, serializable: true }),
      kv.alarm({}),
    ];
    for (const call of refused) expect(await failureOf(call)).toBe("not-supported-for-learner");
  });
});

describe("metadata", () => {
  test.each([
    ["3.5", "ok"],
    ["", "ok"],
    ["v\u00c3\u00a4", "ok"],
    ["\u00ff\u00fe", "invalid-client-api-version"],
    ["3.5\u00c3", "invalid-client-api-version"],
    ["\u00c0\u0080", "invalid-client-api-version"],
    ["\u00ed\u00a0\u0080", "invalid-client-api-version"],
    ["\u00f4\u0090\u0080\u0080", "invalid-client-api-version"],
    ["\ufffd", "invalid-client-api-version"],
  ])("client-api-version %j: %s", async (version, expected) => {
    kv.metadata = { "client-api-version": version };
    expect(await failureOf(kv.range(range))).toBe(expected);
  });

  test("hasleader wants a leader, and only the exact value counts", async () => {
    kv.member.leaderId = 0n;
    kv.metadata = { hasleader: "true" };
    expect(await failureOf(kv.range(range))).toBe("no-leader");
    kv.metadata = { hasleader: "TRUE" };
    expect(await failureOf(kv.range(range))).toBe("ok");
    kv.member.leaderId = 1n;
    kv.metadata = { hasleader: "true" };
    expect(await failureOf(kv.range(range))).toBe("ok");
  });

  test("a learner is refused before its caller's metadata is looked at", async () => {
    kv.member.isLearner = true;
    kv.metadata = { "client-api-version": "\u00ff" };
    expect(await failureOf(kv.put(range))).toBe("not-supported-for-learner");
    expect(await failureOf(kv.range({ ...range, serializable: true }))).toBe("invalid-client-api-version");
  });
});

describe("bytes that are no message", () => {
  const malformed: Record<string, number[]> = {
    "a length beyond the end": [0x0a, 0x05, 0x61],
    "a varint without an end": [0x18, 0x80],
    "a varint of eleven bytes": [0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    "field number 0": [0x02, 0x00],
    "wire type 7": [0x0f],
    "an end of a group that was never begun": [0x0c],
    "a group without an end": [0x7b, 0x08, 0x01],
  };
  const methods = [
    "KV/Range",
    "KV/RangeStream",
    "KV/Put",
    "KV/DeleteRange",
    "KV/Txn",
    "KV/Compact",
    "Maintenance/Alarm",
  ];

  test.each(methods)("end a call of %s with INTERNAL", async (method) => {
    const begins = method.endsWith("Stream")
      ? "grpc: failed to unmarshal the received message"
      : "grpc: error unmarshalling request";
    for (const [name, content] of Object.entries(malformed)) {
      const { error } = await kv.transport.call(`etcdserverpb.${method}`, Uint8Array.from(content));
      expect(error, name).toEqual({
        code: 13,
        message: `${begins}: proto: cannot parse invalid wire-format data`,
      });
    }
  });

  test("unknown fields and groups are skipped", async () => {
    const message = toBinary(
      pb.PutRequestSchema,
      create(pb.PutRequestSchema, { key: bytes("a"), value: bytes("1") }),
    );
    const unknown = [0xa0, 0x06, 0x01, 0xab, 0x06, 0x0a, 0x01, 0x00, 0xac, 0x06, 0xa5, 0x06, 0, 0, 0, 0];
    const call = await kv.transport.call("etcdserverpb.KV/Put", Uint8Array.from([...message, ...unknown]));
    expect(call.error).toBeUndefined();
    expect((await kv.range(range)).kvs).toMatchObject([{ value: bytes("1"), version: 1n }]);
  });
});
