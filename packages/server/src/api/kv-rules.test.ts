/**
 * The rules of key-value requests that are easy to get wrong, by their numbers in the reference (kv-watch-lease 13). Those
 * about watches, leases and restarts are kept where these live.
 */
import { create, etcdserverpb as pb, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { KvClient, bytes, failureOf, op, text } from "./testing/kv-client.js";

const { ASCEND, DESCEND, NONE } = pb.RangeRequest_SortOrder;
const { CREATE, MOD, VALUE, VERSION } = pb.RangeRequest_SortTarget;

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

const all = { key: bytes("\0"), rangeEnd: bytes("\0") };
const put = (key: string, value = ""): Promise<pb.PutResponse> =>
  kv.put({ key: bytes(key), value: bytes(value) });
const keysOf = (response: { readonly kvs: readonly { readonly key: Uint8Array }[] }): string[] =>
  response.kvs.map((each) => text(each.key));

async function putAll(...keys: string[]): Promise<void> {
  for (const key of keys) await put(key, `value of ${key}`);
}

describe("ranges", () => {
  test("rule 1: the first put on a fresh store has revision 2", async () => {
    expect((await put("a")).header).toMatchObject({
      revision: 2n,
      clusterId: kv.member.clusterId,
      memberId: kv.member.memberId,
      raftTerm: 3n,
    });
  });

  test("rule 2: a range at revision 1 is empty, without an error", async () => {
    await put("a");
    expect(await kv.range({ ...all, revision: 1n })).toMatchObject({
      count: 0n,
      kvs: [],
      header: { revision: 2n },
    });
  });

  test("rule 3: revision -5 is the latest; as an operation of a transaction it is compacted", async () => {
    await put("a");
    expect((await kv.range({ key: bytes("a"), revision: -5n })).count).toBe(1n);
    expect(await failureOf(kv.txn({ success: [op.range("a", { revision: -5n })] }))).toBe("compacted");
    expect(await failureOf(kv.txn({ success: [op.range("a", { revision: -1n }), op.put("b")] }))).toBe("ok");
    await kv.compact(2);
    expect(await failureOf(kv.txn({ success: [op.range("a", { revision: -1n }), op.put("b")] }))).toBe(
      "compacted",
    );
    expect((await kv.range({ key: bytes("a"), revision: -5n })).count).toBe(1n);
  });

  test("rule 4: [c, c) and [d, b) are empty, without an error", async () => {
    await putAll("b", "c", "d");
    for (const [key, rangeEnd] of ["cc", "db"]) {
      const range = { key: bytes(key ?? ""), rangeEnd: bytes(rangeEnd ?? "") };
      expect(await kv.range(range)).toMatchObject({ count: 0n, kvs: [], more: false });
    }
  });

  test("rule 5: limit 1 of 3 has more and counts 3, limit 3 has no more", async () => {
    await putAll("a", "b", "c");
    expect(await kv.range({ ...all, limit: 1n })).toMatchObject({ more: true, count: 3n });
    expect(await kv.range({ ...all, limit: 3n })).toMatchObject({ more: false, count: 3n });
    expect(keysOf(await kv.range({ ...all, limit: 2n }))).toEqual(["a", "b"]);
    expect(keysOf(await kv.range({ ...all, limit: 2n ** 63n - 1n }))).toEqual(["a", "b", "c"]);
  });

  test("rule 6: count_only with limit 1 over 3 keys counts 3 and has no more", async () => {
    await putAll("a", "b", "c");
    const response = await kv.range({ ...all, limit: 1n, countOnly: true });
    expect(response).toMatchObject({ count: 3n, more: false, kvs: [] });
  });

  test("rule 7: filters leave the count as it is", async () => {
    await putAll("a", "b", "c");
    await put("a");
    const filtered = { ...all, minModRevision: 3n, maxCreateRevision: 3n };
    const response = await kv.range(filtered);
    expect(keysOf(response)).toEqual(["a", "b"]);
    expect(response.count).toBe(3n);
    expect(keysOf(await kv.range({ ...all, maxModRevision: -1n }))).toEqual([]);
    // A negative minimum lets everything pass, and yet the limit no longer applies while loading.
    const negative = { ...all, minModRevision: -1n, limit: 1n, sortOrder: NONE, sortTarget: MOD };
    expect(keysOf(await kv.range(negative))).toEqual(["b"]);
  });

  test("rule 8: count_only wins over keys_only", async () => {
    await putAll("a", "b");
    expect(await kv.range({ ...all, countOnly: true, keysOnly: true })).toMatchObject({ count: 2n, kvs: [] });
  });

  test("rule 9: order NONE with target CREATE ascends by create revision, within the limit by key", async () => {
    await putAll("c", "b", "a");
    expect(keysOf(await kv.range({ ...all, sortTarget: CREATE }))).toEqual(["c", "b", "a"]);
    const limited = { ...all, sortTarget: CREATE, limit: 1n };
    // The first two keys, a and b, are loaded; of these b is older.
    expect(keysOf(await kv.range(limited))).toEqual(["b"]);
    expect(keysOf(await kv.range({ ...limited, sortOrder: ASCEND }))).toEqual(["c"]);
  });

  test("rule 10: descending by version keeps ties in ascending key order", async () => {
    await putAll("d", "c", "b", "a", "c");
    const response = await kv.range({ ...all, sortOrder: DESCEND, sortTarget: VERSION });
    expect(keysOf(response)).toEqual(["c", "a", "b", "d"]);
  });

  test("order by value reads the values, also when only keys are answered, and then knows the lease", async () => {
    kv.member.leases.grant(9n, 60);
    await kv.put({ key: bytes("a"), value: bytes("2"), lease: 9n });
    await kv.put({ key: bytes("b"), value: bytes("1") });
    const byValue = await kv.range({ ...all, sortOrder: ASCEND, sortTarget: VALUE, keysOnly: true });
    expect(byValue.kvs).toMatchObject([
      { key: bytes("b"), value: bytes(""), lease: 0n },
      { key: bytes("a"), value: bytes(""), lease: 9n, version: 1n, createRevision: 2n },
    ]);
    const byKey = await kv.range({ ...all, keysOnly: true });
    expect(byKey.kvs).toMatchObject([{ key: bytes("a"), value: bytes(""), lease: 0n, modRevision: 2n }, {}]);
  });

  test("rule 11: sort target 100 and sort order 3 are refused", async () => {
    const target = 100 as pb.RangeRequest_SortTarget;
    expect(await failureOf(kv.range({ ...all, sortTarget: target }))).toBe("invalid-sort-option");
    const order = -1 as pb.RangeRequest_SortOrder;
    expect(await failureOf(kv.range({ ...all, sortOrder: order }))).toBe("invalid-sort-option");
    expect(await failureOf(kv.range({ sortOrder: order }))).toBe("empty-key");
  });
});

describe("compaction", () => {
  test("rule 12: after a compaction at the current revision the key is still readable", async () => {
    await put("a", "1");
    await kv.compact(2, true);
    for (const serializable of [false, true]) {
      expect((await kv.range({ key: bytes("a"), serializable })).count).toBe(1n);
      expect((await kv.range({ key: bytes("a"), serializable, revision: 2n })).count).toBe(1n);
    }
    expect(await failureOf(kv.range({ key: bytes("a"), revision: 1n }))).toBe("compacted");
    expect(await failureOf(kv.range({ key: bytes("a"), revision: 3n }))).toBe("future-revision");
  });

  test("rule 13: the same revision twice, 0 at first, and the future", async () => {
    await put("a");
    expect(await failureOf(kv.compact(-1))).toBe("compacted");
    expect((await kv.compact(0)).header?.revision).toBe(2n);
    expect(await failureOf(kv.compact(0))).toBe("compacted");
    expect(await failureOf(kv.compact(2))).toBe("ok");
    expect(await failureOf(kv.compact(2, true))).toBe("compacted");
    expect(await failureOf(kv.compact(3))).toBe("future-revision");
  });

  test("what a physical compaction waits for: success and `compacted` do, a refused future does not", async () => {
    let freed: () => void = () => undefined;
    const freeing = new Promise<void>((resolve) => (freed = resolve));
    Object.assign(kv.member.storage, { compactionsDone: () => freeing });
    const answers: string[] = [];
    const compact = async (revision: number): Promise<void> => {
      answers.push(`${String(revision)}: ${await failureOf(kv.compact(revision, true))}`);
    };
    const waiting = [compact(1), compact(-1)];
    await compact(2);
    expect(answers).toEqual(["2: future-revision"]);
    freed();
    await Promise.all(waiting);
    expect(answers.slice(1).sort()).toEqual(["-1: compacted", "1: ok"]);
  });

  test("rules 14 and 15: a tombstone at the compacted revision keeps the revision and the later history", async () => {
    await put("a", "1");
    await put("a", "2");
    await kv.delete({ key: bytes("a") });
    await put("a", "3");
    await kv.compact(4, true);
    expect(await kv.range({ key: bytes("a"), revision: 4n })).toMatchObject({ count: 0n });
    expect((await kv.range({ key: bytes("a") })).kvs).toMatchObject([{ version: 1n, createRevision: 5n }]);
    await kv.delete({ key: bytes("a") });
    expect((await kv.compact(6, true)).header?.revision).toBe(6n);
    expect((await put("b")).header?.revision).toBe(7n);
  });

  test("rule 29: a key deleted and put again in one transaction survives a compaction at that revision", async () => {
    await put("a", "1");
    const txn = await kv.txn({ success: [op.delete("\0", "\0"), op.put("a", "2")] });
    expect(txn.header?.revision).toBe(3n);
    await kv.compact(3, true);
    const response = await kv.range({ key: bytes("a") });
    expect(response.kvs).toMatchObject([
      { value: bytes("2"), version: 1n, createRevision: 3n, modRevision: 3n },
    ]);
  });
});

describe("deletes and puts", () => {
  test("rule 16: deleting nothing keeps the revision, however often", async () => {
    await put("foo/");
    const empty = await kv.delete({ key: bytes("foo/"), rangeEnd: bytes("foo/") });
    expect(empty).toMatchObject({ deleted: 0n, header: { revision: 2n } });
    expect((await kv.delete({ key: bytes("foo/") })).header?.revision).toBe(3n);
    for (let i = 0; i < 3; i++) {
      expect(await kv.delete({ key: bytes("foo/") })).toMatchObject({
        deleted: 0n,
        header: { revision: 3n },
      });
    }
  });

  test("rule 17: a delete with prev_kv returns every pair it deleted, in key order", async () => {
    await putAll("b", "a", "c");
    const response = await kv.delete({ ...all, prevKv: true });
    expect(response.deleted).toBe(3n);
    expect(response.prevKvs.map((each) => text(each.value))).toEqual([
      "value of a",
      "value of b",
      "value of c",
    ]);
    expect((await kv.range(all)).count).toBe(0n);
  });

  test("rule 18: ignore_value on a missing key, also on the taken branch of a transaction", async () => {
    expect(await failureOf(kv.put({ key: bytes("a"), ignoreValue: true }))).toBe("key-not-found");
    const request = op.put("a", "", { ignoreValue: true });
    expect(await failureOf(kv.txn({ success: [request] }))).toBe("key-not-found");
    expect(await failureOf(kv.txn({ failure: [request] }))).toBe("ok");
    expect(await failureOf(kv.put({ key: bytes("a"), ignoreValue: true, value: bytes("1") }))).toBe(
      "value-provided",
    );
  });

  test("rule 19: ignore_value without a lease detaches the lease and keeps the value", async () => {
    kv.member.leases.grant(5n, 60);
    await kv.put({ key: bytes("a"), value: bytes("1"), lease: 5n });
    await kv.put({ key: bytes("a"), ignoreValue: true });
    const response = await kv.range({ key: bytes("a") });
    expect(response.kvs).toMatchObject([{ value: bytes("1"), lease: 0n, version: 2n }]);
  });

  test("rule 20: ignore_lease keeps the lease and replaces the value; with a lease it is refused", async () => {
    kv.member.leases.grant(5n, 60);
    await kv.put({ key: bytes("a"), value: bytes("1"), lease: 5n });
    await kv.put({ key: bytes("a"), value: bytes("2"), ignoreLease: true });
    expect((await kv.range({ key: bytes("a") })).kvs).toMatchObject([{ value: bytes("2"), lease: 5n }]);
    const provided = kv.put({ key: bytes("a"), ignoreLease: true, lease: 5n });
    expect(await failureOf(provided)).toBe("lease-provided");
    expect(await failureOf(kv.put({ key: bytes("b"), ignoreLease: true }))).toBe("key-not-found");
  });

  test("prev_kv is returned when it is asked for, and not because the value was looked up", async () => {
    const first = await kv.put({ key: bytes("a"), value: bytes("1"), prevKv: true });
    expect(first.prevKv).toBeUndefined();
    const second = await kv.put({ key: bytes("a"), value: bytes("2"), prevKv: true });
    expect(second.prevKv).toMatchObject({ value: bytes("1"), modRevision: 2n });
    expect((await kv.put({ key: bytes("a"), ignoreValue: true })).prevKv).toBeUndefined();
  });

  test("rule 30: a value of --max-request-bytes is too large, the envelope counted", async () => {
    const limit = 1.5 * 1024 * 1024;
    const value = (size: number): Promise<unknown> =>
      kv.put({ key: bytes("a"), value: new Uint8Array(size) });
    expect(await failureOf(value(limit))).toBe("request-too-large");
    expect(kv.member.entries).toEqual([]);
    const { length: overhead } = toBinary(
      pb.InternalRaftRequestSchema,
      create(pb.InternalRaftRequestSchema, {
        header: { ID: 0x694d_0000_0034_5603n },
        put: { key: bytes("a"), value: new Uint8Array(1.4 * 1024 * 1024) },
      }),
    );
    const largest = limit - (overhead - Math.floor(1.4 * 1024 * 1024));
    expect(await failureOf(value(largest + 1))).toBe("request-too-large");
    expect(await failureOf(value(largest))).toBe("ok");
    expect(kv.member.entries[0]?.length).toBe(limit);
  });
});

describe("alarms and space", () => {
  const { ACTIVATE, DEACTIVATE, GET } = pb.AlarmRequest_AlarmAction;
  const { CORRUPT, NOSPACE } = pb.AlarmType;

  test("rule 31: without space a put-free transaction passes, one with a put in its else does not", async () => {
    await kv.alarm({ action: ACTIVATE, memberID: 1n, alarm: NOSPACE });
    expect(await failureOf(put("a"))).toBe("no-space");
    expect(await failureOf(kv.txn({ success: [op.delete("a")], failure: [op.delete("b")] }))).toBe("ok");
    expect(await failureOf(kv.txn({ success: [op.delete("a")], failure: [op.put("b")] }))).toBe("no-space");
    expect(await failureOf(kv.txn({ success: [op.txn({ failure: [op.put("b")] })] }))).toBe("no-space");
    expect(await failureOf(kv.delete({ key: bytes("a") }))).toBe("ok");
    expect(await failureOf(kv.compact(1))).toBe("ok");
    expect(await failureOf(kv.range(all))).toBe("ok");
  });

  test("rule 32: an alarm of any member id stops puts until it is taken back", async () => {
    const alarm = { memberID: 0xffff_ffff_ffff_ffffn, alarm: NOSPACE };
    expect((await kv.alarm({ action: ACTIVATE, ...alarm })).alarms).toMatchObject([alarm]);
    expect((await kv.alarm({ action: ACTIVATE, ...alarm })).alarms).toMatchObject([alarm]);
    expect((await kv.alarm({ action: GET })).alarms).toMatchObject([alarm]);
    expect((await kv.alarm({ action: GET, alarm: CORRUPT })).alarms).toEqual([]);
    expect(await failureOf(put("a"))).toBe("no-space");
    expect((await kv.alarm({ action: DEACTIVATE, ...alarm })).alarms).toMatchObject([alarm]);
    expect((await kv.alarm({ action: DEACTIVATE, ...alarm })).alarms).toEqual([]);
    expect(await failureOf(put("a"))).toBe("ok");
  });

  test("a corrupt cluster takes no writes and still answers reads", async () => {
    await put("a");
    await kv.alarm({ action: ACTIVATE, memberID: 1n, alarm: NOSPACE });
    await kv.alarm({ action: ACTIVATE, memberID: 1n, alarm: CORRUPT });
    const writes = [
      put("b"),
      kv.delete({ key: bytes("a") }),
      kv.txn({ success: [op.delete("a")] }),
      kv.compact(1),
    ];
    for (const write of writes) expect(await failureOf(write)).toBe("corrupt");
    expect((await kv.range(all)).count).toBe(1n);
    expect((await kv.txn({ success: [op.range("a")] })).succeeded).toBe(true);
  });

  test("an alarm of an unknown kind or action changes nothing that matters", async () => {
    const unknown = { action: 9 as pb.AlarmRequest_AlarmAction, memberID: 1n, alarm: NOSPACE };
    expect((await kv.alarm(unknown)).alarms).toEqual([]);
    expect((await kv.alarm({ action: ACTIVATE, memberID: 1n })).alarms).toEqual([]);
    expect(await failureOf(put("a"))).toBe("ok");
  });

  test("a put that does not fit raises the alarm, whether or not it is a valid put, and is refused", async () => {
    kv.member.statusQuotaBytes = 5000;
    const one = kv.put({ key: bytes("a"), value: new Uint8Array(5000 - 4096 - 256 - 2) });
    expect(await failureOf(one)).toBe("ok");
    expect(await failureOf(kv.put({ value: new Uint8Array(1000) }))).toBe("no-space");
    expect(kv.member.alarms.list()).toEqual([{ memberId: kv.member.memberId, type: NOSPACE }]);
    const entryCount = kv.member.entries.length;
    expect(await failureOf(put("a", "x".repeat(1000)))).toBe("no-space");
    expect(kv.member.entries.length).toBe(entryCount);
    expect(await failureOf(kv.delete({ key: bytes("a") }))).toBe("ok");
  });

  test("a put that stopped fitting on its way is written all the same, and refused", async () => {
    kv.member.statusQuotaBytes = 5000;
    const late = put("a", "1");
    kv.member.sizeBytes = 5000;
    expect(await failureOf(late)).toBe("no-space");
    expect(kv.member.alarms.list().length).toBe(1);
    expect((await kv.range({ key: bytes("a") })).count).toBe(1n);
  });
});
