/**
 * Whatever the transaction looks like and however large it is: the check agrees with one that follows the rule of
 * kv-watch-lease 4.6 to the letter, and is through with the largest requests that are let in.
 */
import { decodeTxn, type OpNode } from "@quorate/machine";
import { create, etcdserverpb as pb, toBinary, type MessageInitShape } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { KvClient, failureOf, op } from "../testing/kv-client.js";
import { checkDuplicateKeys } from "./check-duplicate-keys.js";
import { slowlyCheckDuplicateKeys } from "./testing/slow-duplicate-keys.js";

type Op = MessageInitShape<typeof pb.RequestOpSchema>;

function decodeOps(success: Op[]): readonly OpNode[] {
  const message = toBinary(pb.TxnRequestSchema, create(pb.TxnRequestSchema, { success }));
  return decodeTxn(message, 0, message.length).success;
}

describe("random transactions", () => {
  const KEYS = [
    "a",
    "aa",
    "b",
    "ba",
    "bb",
    "c",
    "d",
    "\0",
    "\xff",
    "a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffz",
  ];

  function randomOps(prng: Prng, depth: number, keys: readonly string[]): Op[] {
    const pick = (): string => keys[prng.below(keys.length)] as string;
    return Array.from({ length: prng.below(5) }, () => {
      const kind = prng.below(depth === 0 ? 4 : 8);
      if (kind === 0) return op.put(pick());
      if (kind === 1) return op.delete(pick());
      if (kind === 2) return op.delete(pick(), prng.chance(0.2) ? "\0" : pick());
      if (kind === 3) return op.range(pick());
      const success = randomOps(prng, depth - 1, keys);
      return op.txn({ success, failure: randomOps(prng, depth - 1, keys) });
    });
  }

  // Few keys make duplicates likely, many make them rare: both answers come often.
  test.each([
    [1, 4],
    [2, 11],
    [3, 60],
    [4, 300],
  ])("seed %i, %i keys", (seed, keyCount) => {
    const prng = new Prng(seed);
    const more = Array.from({ length: 300 }, (_, i) => `k${String(i)}`);
    const keys = [...KEYS, ...more].slice(0, keyCount);
    const answers = { ok: 0, duplicate: 0 };
    for (let round = 0; round < 4000; round++) {
      const ops = decodeOps(randomOps(prng, prng.below(5), keys));
      const expected = slowlyCheckDuplicateKeys(ops);
      if (checkDuplicateKeys(ops) !== expected) expect(ops).toBe(expected);
      answers[expected === undefined ? "ok" : "duplicate"] += 1;
    }
    expect(Math.min(answers.ok, answers.duplicate)).toBeGreaterThan(100);
  });
});

describe("the largest transactions", () => {
  /** 44 x 40 branches of 40 deletes and 40 puts: what the limit of operations and that of bytes let in. */
  function wide(leaf: (number: number) => { success: Op[]; failure: Op[] }): Op[] {
    let number = 0;
    return Array.from({ length: 44 }, () =>
      op.txn({ success: Array.from({ length: 40 }, () => op.txn(leaf(number++))) }),
    );
  }

  const forty = (make: (i: number) => Op): Op[] => Array.from({ length: 40 }, (_, i) => make(i));

  test("140 000 deletes pass", async () => {
    const same = forty(() => op.delete("a"));
    const kv = await KvClient.create();
    expect(await failureOf(kv.txn({ success: wide(() => ({ success: same, failure: same })) }))).toBe("ok");
  });

  test("70 000 intervals, each with a put next to it in the other branch", () => {
    const keyOf = (number: number): string =>
      String.fromCharCode(1 + (number >> 14), 1 + ((number >> 7) & 127), 1 + (number & 127));
    const ops = (shift: number): readonly OpNode[] =>
      decodeOps(
        wide((number) => ({
          success: forty((i) => op.delete(keyOf(number * 40 + i), keyOf(number * 40 + i + 1))),
          failure: forty((i) => op.put(keyOf(number * 40 + i + (number === 1759 && i === 39 ? shift : 0)))),
        })),
      );
    expect(checkDuplicateKeys(ops(0))).toBeUndefined();
    expect(checkDuplicateKeys(ops(-40))).toBe("duplicate-key");
  });

  test("200 000 intervals in one list, next to a put that is in none of them or in all", () => {
    const deletes = op.txn({ success: new Array<Op>(200_000).fill(op.delete("a", "b")) });
    expect(checkDuplicateKeys(decodeOps([deletes, op.put("b")]))).toBeUndefined();
    expect(checkDuplicateKeys(decodeOps([deletes, op.put("a")]))).toBe("duplicate-key");
  });

  test("24 000 deletes, then as many puts, 60 levels down", () => {
    const spread = (make: (i: number) => Op): Op[] =>
      Array.from({ length: 600 }, (_, i) => op.txn({ success: forty((j) => make(i * 40 + j)) }));
    let ops = [
      op.txn({ success: spread((i) => op.delete(`d${String(i)}`)) }),
      op.txn({ success: spread((i) => op.put(`p${String(i)}`)) }),
    ];
    for (let level = 0; level < 60; level++) ops = [op.txn({ success: ops })];
    expect(checkDuplicateKeys(decodeOps(ops))).toBeUndefined();
  });
});
