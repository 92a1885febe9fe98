/** What requests about keys need, where they are applied. Rule numbers are those of operations 13. */
import { authpb, create, etcdserverpb as pb, type MessageInitShape } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { beforeEach, describe, expect, test } from "vitest";
import { PERMISSION_READ, PERMISSION_READWRITE, PERMISSION_WRITE, type Permission } from "./permission.js";
import { AuthBench, NOBODY_ASKS, ROOT, latin1, textOf, type Request } from "./testing/auth-bench.js";

const { READ, WRITE, READWRITE } = authpb.Permission_Type;

let bench: AuthBench;
beforeEach(async () => {
  bench = await AuthBench.create();
});

const permission = (
  key: string,
  rangeEnd: string,
  permType: authpb.Permission_Type,
): MessageInitShape<typeof authpb.PermissionSchema> => ({
  key: latin1(key),
  rangeEnd: latin1(rangeEnd),
  permType,
});
const alice = { user: "alice" };

type Op = MessageInitShape<typeof pb.RequestOpSchema>;
const op = {
  put: (key: string, more: MessageInitShape<typeof pb.PutRequestSchema> = {}): Op => ({
    request: { case: "requestPut", value: create(pb.PutRequestSchema, { key: latin1(key), ...more }) },
  }),
  range: (key: string, rangeEnd = ""): Op => ({
    request: {
      case: "requestRange",
      value: create(pb.RangeRequestSchema, { key: latin1(key), rangeEnd: latin1(rangeEnd) }),
    },
  }),
  delete: (key: string, rangeEnd = "", prevKv = false): Op => ({
    request: {
      case: "requestDeleteRange",
      value: create(pb.DeleteRangeRequestSchema, { key: latin1(key), rangeEnd: latin1(rangeEnd), prevKv }),
    },
  }),
  txn: (txn: MessageInitShape<typeof pb.TxnRequestSchema>): Op => ({
    request: { case: "requestTxn", value: create(pb.TxnRequestSchema, txn) },
  }),
};
const put = (key: string, more: MessageInitShape<typeof pb.PutRequestSchema> = {}): Request => ({
  put: { key: latin1(key), ...more },
});
const compare = (key: string, rangeEnd = ""): MessageInitShape<typeof pb.CompareSchema> => ({
  key: latin1(key),
  rangeEnd: latin1(rangeEnd),
  targetUnion: { case: "version", value: 0n },
});

describe("identity", () => {
  beforeEach(() => bench.enable({ alice: [permission("a", "b", READWRITE)] }));

  test("nobody, an old revision, a user that is gone, a key that is not granted: in this order", async () => {
    expect(await bench.verdict(put("x"), NOBODY_ASKS)).toBe("user-empty");
    expect(await bench.verdict(put("a"), { user: "alice", revision: 1 })).toBe("auth-old-revision");
    expect(await bench.verdict(put("a"), { user: "root", revision: 1 })).toBe("auth-old-revision");
    expect(await bench.verdict(put("a"), { user: "ghost" })).toBe("permission-denied");
    expect(await bench.verdict(put("x"), alice)).toBe("permission-denied");
    expect(await bench.verdict(put("a"), alice)).toBe("ok");
    expect(await bench.verdict(put("x"), ROOT)).toBe("ok");
  });

  test("one change later, what was proposed before is old", async () => {
    const { revision } = bench.auth;
    await bench.apply({ authRoleAdd: { name: "other" } });
    expect(await bench.verdict(put("a"), { user: "alice", revision })).toBe("auth-old-revision");
  });

  test("rule 44: a role that was taken back counts no more, with the next entry", async () => {
    await bench.apply({ authUserRevokeRole: { name: "alice", role: "alice" } });
    expect(await bench.verdict(put("a"), alice)).toBe("permission-denied");
  });

  test("rule 55: what is refused moves the consistent index and nothing else", async () => {
    const { revision } = bench.store;
    await bench.apply(put("x"), alice);
    expect([bench.store.consistentIndex, bench.store.revision]).toEqual([bench.index, revision]);
    await bench.restart();
    expect(bench.store.consistentIndex).toBe(bench.index);
  });

  test("once it is off, nobody is asked", async () => {
    await bench.apply({ authDisable: {} });
    expect(await bench.verdict(put("x"), NOBODY_ASKS)).toBe("ok");
  });
});

describe("puts, deletes and transactions", () => {
  beforeEach(() =>
    bench.enable({
      alice: [permission("r", "s", READ), permission("w", "x", WRITE), permission("b", "c", READWRITE)],
    }),
  );

  test("rule 40: the pair before needs the right to read", async () => {
    expect(await bench.verdict(put("w"), alice)).toBe("ok");
    expect(await bench.verdict(put("w", { prevKv: true }), alice)).toBe("permission-denied");
    expect(await bench.verdict(put("b", { prevKv: true }), alice)).toBe("ok");
    const remove = (key: string, prevKv: boolean): Request => ({ deleteRange: { key: latin1(key), prevKv } });
    expect(await bench.verdict(remove("w", false), alice)).toBe("ok");
    expect(await bench.verdict(remove("w", true), alice)).toBe("permission-denied");
    expect(await bench.verdict(remove("r", false), alice)).toBe("permission-denied");
  });

  test("a delete needs the whole interval", async () => {
    const remove = (key: string, rangeEnd: string): Request => ({
      deleteRange: { key: latin1(key), rangeEnd: latin1(rangeEnd) },
    });
    expect(await bench.verdict(remove("w", "x"), alice)).toBe("ok");
    expect(await bench.verdict(remove("w", "x\0"), alice)).toBe("permission-denied");
    expect(await bench.verdict(remove("w", "\0"), alice)).toBe("permission-denied");
  });

  const denied: [string, MessageInitShape<typeof pb.TxnRequestSchema>][] = [
    ["a compare", { compare: [compare("w")], success: [op.put("w")] }],
    ["a compare of an interval", { compare: [compare("r", "t")], success: [op.put("w")] }],
    ["a range of the branch that runs", { success: [op.put("w"), op.range("w")] }],
    [
      "rule 39: a range of the branch that does not run",
      { success: [op.put("w")], failure: [op.range("w")] },
    ],
    ["a put", { success: [op.put("r")] }],
    ["a put that asks for the pair before", { success: [op.put("w", { prevKv: true })] }],
    ["a delete", { success: [op.delete("w", "y")] }],
    ["a delete that asks for the pairs before", { success: [op.delete("w", "x", true)] }],
    ["an operation of a nested transaction", { success: [op.txn({ success: [op.range("x")] })] }],
    ["one nested in the branch that does not run", { failure: [op.txn({ failure: [op.put("r")] })] }],
    [
      "a compare three levels down",
      { success: [op.txn({ failure: [op.txn({ compare: [compare("w")], success: [op.put("w")] })] })] },
    ],
  ];

  test.each(denied)("a transaction is refused for %s", async (_name, txn) => {
    expect(await bench.verdict({ txn }, alice)).toBe("permission-denied");
    expect(bench.store.revision).toBe(1);
    expect(await bench.verdict({ txn }, ROOT)).toBe("ok");
  });

  test("one whose every part is granted runs", async () => {
    const txn = {
      compare: [compare("r", "s"), compare("b")],
      success: [op.put("w"), op.range("r", "s"), op.txn({ success: [op.delete("b", "c", true)] })],
      failure: [op.put("b", { prevKv: true })],
    };
    expect(await bench.verdict({ txn }, alice)).toBe("ok");
    expect(bench.store.revision).toBe(2);
  });
});

describe("leases", () => {
  const grant = (id: bigint): Promise<string> => bench.verdict({ leaseGrant: { ID: id, TTL: 60n } });
  const revoke = (id: bigint): Request => ({ leaseRevoke: { ID: id } });

  beforeEach(async () => {
    await bench.enable({ alice: [permission("a", "c", WRITE), permission("c", "e", WRITE)] });
    await grant(1n);
    await grant(2n);
    for (const key of ["a", "bb", "cc", "d\xff"]) await bench.apply(put(key, { lease: 1n }));
  });

  test("rule 41: a key joins only keys that its writer could write, and they go only together", async () => {
    expect(await bench.verdict(put("b", { lease: 1n }), alice)).toBe("ok");
    await bench.apply(put("x", { lease: 1n }));
    expect(await bench.verdict(put("b2", { lease: 1n }), alice)).toBe("permission-denied");
    expect(await bench.verdict({ txn: { failure: [op.put("b2", { lease: 1n })] } }, alice)).toBe(
      "permission-denied",
    );
    expect(await bench.verdict(revoke(1n), alice)).toBe("permission-denied");
    expect(bench.lessor.exists(1n)).toBe(true);
    expect(await bench.verdict(revoke(1n), ROOT)).toBe("ok");
  });

  test("a key at the very end of what is granted is looked at", async () => {
    await bench.apply(put("e", { lease: 1n }));
    expect(await bench.verdict(revoke(1n), alice)).toBe("permission-denied");
  });

  test("the writer of all keys revokes; a lease without keys goes for anybody, an unknown one is unknown", async () => {
    expect(await bench.verdict(revoke(1n), alice)).toBe("ok");
    expect(await bench.verdict(revoke(2n), NOBODY_ASKS)).toBe("ok");
    expect(await bench.verdict(revoke(3n), alice)).toBe("lease-not-found");
    expect(await bench.verdict(put("b", { lease: 3n }), alice)).toBe("lease-not-found");
    expect(await bench.verdict(put("x", { lease: 3n }), alice)).toBe("permission-denied");
  });

  test("keys are asked after once for each interval that is granted", async () => {
    for (let i = 0; i < 500; i++) await bench.apply(put(`b${i}`, { lease: 2n }));
    let asked = 0;
    const verdict = bench.auth.checkKeys(
      { user: "alice", revision: bench.auth.revision },
      "write",
      (from) => {
        asked += 1;
        return bench.lessor.keyFrom(2n, from);
      },
    );
    expect([verdict, asked]).toEqual([undefined, 2]);
  });
});

test("random requests are refused exactly when one of their parts alone would be", async () => {
  const keys = ["a", "b", "c", "d", "e"];
  const prng = new Prng(7);
  const randomEnd = (key: string): string => {
    const end = prng.pick(["", "", "\0", ...keys]);
    return end !== "" && end !== "\0" && end <= key ? "" : end;
  };
  const randomOp = (depth: number): Op => {
    const key = prng.pick(keys);
    const kind = prng.below(depth > 2 ? 3 : 4);
    if (kind === 0) return op.put(key, { prevKv: prng.chance(0.3) });
    if (kind === 1) return op.range(key, randomEnd(key));
    if (kind === 2) return op.delete(key, randomEnd(key), prng.chance(0.3));
    return op.txn(randomTxn(depth + 1));
  };
  const randomTxn = (depth: number): MessageInitShape<typeof pb.TxnRequestSchema> => ({
    compare: Array.from({ length: prng.below(2) }, () => {
      const key = prng.pick(keys);
      return compare(key, randomEnd(key));
    }),
    success: Array.from({ length: prng.below(3) }, () => randomOp(depth)),
    failure: Array.from({ length: prng.below(2) }, () => randomOp(depth)),
  });
  for (let round = 0; round < 25; round++) {
    bench = await AuthBench.create();
    const wishes = Array.from({ length: prng.below(6) }, () => {
      const key = prng.pick(keys);
      return permission(key, randomEnd(key), prng.pick([READ, WRITE, READWRITE]));
    });
    await bench.enable({ alice: wishes });
    // A range that came twice has the type that came last.
    const permissions = bench.auth.role("alice")?.permissions ?? [];
    for (let i = 0; i < 20; i++) {
      const txn = create(pb.TxnRequestSchema, randomTxn(0));
      const parts = needsOf(txn).map(({ key, rangeEnd, need }) => permits(permissions, need, key, rangeEnd));
      const { refusal } = await bench.apply({ txn }, alice);
      expect(refusal === "permission-denied").toBe(parts.includes(false));
    }
  }
});

interface Need {
  readonly key: string;
  readonly rangeEnd: string;
  readonly need: "read" | "write";
}

/** All that a transaction touches, one by one. */
function needsOf(txn: pb.TxnRequest): Need[] {
  const needs: Need[] = txn.compare.map((each) => needOf(each, "read"));
  for (const { request } of [...txn.success, ...txn.failure]) {
    if (request.case === "requestTxn") needs.push(...needsOf(request.value));
    else if (request.case === "requestRange") needs.push(needOf(request.value, "read"));
    else if (request.case !== undefined) {
      const value = request.case === "requestPut" ? { key: request.value.key } : request.value;
      needs.push(needOf(value, "write"));
      if (request.value.prevKv) needs.push(needOf(value, "read"));
    }
  }
  return needs;
}

function needOf(
  { key, rangeEnd }: { readonly key: Uint8Array; readonly rangeEnd?: Uint8Array },
  need: "read" | "write",
): Need {
  return { key: textOf(key), rangeEnd: textOf(rangeEnd ?? new Uint8Array(0)), need };
}

/** Looks at every place between single letters: permissions and requests have no others. */
function permits(
  permissions: readonly Permission[],
  need: "read" | "write",
  key: string,
  rangeEnd: string,
): boolean {
  const places = ["a", "a\0", "b", "b\0", "c", "c\0", "d", "d\0", "e", "e\0", "end"];
  const inside = (place: string, from: string, to: string): boolean => {
    if (place === "end") return to === "\0";
    return place >= from && (to === "" ? place === from : to === "\0" || place < to);
  };
  const granted = (place: string): boolean =>
    permissions.some(
      (each) =>
        (each.type === PERMISSION_READWRITE ||
          each.type === (need === "read" ? PERMISSION_READ : PERMISSION_WRITE)) &&
        inside(place, textOf(each.key), textOf(each.rangeEnd)),
    );
  return places.filter((place) => inside(place, key, rangeEnd)).every(granted);
}
