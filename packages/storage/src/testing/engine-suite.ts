/**
 * What every engine must do: held against RocksDB here and against the memory engine, so that tests on the fast one say
 * something about the real one.
 */
import { Prng } from "@quorate/std";
import type { Engine } from "@quorate/machine";
import { afterEach, describe, expect, test } from "vitest";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString("latin1");

/** @param open gives a new, empty engine each time. */
export function engineSuite(name: string, open: () => Promise<Engine>): void {
  describe(`engine ${name}`, () => {
    const opened: Engine[] = [];
    async function create(): Promise<Engine> {
      const engine = await open();
      opened.push(engine);
      return engine;
    }
    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close();
    });

    async function put(engine: Engine, rows: Record<string, string | undefined>): Promise<void> {
      const values = Object.values(rows).map((value) => (value === undefined ? undefined : bytes(value)));
      await engine.write(Object.keys(rows).map(bytes), values);
    }
    async function all(engine: Engine, from: string, to: string, chunk: number = 3): Promise<string[]> {
      const rows: string[] = [];
      for await (const { keys, values } of engine.scan(bytes(from), bytes(to), chunk)) {
        expect(keys.length).toBe(values.length);
        expect(keys.length).toBeGreaterThan(0);
        expect(keys.length).toBeLessThanOrEqual(chunk);
        for (let i = 0; i < keys.length; i++)
          rows.push(`${text(keys[i]) as string}=${text(values[i]) as string}`);
      }
      return rows;
    }

    test("gives back what was written, in the order asked, undefined where there is nothing", async () => {
      const engine = await create();
      await put(engine, { a: "1", b: "2", c: "3" });
      const found = await engine.getMany([bytes("c"), bytes("x"), bytes("a"), bytes("a")]);
      expect(found.map(text)).toEqual(["3", undefined, "1", "1"]);
      expect(await engine.getMany([])).toEqual([]);
    });

    test("overwrites and deletes, the last of a batch winning", async () => {
      const engine = await create();
      await put(engine, { a: "1", b: "2" });
      await engine.write(
        [bytes("a"), bytes("a"), bytes("b"), bytes("c")],
        [bytes("x"), bytes("y"), undefined, undefined],
      );
      expect(await all(engine, "a", "z")).toEqual(["a=y"]);
    });

    test("keeps empty values apart from missing ones", async () => {
      const engine = await create();
      await put(engine, { a: "" });
      const [empty, missing] = await engine.getMany([bytes("a"), bytes("b")]);
      expect(empty?.length).toBe(0);
      expect(missing).toBeUndefined();
      expect(await all(engine, "a", "b")).toEqual(["a="]);
    });

    test("takes a batch of nothing", async () => {
      const engine = await create();
      await engine.write([], []);
      expect(await all(engine, "a", "z")).toEqual([]);
    });

    test("orders keys as unsigned bytes, prefixes first", async () => {
      const engine = await create();
      const keys = ["\xff", "\x80", "\x7f", "a", "a\x00", "a\x00\x00", "a\x01", "b", "\x00"];
      await put(engine, Object.fromEntries(keys.map((key) => [key, "."])));
      const found = await all(engine, "\x00", "\xff\xff");
      expect(found).toEqual(
        ["\x00", "a", "a\x00", "a\x00\x00", "a\x01", "b", "\x7f", "\x80", "\xff"].map((k) => `${k}=.`),
      );
    });

    test("scans from inclusive to exclusive; an empty range has no rows", async () => {
      const engine = await create();
      await put(engine, { a: "1", b: "2", c: "3", d: "4" });
      expect(await all(engine, "b", "d")).toEqual(["b=2", "c=3"]);
      expect(await all(engine, "b", "b")).toEqual([]);
      expect(await all(engine, "d", "b")).toEqual([]);
      expect(await all(engine, "", "b")).toEqual(["a=1"]);
      expect(await all(engine, "a", "")).toEqual([]);
    });

    test("scans the rows as they were when the scan began", async () => {
      const engine = await create();
      const keys = Array.from({ length: 2000 }, (_, i) => bytes(`k${String(i).padStart(5, "0")}`));
      await engine.write(keys, keys);
      let count = 0;
      for await (const chunk of engine.scan(bytes("k"), bytes("l"), 100)) {
        if (count === 0) {
          await engine.write(
            keys,
            keys.map(() => undefined),
          );
          await put(engine, { k00000x: "new", k99999: "new" });
        }
        count += chunk.keys.length;
      }
      expect(count).toBe(2000);
      expect(await all(engine, "k", "l")).toEqual(["k00000x=new", "k99999=new"]);
    });

    test("lets a scan be left early, many times over", async () => {
      const engine = await create();
      const keys = Array.from({ length: 1000 }, (_, i) => bytes(`k${String(i).padStart(5, "0")}`));
      await engine.write(keys, keys);
      for (let round = 0; round < 50; round++) {
        for await (const chunk of engine.scan(bytes("k"), bytes("l"), 10)) {
          expect(text(chunk.keys[0])).toBe("k00000");
          break;
        }
      }
      expect(engine.sizeBytes).toBeGreaterThan(0);
    });

    test("applies concurrent writes in the order of the calls", async () => {
      const engine = await create();
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 300; i++) writes.push(put(engine, { same: String(i), [`k${i}`]: "." }));
      await Promise.all(writes);
      expect((await engine.getMany([bytes("same")])).map(text)).toEqual(["299"]);
    });

    test("shows a write to every reader once its promise has resolved", async () => {
      const engine = await create();
      for (let i = 0; i < 50; i++) {
        await put(engine, { a: String(i) });
        expect((await engine.getMany([bytes("a")])).map(text)).toEqual([String(i)]);
      }
    });

    test("gives values that stay as they are when the key is written again", async () => {
      const engine = await create();
      await put(engine, { a: "first" });
      const [value] = await engine.getMany([bytes("a")]);
      await put(engine, { a: "other" });
      await engine.flush();
      expect(text(value)).toBe("first");
    });

    test("keeps rows across flush and compact, and forgets deleted ones", async () => {
      const engine = await create();
      const keys = Array.from({ length: 3000 }, (_, i) => bytes(`k${String(i).padStart(5, "0")}`));
      const value = new Uint8Array(500).fill(7);
      await engine.write(
        keys,
        keys.map(() => value),
      );
      await engine.flush();
      const full = engine.sizeBytes;
      expect(full).toBeGreaterThan(0);
      const rowBytes = 6 + value.length;
      expect(engine.rowBytes).toBeGreaterThanOrEqual(3000 * rowBytes);
      expect(engine.rowBytes).toBeLessThan(3000 * rowBytes + 16 * 1024);
      await engine.write(
        keys,
        keys.map((_, i) => (i % 100 === 0 ? value : undefined)),
      );
      await engine.compact();
      expect((await all(engine, "k", "l", 1000)).length).toBe(30);
      expect(engine.sizeBytes).toBeLessThan(full);
      expect(engine.rowBytes).toBeGreaterThanOrEqual(30 * rowBytes);
      expect(engine.rowBytes).toBeLessThan(30 * rowBytes + 16 * 1024);
    });

    test("equals a map under random batches (20 seeds)", async () => {
      for (let seed = 0; seed < 20; seed++) {
        const engine = await create();
        const prng = new Prng(seed);
        const model = new Map<string, string>();
        for (let round = 0; round < 30; round++) {
          const keys: Uint8Array[] = [];
          const values: (Uint8Array | undefined)[] = [];
          for (let i = prng.below(20); i >= 0; i--) {
            const key = `k${prng.below(40)}`;
            const value = prng.chance(0.3) ? undefined : `v${prng.below(1000)}`;
            keys.push(bytes(key));
            values.push(value === undefined ? undefined : bytes(value));
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          await engine.write(keys, values);
          if (prng.chance(0.1)) await engine.flush();
        }
        const expected = [...model].map(([key, value]) => `${key}=${value}`).sort();
        expect((await all(engine, "k", "l", 1 + prng.below(20))).sort()).toEqual(expected);
      }
    });

    test("may be closed twice", async () => {
      const engine = await create();
      await put(engine, { a: "1" });
      await engine.close();
      await engine.close();
      await expect((async () => engine.getMany([bytes("a")]))()).rejects.toThrow();
    });
  });
}
