/** Requests that are too much for the process, by their depth above all. */
import { TEST_SERVICE_OPTIONS } from "../testing/service-options.js";
import { WireError } from "@quorate/machine";
import { GrpcStatus } from "@quorate/proto";
import { AssertionError, assert } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { registerServices } from "../register-services.js";
import { FakeMember } from "../testing/fake-member.js";
import { FakeTransport } from "../testing/fake-calls.js";
import { KvClient, bytes, failureOf } from "../testing/kv-client.js";
import { contain } from "./contain.js";

const SUCCESS = 0x12;
const FAILURE = 0x1a;
const REQUEST_TXN = 0x22;

/** A TxnRequest that has `depth` others inside it, one in another, each in the branch `branchTag`. */
function nestedTxn(depth: number, branchTag: number): Uint8Array {
  // Built from its end, where the innermost one stands, since every length tells the size of what follows.
  const message = new Uint8Array(depth * 10);
  let start = message.length;
  const prepend = (tag: number): void => {
    const varint: number[] = [];
    let rest = message.length - start;
    for (; rest >= 0x80; rest >>>= 7) varint.push((rest & 0x7f) | 0x80);
    varint.push(rest);
    start -= varint.length + 1;
    message.set([tag, ...varint], start);
  };
  for (let level = 0; level < depth; level++) {
    prepend(REQUEST_TXN);
    prepend(branchTag);
  }
  return message.subarray(start);
}

describe("transactions nested in one another", () => {
  test.each([
    [128, "ok"],
    [129, "too-many-ops"],
    [600, "too-many-ops"],
    [10_000, "too-many-ops"],
    [200_000, "too-many-ops"],
  ])("%i levels: %s", async (depth, expected) => {
    const kv = await KvClient.create();
    for (const branchTag of [SUCCESS, FAILURE]) {
      const { error } = await kv.transport.call("etcdserverpb.KV/Txn", nestedTxn(depth, branchTag));
      const message = expected === "ok" ? undefined : "etcdserver: too many operations in txn request";
      expect(error?.message).toBe(message);
    }
    // The server goes on.
    expect(await failureOf(kv.put({ key: bytes("a") }))).toBe("ok");
  });

  test("200 000 levels are refused also when --max-txn-ops has no end", async () => {
    const transport = new FakeTransport();
    registerServices(transport, await FakeMember.create(), {
      ...TEST_SERVICE_OPTIONS,
      txnOpsMax: 2 ** 32 - 1,
      requestBytesMax: 2 ** 30,
    });
    for (const branchTag of [SUCCESS, FAILURE]) {
      const { error } = await transport.call("etcdserverpb.KV/Txn", nestedTxn(200_000, branchTag));
      expect(error?.code).toBe(GrpcStatus.InvalidArgument);
    }
    const { messages, error } = await transport.call("etcdserverpb.KV/Txn", nestedTxn(500, SUCCESS));
    expect(error).toBeUndefined();
    expect(messages[0]?.length).toBeGreaterThan(500 * 4);
  });
});

describe("what contain makes of errors", () => {
  test("a stack that overflows and a size beyond all limits are the request's fault", () => {
    const descend = (level: number): number => descend(level + 1) + 1;
    expect(() => contain(() => descend(0))).toThrow(WireError);
    expect(() => contain(() => new Array(-1))).toThrow(WireError);
  });

  test("everything else stays what it is", () => {
    expect(contain(() => 7)).toBe(7);
    expect(() =>
      contain(() => {
        assert(false, "ours");
      }),
    ).toThrow(AssertionError);
    expect(() =>
      contain(() => {
        throw new TypeError("ours");
      }),
    ).toThrow(TypeError);
  });
});

test("Txn: an error of that kind fails the call with INTERNAL, not the process", async () => {
  const kv = await KvClient.create();
  const message = nestedTxn(2, SUCCESS);
  // What the transport hands over is a copy of the message.
  message.slice = () => overflowing(message);
  const { error } = await kv.transport.call("etcdserverpb.KV/Txn", message);
  expect(error?.code).toBe(GrpcStatus.Internal);
  expect(kv.member.entries).toEqual([]);
});

/** As if looking at the message had used up the stack: no request is known that does. */
function overflowing(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Proxy(new Uint8Array(message), {
    get: (target, name) => {
      if (name === "0") throw new RangeError("Maximum call stack size exceeded");
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
