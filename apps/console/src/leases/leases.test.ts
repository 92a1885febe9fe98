import { describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";
import { leaseInName } from "./list-contests.js";
import { mapBounded } from "./map-bounded.js";

const app = useConsole();

async function grant(ID: bigint, TTL = 1000n): Promise<bigint> {
  return (await app.lease.leaseGrant({ ID, TTL })).ID;
}
const put = (key: string, value: string, lease = 0n) =>
  app.kv.put({ key: utf8(key), value: utf8(value), lease });

describe("leases", () => {
  it("come in pages by id, with their time and keys", async () => {
    const ids = [11n, 7n, 5n];
    for (const id of ids) await grant(id);
    await put("leased/a", "1", 7n);
    await put("leased/b", "1", 7n);
    const first = await app.console.listLeases({ limit: 2 });
    expect(first).toMatchObject({ total: 3n, next: 7n });
    expect(first.leases.map(({ ID, grantedTTL, keys }) => [ID, grantedTTL, keys.map(text)])).toEqual([
      [5n, 1000n, []],
      [7n, 1000n, ["leased/a", "leased/b"]],
    ]);
    const last = await app.console.listLeases({ limit: 2, cursor: first.next });
    expect(last.leases.map(({ ID }) => ID)).toEqual([11n]);
    expect(last.next).toBe(0n);
    expect((await app.console.listLeases({ cursor: 11n })).leases).toEqual([]);
  });
});

describe("locks and elections", () => {
  it("are keys named after the lease they hang on, by creation", async () => {
    const [a, b] = [await grant(0xabcn), await grant(0x99n)];
    await put("lock/abc", "", a);
    await put("lock/99", "waits", b);
    await put("election/99", "leader", b);
    await put("election/abc0", "not of this lease", b);
    await put("election/zz", "no lease in its name", b);
    await put("election/def", "without lease");
    const { contests, truncated } = await app.console.listContests({});
    expect(truncated).toBe(false);
    expect(
      contests.map(({ name, contenders }) => [
        text(name),
        contenders.map(({ key, lease }) => [text(key?.key), text(key?.value), lease]),
      ]),
    ).toEqual([
      ["election", [["election/99", "leader", b]]],
      [
        "lock",
        [
          ["lock/abc", "", a],
          ["lock/99", "waits", b],
        ],
      ],
    ]);
    const ttls = contests.flatMap(({ contenders }) => contenders.map(({ ttlSeconds }) => ttlSeconds));
    expect(ttls.every((ttl) => ttl > 900n)).toBe(true);
  });

  it("are looked for within a prefix, up to so many keys", async () => {
    const { contests } = await app.console.listContests({ prefix: utf8("lock/") });
    expect(contests.map(({ name }) => text(name))).toEqual(["lock"]);
    expect((await app.console.listContests({ scanMax: 1 })).truncated).toBe(true);
  });

  it("may have ids that are negative as the protocol has them", () => {
    expect(leaseInName(utf8("n/ffffffffffffffff"))).toBe(-1n);
    expect(leaseInName(utf8("n/m/1"))).toBe(1n);
    for (const other of ["/1", "1", "n/", "n/0", "n/00000000000000001", "n/1x"]) {
      expect(leaseInName(utf8(other))).toBeUndefined();
    }
  });
});

describe("a bounded map", () => {
  it("keeps order and never has more under way than allowed", async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([5, 1, 3, 2], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, item));
      running -= 1;
      return item * 10;
    });
    expect([results, most]).toEqual([[50, 10, 30, 20], 2]);
  });

  it("fails with the first failure", async () => {
    const failing = mapBounded([1, 2], 1, (item) => Promise.reject(new Error(`item ${item}`)));
    await expect(failing).rejects.toThrow("item 1");
  });
});
