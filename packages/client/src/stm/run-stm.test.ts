import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keyBytes } from "../kv/key-range.js";
import { describeOnBoth, type BenchClient, type Target } from "../testing/bench.js";
import { StmConflictError, type Isolation, type StmOptions, type StmOutcome } from "./stm-options.js";
import type { StmTransaction } from "./transaction.js";

const KV = etcdserverpb.KV.method;
const text = { encode: keyBytes, decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes) };
const numbers = {
  encode: (value: number) => keyBytes(String(value)),
  decode: (bytes: Uint8Array) => Number(new TextDecoder().decode(bytes)),
};
const ISOLATIONS: readonly Isolation[] = [
  "serializable-snapshot",
  "serializable",
  "repeatable-reads",
  "read-committed",
];

describeOnBoth((start, openClient) => {
  let target: Target;
  let client: BenchClient;

  beforeAll(async () => {
    target = await start();
    client = openClient(target.endpoint);
  });

  afterAll(async () => {
    client.close();
    await target.stop();
  });

  const put = async (key: string, value: string): Promise<bigint> => {
    const request = { key: keyBytes(key), value: keyBytes(value) };
    return (await client.calls.unary(KV.put, request, { safety: "write" })).header?.revision ?? 0n;
  };
  const get = async (key: string): Promise<string | undefined> => {
    const { kvs } = await client.calls.unary(KV.range, { key: keyBytes(key) }, { safety: "read" });
    return kvs[0] && text.decode(kvs[0].value);
  };
  const stm = <T>(
    body: (tx: StmTransaction<string>) => Promise<T>,
    options?: StmOptions,
  ): Promise<StmOutcome<T>> => client.stm(body, options);

  test.each(["serializable-snapshot", "serializable", "repeatable-reads"] as const)(
    "money is neither made nor lost (%s, 10 transfers at a time)",
    async (isolation) => {
      const accounts = Array.from({ length: 5 }, (_, place) => `${isolation} account ${place}`);
      for (const account of accounts) await put(account, "100");
      const transfer = async (_: unknown, number: number): Promise<void> => {
        const [from = "", to = ""] = [accounts[number % 5], accounts[(number * 3 + 1) % 5]];
        if (from === to) return;
        await client.stm(
          async (tx) => {
            const [a = 0, b = 0] = await tx.getAll([from, to]);
            tx.put(from, a - 7);
            tx.put(to, b + 7);
          },
          { isolation, as: numbers },
        );
      };
      await Promise.all(Array.from({ length: 10 }, transfer));
      const sums = await Promise.all(accounts.map(async (account) => Number(await get(account))));
      expect(sums.reduce((sum, each) => sum + each)).toBe(500);
    },
  );

  test.each(ISOLATIONS)(
    "writes are read back before the commit, and only then by others (%s)",
    async (isolation) => {
      const [a, b] = [`${isolation} a`, `${isolation} b`];
      await put(b, "old");
      const outcome = await stm(
        async (tx) => {
          expect(await tx.get(a)).toBeUndefined();
          tx.put(a, "1");
          tx.delete(b);
          expect(await tx.getAll([a, b])).toEqual(["1", undefined]);
          expect([await tx.has(a), await tx.has(b)]).toEqual([true, false]);
          expect(await get(a)).toBeUndefined();
          return "done";
        },
        { isolation },
      );
      expect(outcome).toMatchObject({ result: "done", attempts: 1 });
      expect([await get(a), await get(b)]).toEqual(["1", undefined]);
    },
  );

  test.each([
    ["serializable-snapshot", 2],
    ["serializable", 2],
    ["repeatable-reads", 2],
    ["read-committed", 1],
  ] as const)("a key that was read and changed since (%s: %i attempts)", async (isolation, attempts) => {
    const key = `${isolation} changed`;
    await put(key, "0");
    const outcome = await stm(
      async (tx) => {
        const value = await tx.get(key);
        if (tx.attempt === 1) await put(key, "5");
        tx.put(key, `${value}+1`);
      },
      { isolation },
    );
    expect(outcome.attempts).toBe(attempts);
    expect(await get(key)).toBe(attempts === 1 ? "0+1" : "5+1");
  });

  test.each([
    ["serializable-snapshot", 2],
    ["serializable", 1],
    ["repeatable-reads", 1],
  ] as const)(
    "a key that was only written and changed since (%s: %i attempts)",
    async (isolation, attempts) => {
      const [read, written] = [`${isolation} read`, `${isolation} written`];
      const outcome = await stm(
        async (tx) => {
          await tx.get(read);
          if (tx.attempt === 1) await put(written, "theirs");
          tx.put(written, "mine");
        },
        { isolation },
      );
      expect(outcome.attempts).toBe(attempts);
      expect(await get(written)).toBe("mine");
    },
  );

  test.each([
    ["serializable-snapshot", "old"],
    ["serializable", "old"],
    ["repeatable-reads", "new"],
    ["read-committed", "new"],
  ] as const)("a second key is read as it was at the first read (%s: %s)", async (isolation, expected) => {
    const [first, second] = [`${isolation} first`, `${isolation} second`];
    await put(first, "old");
    await put(second, "old");
    const { result } = await stm(
      async (tx) => {
        await tx.get(first);
        if (tx.attempt === 1) await put(second, "new");
        return tx.get(second);
      },
      { isolation, attemptsMax: 1 },
    );
    expect(result).toBe(expected);
  });

  test("reads at the same time are of one revision", async () => {
    const keys = Array.from({ length: 8 }, (_, place) => `together ${place}`);
    const write = async (round: number): Promise<void> => {
      const success = keys.map((key) => ({
        request: {
          case: "requestPut" as const,
          value: { key: keyBytes(key), value: keyBytes(String(round)) },
        },
      }));
      await client.calls.unary(KV.txn, { success }, { safety: "write" });
    };
    await write(0);
    let round = 1;
    for (let time = 0; time < 20; time += 1) {
      const writing = write(round++);
      const { result } = await stm((tx) => Promise.all(keys.map((key) => tx.get(key))));
      expect(new Set(result).size).toBe(1);
      await writing;
    }
  });

  test("more keys than fit one request are of one revision too, and come in one attempt", async () => {
    const keys = Array.from({ length: 300 }, (_, place) => `many ${place}`);
    await put("many 299", "there");
    const { result, attempts } = await stm((tx) => tx.getAll(keys));
    expect(result.filter((value) => value !== undefined)).toEqual(["there"]);
    expect(attempts).toBe(1);
  });

  test("what was prefetched is not asked for again", async () => {
    await put("prefetched", "x");
    let calls = 0;
    const unary = client.calls.unary.bind(client.calls);
    client.calls.unary = (...args) => {
      calls += 1;
      return unary(...args);
    };
    try {
      const { result } = await stm(
        async (tx) => [await tx.get("prefetched"), await tx.get("prefetched too")],
        {
          prefetch: ["prefetched", "prefetched too"],
        },
      );
      expect(result).toEqual(["x", undefined]);
      expect(calls).toBe(1);
    } finally {
      client.calls.unary = unary;
    }
  });

  test("what the function throws ends it, with nothing written", async () => {
    const body = (tx: StmTransaction<string>): Promise<void> => {
      tx.put("thrown", "x");
      return Promise.reject(new Error("no"));
    };
    await expect(stm(body)).rejects.toThrow("no");
    expect(await get("thrown")).toBeUndefined();
  });

  test("a write that comes after the end of its function is refused, and not lost in silence", async () => {
    let late = (): void => undefined;
    await stm((tx) => {
      late = () => tx.put("late", "x");
      return Promise.resolve();
    });
    expect(late).toThrow("a write after the end of its transaction");
    expect(await get("late")).toBeUndefined();
  });

  test("attempts are limited, and a signal ends them", async () => {
    const contended = async (tx: StmTransaction<string>): Promise<void> => {
      const value = await tx.get("contended");
      await put("contended", `${value}.`);
      tx.put("contended", "never");
    };
    await expect(stm(contended, { attemptsMax: 3 })).rejects.toThrow(StmConflictError);
    expect(await get("contended")).toBe("undefined...");
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("given up")), 50);
    await expect(stm(contended, { signal: controller.signal })).rejects.toThrow("given up");
  });

  test("a snapshot that is compacted away begins anew", async () => {
    await put("compacted", "1");
    const { result, attempts } = await stm(async (tx) => {
      await tx.get("compacted");
      if (tx.attempt === 1) {
        const revision = await put("compacted", "2");
        await client.calls.unary(KV.compact, { revision }, { safety: "write" });
      }
      await tx.get("compacted too");
      return tx.get("compacted");
    });
    expect([result, attempts]).toEqual(["2", 2]);
  });

  test("revisions and views of other types are of the same transaction", async () => {
    const revision = await put("typed", "41");
    const { result } = await stm(async (tx) => {
      const view = tx.as(numbers);
      const value = (await view.get("typed")) ?? 0;
      view.put("typed", value + 1);
      return [await tx.revisionOf("typed"), await tx.revisionOf("typed not"), await tx.get("typed")];
    });
    expect(result).toEqual([revision, 0n, "42"]);
    expect(await get("typed")).toBe("42");
  });

  test("a put under a lease goes with it", async () => {
    await using lease = await client.leases.grant(30);
    await stm((tx) => Promise.resolve(tx.put("leased", "x", { lease })));
    expect(await get("leased")).toBe("x");
    await lease.revoke();
    expect(await get("leased")).toBeUndefined();
  });
});
