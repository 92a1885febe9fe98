/** The rules of transactions that are easy to get wrong, by their numbers in the reference (kv-watch-lease 13). */
import { create, etcdserverpb as pb, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { KvClient, bytes, failureOf, op } from "./testing/kv-client.js";

const { EQUAL, GREATER, LESS, NOT_EQUAL } = pb.Compare_CompareResult;
const Target = pb.Compare_CompareTarget;

let kv: KvClient;
beforeEach(async () => {
  kv = await KvClient.create();
});

const all = { key: bytes("\0"), rangeEnd: bytes("\0") };
const put = (key: string, value = ""): Promise<pb.PutResponse> =>
  kv.put({ key: bytes(key), value: bytes(value) });

async function putAll(...keys: string[]): Promise<void> {
  for (const key of keys) await put(key, `value of ${key}`);
}

describe("transactions", () => {
  const compare = (key: string, more: Omit<Partial<pb.Compare>, "$typeName" | "$unknown">): pb.Compare =>
    create(pb.CompareSchema, { key: bytes(key), ...more });

  test("rule 21: an unknown lease matters on the taken branch only", async () => {
    const withLease = op.put("a", "1", { lease: 77n });
    expect((await kv.txn({ failure: [withLease] })).succeeded).toBe(true);
    expect(await failureOf(kv.txn({ success: [op.put("b"), withLease] }))).toBe("lease-not-found");
    expect((await kv.range(all)).count).toBe(0n);
  });

  test("rule 22: a put with a range of the future or of the past fails as a whole", async () => {
    await put("a");
    await kv.compact(2);
    const future = kv.txn({ success: [op.put("b"), op.range("a", { revision: 100n })] });
    expect(await failureOf(future)).toBe("future-revision");
    const compacted = kv.txn({ success: [op.put("b"), op.range("a", { revision: 1n })] });
    expect(await failureOf(compacted)).toBe("compacted");
    // The revision that the put would have is the future as well.
    const own = kv.txn({ success: [op.put("b"), op.range("a", { revision: 3n })] });
    expect(await failureOf(own)).toBe("future-revision");
    expect((await kv.range(all)).count).toBe(1n);
  });

  test("rule 23: deleting a missing key in a transaction keeps the revision", async () => {
    const response = await kv.txn({ success: [op.delete("a")] });
    expect(response.header?.revision).toBe(1n);
    expect(response.responses[0]?.response.value).toMatchObject({ deleted: 0n, header: { revision: 1n } });
  });

  test("rule 24: too many compares, operations or nested transactions", async () => {
    const many = Array.from({ length: 129 }, (_, i) => op.range(`k${String(i)}`));
    const compares = many.map(() => compare("a", {}));
    expect(await failureOf(kv.txn({ compare: compares }))).toBe("too-many-ops");
    expect(await failureOf(kv.txn({ success: many }))).toBe("too-many-ops");
    expect(await failureOf(kv.txn({ failure: many }))).toBe("too-many-ops");
    expect(await failureOf(kv.txn({ success: many.slice(1) }))).toBe("ok");
    const nested = many.map(() => op.txn({}));
    expect(await failureOf(kv.txn({ success: nested }))).toBe("too-many-ops");
    // 128 of them are not too many, but leave nothing to what is in them.
    expect(await failureOf(kv.txn({ success: nested.slice(1) }))).toBe("ok");
    const full = [...nested.slice(2), op.txn({ success: [op.range("a")] })];
    expect(await failureOf(kv.txn({ success: full }))).toBe("too-many-ops");
    // 100 of 128 are used up by the outer transaction: 28 are left for each nested one.
    const outer = (inner: number): Promise<unknown> =>
      kv.txn({ success: [...many.slice(0, 99), op.txn({ success: many.slice(0, inner) })] });
    expect(await failureOf(outer(28))).toBe("ok");
    expect(await failureOf(outer(29))).toBe("too-many-ops");
  });

  test("rule 24: nesting as deep as it gets is refused, not a crash", async () => {
    let nested = op.txn({ success: [op.put("a")] });
    for (let depth = 0; depth < 127; depth++) nested = op.txn({ success: [nested] });
    expect(await failureOf(kv.txn({ success: [nested] }))).toBe("too-many-ops");
    let message: Uint8Array = toBinary(
      pb.TxnRequestSchema,
      create(pb.TxnRequestSchema, { success: [op.put("a")] }),
    );
    for (let depth = 0; depth < 3000; depth++) message = wrapTxn(message);
    const { error } = await kv.transport.call("etcdserverpb.KV/Txn", message);
    expect(error?.message).toBe("etcdserver: too many operations in txn request");
  });

  test("rule 26: compares of values, leases and whole ranges", async () => {
    const holds = async (...compares: pb.Compare[]): Promise<boolean> =>
      (await kv.txn({ compare: compares })).succeeded;
    const value = { case: "value", value: bytes("x") } as const;
    for (const result of [EQUAL, NOT_EQUAL, LESS, GREATER]) {
      const missing = { target: Target.VALUE, result, targetUnion: value };
      expect(await holds(compare("k", missing))).toBe(false);
      expect(await holds(compare("k", { ...missing, rangeEnd: bytes("l") }))).toBe(false);
    }
    await putAll("k/a", "k/b");
    const prefix = { rangeEnd: bytes("k0") };
    const lease = { target: Target.LEASE, targetUnion: { case: "lease", value: 0n } } as const;
    expect(await holds(compare("k/", { ...prefix, ...lease }))).toBe(true);
    const createdBefore = (value: bigint): pb.Compare =>
      compare("k/", {
        ...prefix,
        target: Target.CREATE,
        result: LESS,
        targetUnion: { case: "createRevision", value },
      });
    expect(await holds(createdBefore(4n))).toBe(true);
    expect(await holds(createdBefore(3n))).toBe(false);
    const open = { rangeEnd: bytes("\0"), target: Target.VERSION, result: EQUAL } as const;
    expect(await holds(compare("k/", { ...open, targetUnion: { case: "version", value: 1n } }))).toBe(true);
  });

  test("rule 27: nested compares see the state before, and responses nest along the taken path", async () => {
    await put("a", "old");
    const isOld = compare("a", { target: Target.VALUE, targetUnion: { case: "value", value: bytes("old") } });
    const response = await kv.txn({
      success: [
        op.put("a", "new"),
        op.txn({ compare: [isOld], success: [op.range("a"), op.delete("z")], failure: [op.put("never")] }),
        op.range("a"),
      ],
    });
    const [first, nested, last] = response.responses.map((each) => each.response);
    expect(first).toMatchObject({ case: "responsePut", value: { header: { revision: 3n, clusterId: 0n } } });
    expect(nested).toMatchObject({
      case: "responseTxn",
      value: {
        header: { revision: 0n, clusterId: 0n, memberId: 0n, raftTerm: 0n },
        succeeded: true,
        responses: [
          {
            response: {
              case: "responseRange",
              value: { kvs: [{ value: bytes("new") }], header: { revision: 3n } },
            },
          },
          { response: { case: "responseDeleteRange", value: { deleted: 0n, header: { revision: 3n } } } },
        ],
      },
    });
    expect(last).toMatchObject({ case: "responseRange", value: { count: 1n } });
    expect(response.header).toMatchObject({ revision: 3n, memberId: kv.member.memberId });
  });

  test("rule 28: two puts of one key under one revision count as two versions", async () => {
    await kv.txn({ success: [op.delete("\0", "\0"), op.put("a", "1"), op.txn({ failure: [op.put("b")] })] });
    const entry = create(pb.TxnRequestSchema, { success: [op.put("a", "2"), op.put("a", "3")] });
    // No client gets such a transaction past the checks; a log may hold one all the same.
    const outcome = await proposeUnchecked(entry);
    expect(outcome).toBe(3);
    expect((await kv.range({ key: bytes("a") })).kvs).toMatchObject([{ version: 3n, value: bytes("3") }]);
  });

  test("an operation without a kind, and an empty key anywhere, are refused", async () => {
    expect(await failureOf(kv.txn({ success: [{}] }))).toBe("key-not-found");
    expect(await failureOf(kv.txn({ compare: [compare("", {})], success: [{}] }))).toBe("empty-key");
    expect(await failureOf(kv.txn({ failure: [op.delete("")] }))).toBe("empty-key");
    expect(await failureOf(kv.txn({ failure: [op.txn({ success: [op.range("")] })] }))).toBe("empty-key");
  });

  test("a put that keeps the value of a key deleted before it in the same transaction writes an empty one", async () => {
    await put("a", "1");
    const request = { success: [op.delete("\0", "\0"), op.put("a", "", { ignoreValue: true })] };
    expect((await kv.txn(request)).header?.revision).toBe(3n);
    expect((await kv.range({ key: bytes("a") })).kvs).toMatchObject([
      { value: bytes(""), version: 1n, lease: 0n },
    ]);
  });

  test("read-only transactions ask the quorum unless every range is serializable", async () => {
    await put("a");
    const before = kv.member.readCount;
    await kv.txn({ success: [op.range("a", { serializable: true })] });
    await kv.txn({ compare: [compare("a", {})] });
    expect(kv.member.readCount).toBe(before);
    await kv.txn({ success: [op.range("a", { serializable: true })], failure: [op.range("a")] });
    expect(kv.member.readCount).toBe(before + 1);
    expect(kv.member.entries.length).toBe(1);
    await kv.txn({ success: [op.txn({})] });
    expect(kv.member.entries.length).toBe(2);
  });

  async function proposeUnchecked(txn: pb.TxnRequest): Promise<number> {
    const suffix = kv.member.nextRequestSuffix();
    const header = { ID: (0x694dn << 48n) | BigInt(suffix) };
    const request = create(pb.InternalRaftRequestSchema, { header, txn });
    const entry = toBinary(pb.InternalRaftRequestSchema, request);
    return new Promise((resolve, reject) => {
      kv.member.propose(entry, suffix, {
        onApplied: (outcome) => {
          resolve(outcome.revision);
        },
        onFailed: (failure) => {
          reject(new Error(String(failure)));
        },
      });
    });
  }
});

/** The transaction as the only nested one of another, without a recursive encoder. */
function wrapTxn(txn: Uint8Array): Uint8Array {
  const field = (tag: number, content: Uint8Array): Uint8Array => {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>>= 7) {
      if (rest < 0x80) {
        length.push(rest);
        break;
      }
      length.push((rest & 0x7f) | 0x80);
    }
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  return field(0x12, field(0x22, txn));
}
