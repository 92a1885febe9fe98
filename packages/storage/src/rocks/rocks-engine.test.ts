import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryEngine } from "@quorate/machine";
import { afterAll, describe, expect, test } from "vitest";
import { OperationalError } from "../errors.js";
import { engineSuite } from "../testing/engine-suite.js";
import { RocksEngine } from "./rocks-engine.js";

const root = mkdtempSync(join(tmpdir(), "quorate-rocks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

engineSuite("RocksEngine", () => RocksEngine.open(newFolder()));
engineSuite("MemoryEngine", async () => new MemoryEngine());

describe("RocksEngine", () => {
  const key = (i: number): Uint8Array => Buffer.from(`key ${String(i).padStart(6, "0")}`);

  test("finds everything again after close and open, and leaves no old reports", async () => {
    const dir = newFolder();
    for (let round = 0; round < 4; round++) {
      const engine = await RocksEngine.open(dir);
      const found = await engine.getMany(Array.from({ length: round }, (_, i) => key(i)));
      expect(found.every((value) => value !== undefined)).toBe(true);
      await engine.write([key(round)], [Buffer.alloc(10)]);
      expect(readdirSync(dir).filter((name) => name.startsWith("LOG.old"))).toEqual([]);
      await engine.close();
    }
  });

  test("refuses a folder that is open already", async () => {
    const dir = newFolder();
    const engine = await RocksEngine.open(dir);
    await expect(RocksEngine.open(dir)).rejects.toThrow(OperationalError);
    await engine.close();
    await (await RocksEngine.open(dir)).close();
  });

  test("refuses a path that is a file, with the cause", async () => {
    await expect(RocksEngine.open("/dev/null/quorate")).rejects.toMatchObject({
      code: "io",
      cause: expect.any(Error),
    });
  });

  test("answers calls after close with `closed`", async () => {
    const engine = await RocksEngine.open(newFolder());
    await engine.close();
    await expect(engine.write([key(1)], [key(1)])).rejects.toMatchObject({ code: "closed" });
    await expect(engine.getMany([key(1)])).rejects.toMatchObject({ code: "closed" });
    await expect(engine.flush()).rejects.toMatchObject({ code: "closed" });
    await expect(engine.compact()).rejects.toMatchObject({ code: "closed" });
    await expect(engine.scan(key(0), key(1), 1)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "closed",
    });
  });

  test("finishes writes that were under way when it is closed, and ends scans with an error", async () => {
    const dir = newFolder();
    const engine = await RocksEngine.open(dir);
    const keys = Array.from({ length: 3000 }, (_, i) => key(i));
    await engine.write(keys, keys);
    const scan = engine.scan(key(0), key(9000), 10)[Symbol.asyncIterator]();
    await scan.next();
    const late = engine.write([key(5000)], [key(5000)]);
    await engine.close();
    await late;
    const rest = async (): Promise<void> => {
      while ((await scan.next()).done !== true);
    };
    await expect(rest()).rejects.toMatchObject({ code: "closed" });
    const again = await RocksEngine.open(dir);
    expect((await again.getMany([key(5000)]))[0]).toEqual(Buffer.from(key(5000)));
    await again.close();
  });

  test("refuses writes beyond `WRITES_WAITING_MAX` and keeps the others", async () => {
    const engine = await RocksEngine.open(newFolder());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1200 }, (_, i) => engine.write([key(i)], [key(i)])),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBeGreaterThan(100);
    for (const outcome of refused)
      expect(outcome.reason).toMatchObject({ code: "overloaded", retryable: true });
    const found = await engine.getMany(outcomes.map((_, i) => key(i)));
    expect(found.filter((value) => value !== undefined).length).toBe(outcomes.length - refused.length);
    await engine.close();
  });

  test("counts what is written into its size at once", async () => {
    const engine = await RocksEngine.open(newFolder());
    const before = engine.sizeBytes;
    await engine.write([key(1)], [Buffer.alloc(100_000)]);
    expect(engine.sizeBytes).toBeGreaterThanOrEqual(before + 100_000);
    await engine.close();
  });

  test("reports a disk that fails under it, with the cause, and still closes", async () => {
    const dir = newFolder();
    const engine = await RocksEngine.open(dir);
    await engine.write([key(1)], [key(1)]);
    rmSync(dir, { recursive: true });
    const failure: unknown = await engine.flush().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OperationalError);
    expect((failure as OperationalError).cause).toBeInstanceOf(Error);
    await engine.close().catch((error: unknown) => expect(error).toBeInstanceOf(OperationalError));
  });

  test.each([
    ["a block of rows", 0.3],
    ["its index", 0.998],
  ])("damage to a table, in %s, is told with the file; nothing wrong is read", async (_what, place) => {
    const dir = newFolder();
    const keys = Array.from({ length: 5000 }, (_, i) => key(i));
    const value = (i: number): Uint8Array => Buffer.from(String(i).padStart(100, "."));
    const first = await RocksEngine.open(dir);
    await first.write(
      keys,
      keys.map((_, i) => value(i)),
    );
    await first.flush();
    await first.close();
    const file = join(dir, readdirSync(dir).find((name) => name.endsWith(".sst")) ?? "");
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length * place);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);

    const failures: unknown[] = [];
    const engine = await RocksEngine.open(dir).catch((error: unknown) => failures.push(error));
    if (engine instanceof RocksEngine) {
      let right = 0;
      for (let i = 0; i < keys.length; i += 10) {
        const read = engine.getMany([key(i)]).catch((error: unknown) => void failures.push(error));
        const found = await read;
        if (found === undefined) continue;
        expect(found).toEqual([value(i)]);
        right += 1;
      }
      expect(right).toBeGreaterThan(400);
      const scan = async (): Promise<void> => {
        for await (const chunk of engine.scan(key(0), key(9000), 512)) expect(chunk.keys).not.toEqual([]);
      };
      await expect(scan()).rejects.toMatchObject({ code: "corrupt" });
      await engine.close();
    }
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures)
      expect(failure).toMatchObject({ code: "corrupt", message: expect.stringContaining(file) });
  });
});
