import { create, etcdserverpb, toBinary } from "@quorate/proto";
import type { CallBase } from "@quorate/rpc";
import { describe, expect, test } from "vitest";
import { MeteredApplier } from "../metrics/metered-applier.js";
import { MemberMeters } from "../metrics/member-meters.js";
import { describeEntry, LINES_PER_SECOND_MAX, SlowRequests } from "./slow-requests.js";

type Line = readonly [message: string, fields: Readonly<Record<string, unknown>> | undefined];

function setUp() {
  const lines: Line[] = [];
  const clock = { ms: 0 };
  const counts = { reads: 0 };
  const slow = new SlowRequests({
    report: { warn: (message, fields) => void lines.push([message, fields]) },
    warningApplyMs: 100,
    warningUnaryRequestMs: 300,
    nowMs: () => clock.ms,
    onSlowRead: () => (counts.reads += 1),
  });
  return { lines, clock, slow, counts };
}

function entryOf(
  init: Parameters<typeof create<typeof etcdserverpb.InternalRaftRequestSchema>>[1],
): Uint8Array {
  const schema = etcdserverpb.InternalRaftRequestSchema;
  return toBinary(schema, create(schema, init));
}

const PUT = entryOf({ header: { ID: 7n }, put: { key: Buffer.from("k"), value: Buffer.from("secret") } });

describe("entries", () => {
  test("that take longer than allowed are told of with key and size, and counted", () => {
    const { lines, slow } = setUp();
    const meters = new MemberMeters();
    let nowMs = 0;
    const applier = new MeteredApplier({
      applier: () => ({
        apply: () => {
          nowMs += 150;
          return { revision: 2, refusal: undefined, body: undefined, overQuota: false };
        },
      }),
      meters,
      nowMs: () => nowMs,
      slowMs: 100,
      onSlow: slow.applied,
    });
    void applier.apply(1, 1, PUT, true);
    expect(meters.slowApplies).toBe(1);
    expect(lines).toEqual([
      [
        "apply request took too long",
        {
          took: "150ms",
          "expected-duration": "100ms",
          prefix: "",
          request: 'header:<ID:7 > put:<key:"k" value_size:6 >',
          response: "",
        },
      ],
    ]);
  });

  test("show neither values nor passwords", () => {
    const user = entryOf({ authUserAdd: { name: "root", password: "secret" } });
    const txn = entryOf({
      txn: { success: [{ request: { case: "requestPut", value: { value: Buffer.from("secret") } } }] },
    });
    const remove = entryOf({ deleteRange: { key: Buffer.from("a"), rangeEnd: Buffer.from("b") } });
    const told = [
      describeEntry("AuthUserAdd", user),
      describeEntry("Txn", txn),
      describeEntry("DeleteRange", remove),
    ];
    expect(told.join()).not.toContain("secret");
    expect(told).toEqual([
      `header:<ID:0 > AuthUserAdd:<size:${String(user.length)} >`,
      "header:<ID:0 > txn:<compare:0 success:1 failure:0 >",
      'header:<ID:0 > delete_range:<key:"a" range_end:"b" >',
    ]);
  });
});

describe("calls", () => {
  const call = (path: string): CallBase => ({ path, peer: "10.0.0.1:5" }) as CallBase;

  test("reads count as slow applications, other calls from their own limit on", () => {
    const { lines, slow, counts } = setUp();
    expect(slow.callsAboveMs).toBe(100);
    slow.called(call("/etcdserverpb.KV/Range"), 0, 150);
    slow.called(call("/etcdserverpb.KV/Put"), 0, 150);
    slow.called(call("/etcdserverpb.KV/Put"), 14, 400);
    expect(counts.reads).toBe(1);
    expect(lines).toMatchObject([
      ["apply request took too long", { prefix: "read-only range ", took: "150ms", remote: "10.0.0.1:5" }],
      ["request stats", { "time spent": "400ms", "response type": "/etcdserverpb.KV/Put", "grpc-code": 14 }],
    ]);
  });

  test("a storm of them costs a few lines a second, and the next tells how many were left out", () => {
    const { lines, slow, clock } = setUp();
    for (let i = 0; i < LINES_PER_SECOND_MAX + 90; i++) slow.called(call("/etcdserverpb.KV/Put"), 0, 400);
    expect(lines).toHaveLength(LINES_PER_SECOND_MAX);
    clock.ms = 1000;
    slow.called(call("/etcdserverpb.KV/Put"), 0, 400);
    expect(lines.at(-1)?.[1]).toMatchObject({ "slow-requests-not-told-of": 90 });
  });
});
