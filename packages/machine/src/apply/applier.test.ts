/** The applier beyond what random histories reach: other operations, old entries, leases, space, and its own assertions. */
import { AssertionError } from "@quorate/std";
import { create, etcdserverpb as pb, fromBinary, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { ALARM_CORRUPT, ALARM_NOSPACE } from "./alarm.js";
import { AlarmSet } from "./alarm-set.js";
import { ApplyBench, bytesOfBody, encodeRequest } from "./testing/apply-bench.js";
import { NaiveStore, bytesOf } from "./testing/naive-store.js";

let store: NaiveStore;
let bench: ApplyBench;
beforeEach(() => {
  store = new NaiveStore();
  bench = new ApplyBench(store);
});

const put = (key: string, more: object = {}): { put: pb.PutRequest } => ({
  put: create(pb.PutRequestSchema, { key: bytesOf(key), ...more }),
});

describe("positions", () => {
  test("an empty entry moves the consistent index and nothing else", () => {
    expect(bench.applyBytes(new Uint8Array(0))).toMatchObject({ refusal: undefined, body: undefined });
    expect([store.consistentIndex, store.revision]).toEqual([1, 1]);
  });

  test("a refused entry moves the consistent index too", async () => {
    expect(await bench.apply(put("a", { lease: 5n }))).toMatchObject({
      refusal: "lease-not-found",
      revision: 1,
    });
    expect([store.consistentIndex, store.revision]).toEqual([1, 1]);
  });

  test("an entry at or below the last one is our own mistake", () => {
    void bench.apply(put("a"));
    expect(() => bench.applier.apply(1, 1, encodeRequest(put("b")), false)).toThrow(AssertionError);
  });

  test("no entry is applied while another one waits for records", async () => {
    await bench.apply(put("a", { value: bytesOf("1") }));
    store.forget();
    const waiting = bench.apply(put("a", { ignoreValue: true }));
    expect(waiting).toBeInstanceOf(Promise);
    expect(() => bench.apply(put("b"))).toThrow(AssertionError);
    expect(await waiting).toMatchObject({ revision: 3 });
    expect(store.openViewCount).toBe(0);
  });

  test("only a value that is not in memory makes an entry wait", async () => {
    await bench.apply(put("a", { value: bytesOf("1") }));
    store.forget();
    const txn = { compare: [{ key: bytesOf("a"), target: pb.Compare_CompareTarget.MOD }] };
    expect(bench.apply(put("a", { prevKv: true }))).not.toBeInstanceOf(Promise);
    expect(bench.apply({ txn })).not.toBeInstanceOf(Promise);
    expect(bench.apply({ deleteRange: { key: bytesOf("a"), prevKv: true } })).not.toBeInstanceOf(Promise);
  });
});

describe("members that owe no answer", () => {
  test("write the same and skip the reads", async () => {
    const ops = [
      { request: { case: "requestPut", value: put("a", { prevKv: true }).put } },
      { request: { case: "requestRange", value: create(pb.RangeRequestSchema, { key: bytesOf("a") }) } },
    ] as const;
    expect((await bench.apply({ txn: { success: [...ops] } }, false)).body).toBeUndefined();
    expect((await bench.apply(put("a", { prevKv: true }), false)).body).toBeUndefined();
    const failing = create(pb.RangeRequestSchema, { key: bytesOf("a"), revision: 99n });
    const txn = { success: [ops[0], { request: { case: "requestRange", value: failing } } as const] };
    expect(await bench.apply({ txn }, false)).toMatchObject({ refusal: "future-revision", revision: 3 });
  });

  test("a range that went through the log does nothing", async () => {
    expect(await bench.apply({ range: { key: bytesOf("a") } })).toMatchObject({ refusal: undefined });
    expect(store.consistentIndex).toBe(1);
  });
});

describe("entries that cannot be applied stop the member", () => {
  test.each([
    ["an operation nobody knows", Uint8Array.of(0xc2, 0x3e + 1, 0x00)],
    ["no operation", encodeRequest({})],
    ["a malformed put", Uint8Array.of(0x22, 0x02, 0x0a, 0x05)],
    ["a cut envelope", Uint8Array.of(0x22, 0x05, 0x0a)],
  ])("%s", (_name, entry) => {
    expect(() => bench.applyBytes(entry)).toThrow(AssertionError);
  });
});

describe("cluster operations", () => {
  const member = {
    memberID: 0xdead_beef_dead_beefn,
    memberAttributes: { name: "m1", clientUrls: ["http://a"] },
  };

  test("go to the cluster's state, and again to its memory when replayed", async () => {
    const entries = [
      { clusterVersionSet: { ver: "3.7.0" } },
      { clusterMemberAttrSet: member },
      { downgradeInfoSet: { enabled: true, ver: "3.6.0" } },
      { downgradeInfoSet: { enabled: false, ver: "3.6.0" } },
      { downgradeVersionTest: { ver: "3.6.0" } },
    ];
    for (const entry of entries) await bench.apply(entry);
    const expected = [
      { version: "3.7.0" },
      { memberId: member.memberID, name: "m1", clientUrls: ["http://a"] },
      { enabled: true, targetVersion: "3.6.0" },
      { enabled: false, targetVersion: "" },
    ];
    expect(bench.cluster.calls).toEqual(expected);
    for (const entry of entries) bench.applier.replay(encodeRequest(entry));
    bench.applier.replay(encodeRequest(put("a")));
    bench.applier.replay(new Uint8Array(0));
    expect(bench.cluster.calls).toEqual([...expected, ...expected]);
    expect([store.revision, store.consistentIndex]).toEqual([1, 5]);
  });

  test("of the v2 API: attributes and version count, SYNC does not, anything else stops the member", () => {
    const v2 = (method: string, path: string, value: string): Uint8Array =>
      Uint8Array.from([
        ...[0x08, 0x96, 0x01],
        ...[0x12, method.length, ...bytesOf(method)],
        ...[0x1a, path.length, ...bytesOf(path)],
        ...[0x22, value.length, ...bytesOf(value), 0x28, 0x00],
      ]);
    const attributes = v2(
      "PUT",
      "/0/members/8e9e05c52164694d/attributes",
      '{"name":"m\u00c3\u00a4","clientURLs":["http://b"]}',
    );
    void bench.applyBytes(attributes);
    void bench.applyBytes(v2("PUT", "/0/version", "3.5.0"));
    void bench.applyBytes(v2("SYNC", "", ""));
    bench.applier.replay(attributes);
    const published = { memberId: 0x8e9e_05c5_2164_694dn, name: "mä", clientUrls: ["http://b"] };
    expect(bench.cluster.calls).toEqual([published, { version: "3.5.0" }, published]);
    for (const entry of [
      v2("PUT", "/1/key", "x"),
      v2("DELETE", "/0/version", ""),
      v2("PUT", "/0/members/x/attributes", "{}"),
    ]) {
      expect(() => bench.applyBytes(entry)).toThrow(/v2 request/);
    }
    expect(() => bench.applyBytes(v2("PUT", "/0/members/1/attributes", "{"))).toThrow(/v2 request/);
  });
});

describe("alarms", () => {
  const alarm = (action: pb.AlarmRequest_AlarmAction, more: object): { alarm: pb.AlarmRequest } => ({
    alarm: create(pb.AlarmRequestSchema, { action, ...more }),
  });

  test("are rows that survive a restart", async () => {
    await bench.apply(alarm(1, { memberID: 2n ** 64n - 1n, alarm: ALARM_NOSPACE }));
    await bench.apply(alarm(1, { memberID: 0n, alarm: ALARM_CORRUPT }));
    await bench.apply(alarm(1, { memberID: 7n, alarm: ALARM_CORRUPT }));
    const off = await bench.apply(alarm(2, { memberID: 7n, alarm: ALARM_CORRUPT }));
    const body = fromBinary(pb.AlarmResponseSchema, await bytesOfBody(off.body));
    expect(body.alarms).toMatchObject([{ memberID: 7n, alarm: ALARM_CORRUPT }]);
    const restored = new AlarmSet();
    for (const name of store.rows.keys()) restored.restoreRow(bytesOf(name.slice("alarm/".length)));
    expect(restored.list()).toEqual(bench.alarms.list());
    expect(restored.list()).toEqual([
      { memberId: 2n ** 64n - 1n, type: ALARM_NOSPACE },
      { memberId: 0n, type: ALARM_CORRUPT },
    ]);
    expect([restored.noSpace, restored.corrupt]).toEqual([true, true]);
  });

  test("CORRUPT comes before NOSPACE, and both before what the request itself lacks", async () => {
    await bench.apply(alarm(1, { memberID: 1n, alarm: ALARM_NOSPACE }));
    expect(await bench.apply(put("a", { lease: 5n }))).toMatchObject({ refusal: "no-space" });
    await bench.apply(alarm(1, { memberID: 1n, alarm: ALARM_CORRUPT }));
    expect(await bench.apply(put("a", { lease: 5n }))).toMatchObject({ refusal: "corrupt" });
  });
});

describe("space", () => {
  test("the quota is judged by the size of the files before the write, which takes effect all the same", async () => {
    bench.space.quotaBytes = 1000;
    bench.space.sizeBytes = 1000 - 258 - 1;
    expect(await bench.apply(put("a", { value: bytesOf("1") }))).toMatchObject({
      overQuota: false,
      revision: 2,
    });
    bench.space.sizeBytes += 1;
    const late = await bench.apply(put("a", { value: bytesOf("1"), prevKv: true }));
    expect(late).toMatchObject({ overQuota: true, revision: 3, refusal: undefined, body: undefined });
    expect(await bench.apply({ deleteRange: { key: bytesOf("a") } })).toMatchObject({
      overQuota: false,
      revision: 4,
    });
  });

  test("a transaction costs its dearer branch, nested ones included", async () => {
    bench.space.quotaBytes = 600;
    const one = { request: { case: "requestPut", value: put("a").put } } as const;
    const nested = {
      request: { case: "requestTxn", value: create(pb.TxnRequestSchema, { failure: [one] }) },
    } as const;
    expect(await bench.apply({ txn: { success: [one], failure: [one, one] } })).toMatchObject({
      overQuota: false,
    });
    expect(await bench.apply({ txn: { success: [], failure: [one, one, nested] } })).toMatchObject({
      overQuota: true,
    });
  });
});

describe("leases", () => {
  const lease = 5n;
  beforeEach(() => {
    bench.leases.existing.add(lease).add(6n);
  });

  const attached = (): unknown => Object.fromEntries(bench.leases.attached);

  test("a put attaches, another lease moves, no lease detaches, ignore_lease keeps", async () => {
    await bench.apply(put("a", { lease }));
    expect(attached()).toEqual({ a: 5n });
    await bench.apply(put("a", { lease }));
    await bench.apply(put("a", { ignoreLease: true }));
    expect(attached()).toEqual({ a: 5n });
    await bench.apply(put("a", { lease: 6n }));
    expect(attached()).toEqual({ a: 6n });
    await bench.apply(put("a"));
    expect(attached()).toEqual({});
  });

  test("deletes detach, inside transactions too", async () => {
    for (const key of ["a", "b", "c"]) await bench.apply(put(key, { lease }));
    await bench.apply({ deleteRange: { key: bytesOf("a") } });
    expect(attached()).toEqual({ b: 5n, c: 5n });
    const all = create(pb.DeleteRangeRequestSchema, { key: bytesOf("\0"), rangeEnd: bytesOf("\0") });
    await bench.apply({ txn: { success: [{ request: { case: "requestDeleteRange", value: all } }] } });
    expect(attached()).toEqual({});
  });
});

test("a response can be read after its revisions were superseded and compacted", async () => {
  const value = "x".repeat(100);
  for (const key of ["a", "b", "c"]) await bench.apply(put(key, { value: bytesOf(value) }));
  store.forget();
  const all = { key: bytesOf("\0"), rangeEnd: bytesOf("\0") };
  const outcome = await bench.apply({ deleteRange: { ...all, prevKv: true } });
  await bench.apply({ compaction: { revision: 5n } });
  store.compactStep();
  const response = fromBinary(pb.DeleteRangeResponseSchema, await bytesOfBody(outcome.body));
  expect(response.prevKvs.length).toBe(3);
  expect(toBinary(pb.DeleteRangeResponseSchema, response).length).toBeGreaterThan(300);
  expect(store.openViewCount).toBe(0);
});
