import { describe, expect, test } from "vitest";
import { bytes, json } from "../codec/codec.js";
import { CompactedError, QuorateError } from "../errors/errors.js";
import { onBothServers } from "../testing/both-servers.js";
import { exists, missing, modRevision, value, version, type Condition } from "../txn/conditions.js";
import { get, getAll, put, remove } from "../txn/operations.js";

onBothServers((bench) => {
  describe("keys", () => {
    test("are written, read, overwritten and deleted", async () => {
      const { client } = bench;
      const first = await client.put("kv/a", "1");
      expect(await client.get("kv/a")).toEqual({
        key: "kv/a",
        keyBytes: new TextEncoder().encode("kv/a"),
        value: "1",
        valueBytes: new TextEncoder().encode("1"),
        createRevision: first.revision,
        modRevision: first.revision,
        version: 1n,
        lease: 0n,
      });
      const second = await client.put("kv/a", "2", { previous: true });
      expect(second.previous?.value).toBe("1");
      expect(second.revision).toBe(first.revision + 1n);
      expect(await client.get("kv/a", { revision: first.revision })).toMatchObject({ value: "1" });
      const gone = await client.delete("kv/a", { previous: true });
      expect(gone).toMatchObject({ deleted: 1, previous: [{ key: "kv/a", value: "2", version: 2n }] });
      expect(await client.get("kv/a")).toBeUndefined();
      expect(await client.delete("kv/a")).toMatchObject({ deleted: 0, previous: [] });
    });

    test("hold text, bytes and JSON", async () => {
      const { client } = bench;
      await client.put("codec/text", "grüße");
      await client.put("codec/bytes", Uint8Array.of(0, 255));
      await client.put("codec/json", { n: 1 }, { as: json<{ n: number }>() });
      expect((await client.get("codec/text"))?.value).toBe("grüße");
      expect((await client.get("codec/bytes", { as: bytes }))?.value).toEqual(Uint8Array.of(0, 255));
      expect((await client.get("codec/json", { as: json<{ n: number }>() }))?.value.n).toBe(1);
      await expect(client.put("codec/no", { n: 1 } as never)).rejects.toThrow(TypeError);
    });

    test("of a range come in order, limited, counted, sorted", async () => {
      const { client } = bench;
      for (const letter of ["c", "a", "b"]) await client.put(`range/${letter}`, letter);
      await client.put("range0", "behind");
      const all = await client.getAll({ prefix: "range/" });
      expect(all.items.map((pair) => pair.value)).toEqual(["a", "b", "c"]);
      expect(all).toMatchObject({ more: false, count: 3 });
      const two = await client.getAll({ prefix: "range/" }, { limit: 2, descending: true, sortBy: "key" });
      expect(two.items.map((pair) => pair.value)).toEqual(["c", "b"]);
      expect(two).toMatchObject({ more: true, count: 3 });
      expect(await client.count({ from: "range/b", to: "range0" })).toBe(2);
      const keys = await client.keys({ from: "range/b" }, { limit: 1 });
      expect(keys.items[0]).toMatchObject({ key: "range/b", version: 1n });
      expect(keys.items[0]).not.toHaveProperty("value");
    });

    test("of a large range are scanned as of one revision", async () => {
      const { client } = bench;
      const written = Array.from({ length: 250 }, (_, i) => `scan/${String(i).padStart(4, "0")}`);
      for (const key of written) await client.put(key, key);
      const seen: string[] = [];
      for await (const { key } of client.scan({ prefix: "scan/" }, { pageSize: 40 })) {
        // What is written meanwhile is not in it.
        if (seen.length === 10) await client.put("scan/zzz", "late");
        seen.push(key);
      }
      expect(seen).toEqual(written);
    });

    test("that make no sense are refused before they are sent, others by the server", async () => {
      const { client } = bench;
      await expect(client.put("", "x")).rejects.toThrow(TypeError);
      await expect(client.getAll({ prefix: "a" }, { limit: -1 })).rejects.toThrow(RangeError);
      const error: unknown = await client
        .put("big", "x".repeat(1_700_000))
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(QuorateError);
      expect(error).toMatchObject({ reason: "request-too-large", retry: "none" });
    });

    test("of a compacted revision are an error of its own", async () => {
      const { client } = bench;
      const { revision } = await client.put("compact/a", "1");
      await client.put("compact/a", "2");
      await client.compact(revision + 1n);
      await client
        .compact(revision + 1n)
        .catch((error: unknown) => expect(error).toBeInstanceOf(CompactedError));
      await expect(client.get("compact/a", { revision })).rejects.toThrow(CompactedError);
    });
  });

  describe("transactions", () => {
    test("take one branch and give its results", async () => {
      const { client } = bench;
      const transfer = client
        .txn()
        .if(missing("txn/a"))
        .do(put("txn/a", "1"), getAll({ prefix: "txn/" }))
        .else(get("txn/a"));
      const first = await transfer.commit();
      expect(first.succeeded).toBe(true);
      if (first.succeeded) expect(first.results[1].items.map(({ key }) => key)).toEqual(["txn/a"]);
      const second = await transfer.commit();
      expect(second.succeeded).toBe(false);
      if (!second.succeeded) expect(second.results[0]?.value).toBe("1");
    });

    test("compare values, versions and revisions", async () => {
      const { client } = bench;
      const { revision } = await client.put("cmp/a", "5");
      const holds = async (...conditions: Condition[]): Promise<boolean> =>
        (
          await client
            .txn()
            .if(...conditions)
            .commit()
        ).succeeded;
      expect(await holds(value("cmp/a").equals("5"), version("cmp/a").equals(1n), exists("cmp/a"))).toBe(
        true,
      );
      expect(await holds(modRevision("cmp/a").equals(revision))).toBe(true);
      expect(await holds(value("cmp/a").above("6"))).toBe(false);
      expect(await holds(missing({ prefix: "cmp/none" }))).toBe(true);
    });

    test("nest, and delete", async () => {
      const { client } = bench;
      await client.put("nest/a", "1");
      const inner = client
        .txn()
        .if(value("nest/a").equals("1"))
        .do(remove("nest/a", { previous: true }));
      const outer = await client.txn().do(put("nest/b", "2"), inner.nested()).commit();
      expect(outer.succeeded).toBe(true);
      if (!outer.succeeded) return;
      const [, nested] = outer.results;
      expect(nested.succeeded).toBe(true);
      if (nested.succeeded) expect(nested.results[0].previous[0]?.value).toBe("1");
      expect(await client.count({ prefix: "nest/" })).toBe(1);
    });

    test("that write a key twice are refused", async () => {
      const twice = bench.client.txn().do(put("dup", "1"), put("dup", "2"));
      await expect(twice.commit()).rejects.toMatchObject({ reason: "duplicate-key" });
    });
  });

  describe("a namespace", () => {
    test("adds its prefix and takes it away again", async () => {
      const { client } = bench;
      const below = client.namespace("ns/").namespace("deep/");
      await below.put("a", "1");
      await client.put("ns/other", "2");
      expect((await client.get("ns/deep/a"))?.value).toBe("1");
      expect((await below.getAll({ prefix: "" })).items.map(({ key }) => key)).toEqual(["a"]);
      expect(await below.count({ from: "" })).toBe(1);
      const result = await below.txn().if(exists("a")).do(get("a"), remove("a")).commit();
      expect(result.succeeded).toBe(true);
      expect(await client.get("ns/deep/a")).toBeUndefined();
    });
  });

  describe("calls", () => {
    test("end with the signal's reason", async () => {
      const reason = new Error("enough");
      await expect(bench.client.get("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    test("end when the client is closed", async () => {
      const client = bench.connect();
      await client.get("a");
      client.close();
      await expect(client.get("a")).rejects.toMatchObject({ name: "ClosedError" });
    });
  });
});
