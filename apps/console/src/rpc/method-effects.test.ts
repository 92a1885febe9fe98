import { consolepb, create, etcdserverpb, v3lockpb } from "@quorate/proto";
import type { MessageInitShape } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { EFFECT_NAMES, FORWARDED_SERVICES, effectOf, isChange } from "./method-effects.js";

const { KV, Lease, Maintenance } = etcdserverpb;
const key = new Uint8Array([1]);

describe("what methods do", () => {
  it("the table has every method of the services on offer, and no other", () => {
    const methods = [consolepb.ConsoleService, ...FORWARDED_SERVICES].flatMap(({ name, methods }) =>
      methods.map((method) => `${name}.${method.name}`),
    );
    expect([...EFFECT_NAMES].sort()).toEqual(methods.sort());
  });

  it("only unary methods of etcd's services are offered", () => {
    const streams = FORWARDED_SERVICES.flatMap(({ methods }) => methods).filter(
      ({ methodKind }) => methodKind !== "unary",
    );
    expect(streams.map(effectOf)).toEqual(streams.map(() => "withheld"));
  });

  it("methods of other services are withheld and count as changes", () => {
    expect(effectOf(v3lockpb.Lock.method.lock)).toBe("withheld");
    expect(isChange(v3lockpb.Lock.method.lock, {})).toBe(true);
  });

  it("no answer with a token leaves", () => {
    expect(effectOf(etcdserverpb.Auth.method.authenticate)).toBe("withheld");
  });

  it("a transaction changes something when any of its branches might, however deep", () => {
    const range = { request: { case: "requestRange", value: { key } } } as const;
    const put = { request: { case: "requestPut", value: { key } } } as const;
    const nested = (op: typeof range | typeof put) =>
      ({ request: { case: "requestTxn", value: { failure: [op] } } }) as MessageInitShape<
        typeof etcdserverpb.RequestOpSchema
      >;
    const change = (init: MessageInitShape<typeof etcdserverpb.TxnRequestSchema>): boolean =>
      isChange(KV.method.txn, create(etcdserverpb.TxnRequestSchema, init));
    expect(change({})).toBe(false);
    expect(change({ success: [range], failure: [nested(range)] })).toBe(false);
    expect(change({ success: [range, put] })).toBe(true);
    expect(change({ failure: [put] })).toBe(true);
    expect(change({ success: [nested(put)] })).toBe(true);
    expect(change({ success: [{ request: { case: undefined } }] })).toBe(true);
  });

  it("asking for alarms and for whether a downgrade would do changes nothing, acting does", () => {
    const alarm = (action: number): boolean => isChange(Maintenance.method.alarm, { action });
    const downgrade = (action: number): boolean => isChange(Maintenance.method.downgrade, { action });
    expect([0, 1, 2, 9].map(alarm)).toEqual([false, true, true, true]);
    expect([0, 1, 2, 9].map(downgrade)).toEqual([false, true, true, true]);
    expect(isChange(Lease.method.leaseLeases, {})).toBe(false);
  });
});
