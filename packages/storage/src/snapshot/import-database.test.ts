import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRevisionKey, MemoryEngine, type Engine } from "@quorate/machine";
import { Prng } from "@quorate/std";
import { afterAll, describe, expect, test } from "vitest";
import { CorruptionError } from "../errors.js";
import { RocksEngine } from "../rocks/rocks-engine.js";
import { chunked, type Row } from "../testing/database-fixtures.js";
import { createHistory, openStore } from "../testing/store-files.js";
import { counterRow } from "./database-rows.js";
import { importDatabase } from "./import-database.js";
import { writeDatabaseFile } from "./write-database.js";

const root = mkdtempSync(join(tmpdir(), "quorate-import-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(root, `f${files++}`);

/** An engine that outlives the import that closes it. */
function keeper(): { engine: MemoryEngine; openEngine: () => Promise<Engine> } {
  const engine = new MemoryEngine();
  engine.close = () => Promise.resolve();
  return { engine, openEngine: () => Promise.resolve(engine) };
}

describe("import of a database", () => {
  test("makes a store equal to the one that was written, in RocksDB", async () => {
    const store = await createHistory(new Prng(11), { transactions: 5000, clusterVersion: "3.7.0" });
    const file = newPath();
    const written = await writeDatabaseFile({ path: file, rows: store.allRows() });
    const enginePath = newPath();
    const imported = await importDatabase({ file, enginePath, openEngine: (path) => RocksEngine.open(path) });
    expect(imported).toMatchObject({ index: written.index, term: 3, confState: written.confState });
    const engine = await RocksEngine.open(enginePath);
    const copy = await openStore(engine);
    expect(copy.consistentIndex).toBe(store.consistentIndex);
    expect(copy.compactRevision).toBe(store.compactRevision);
    expect(await copy.hashKv(0)).toEqual(await store.hashKv(0));
    expect(await copy.hashAll()).toBe(await store.hashAll());
    await engine.close();
  });

  test("changes the rows it is told to change", async () => {
    const file = newPath();
    await writeDatabaseFile({ path: file, rows: chunked([["members", "ab", "{}"]], 1) });
    const { engine, openEngine } = keeper();
    const overrides = [
      { table: "members", key: Buffer.from("ab"), value: undefined } as const,
      counterRow("consistent_index", 7),
    ];
    const imported = await importDatabase({ file, enginePath: "", openEngine, overrides });
    expect(imported).toMatchObject({ rowCount: 1, index: 7 });
    expect((await openStore(engine)).consistentIndex).toBe(7);
  });

  test("takes the empty row that marks a bumped revision, and its compaction goes on", async () => {
    const key = (main: number): string =>
      Buffer.from(createRevisionKey(main, 0, false))
        .subarray(1)
        .toString("latin1");
    const rows: Row[] = [
      ["key", key(2), "\x0a\x01a\x10\x02\x18\x02\x20\x01\x2a\x01b"],
      ["key", key(1002), ""],
      ["meta", "scheduledCompactRev", key(1002)],
    ];
    const file = newPath();
    await writeDatabaseFile({ path: file, rows: chunked(rows, 2) });
    const { engine, openEngine } = keeper();
    await importDatabase({ file, enginePath: "", openEngine });
    const store = await openStore(engine);
    expect(store.revision).toBe(1002);
    expect(store.compactRevision).toBe(1002);
    expect(store.countLatest(Buffer.from("a"), undefined)).toBe(1);
  });

  test("of a damaged file fails, with the engine closed", async () => {
    const file = newPath();
    const rows: Row[] = Array.from({ length: 200 }, (_, i) => [
      "lease",
      String(i).padStart(8, "0"),
      "v".repeat(90),
    ]);
    await writeDatabaseFile({ path: file, rows: chunked(rows, 10) });
    const bytes = readFileSync(file);
    bytes.fill(0xff, 3 * 4096, 3 * 4096 + 64);
    writeFileSync(file, bytes);
    const enginePath = newPath();
    const openEngine = (path: string): Promise<Engine> => RocksEngine.open(path);
    await expect(importDatabase({ file, enginePath, openEngine })).rejects.toThrow(CorruptionError);
    await (await RocksEngine.open(enginePath)).close();
  });
});
