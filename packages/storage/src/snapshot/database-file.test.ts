import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TableChunk } from "@quorate/machine";
import { Prng } from "@quorate/std";
import { afterAll, describe, expect, test } from "vitest";
import { CorruptionError } from "../errors.js";
import { counterRow, textRow } from "./database-rows.js";
import { checkDatabaseFile, openDatabaseFile } from "./database-file.js";
import { encodeMeta, fnv1a64 } from "./meta-page.js";
import { chunked, collect, randomRows, type Row } from "../testing/database-fixtures.js";
import { writeDatabaseFile } from "./write-database.js";

const root = mkdtempSync(join(tmpdir(), "quorate-db-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(root, `f${files++}.db`);

async function write(rows: readonly Row[], path: string = newPath()): Promise<string> {
  await writeDatabaseFile({ path, rows: chunked(rows, 7) });
  return path;
}

async function read(path: string): Promise<Row[]> {
  const file = await openDatabaseFile(path);
  try {
    return await collect(file.rows());
  } finally {
    await file.close();
  }
}

describe("database file", () => {
  test("metas have the checksums that bbolt computes", () => {
    expect(
      encodeMeta({ pageBytes: 4096, rootPage: 3, highWater: 4, transaction: 0 }, 2n).subarray(56),
    ).toEqual(Buffer.from("eefd8946116e5107", "hex"));
    expect(
      fnv1a64(encodeMeta({ pageBytes: 4096, rootPage: 3, highWater: 4, transaction: 1 }, 2n).subarray(0, 56)),
    ).toBe(0x264c351a5179480fn);
  });

  test("gives back what was written, whatever the sizes of rows", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const rows = randomRows(new Prng(seed));
      const path = await write(rows);
      expect(await read(path), `seed ${seed}`).toEqual(rows);
      expect(await checkDatabaseFile(path), `seed ${seed}`).toBeUndefined();
    }
  });

  test("of many rows has branches of several levels", async () => {
    const rows: Row[] = [];
    // Long keys: few children per branch page.
    for (let i = 0; i < 3000; i++)
      rows.push(["authUsers", `${i.toString().padStart(6, "0")}${"x".repeat(1500)}`, "v"]);
    const path = await write(rows);
    expect(await read(path)).toEqual(rows);
    expect(await checkDatabaseFile(path)).toBeUndefined();
  });

  test("has all tables, also empty ones, and nothing else: these bytes", async () => {
    const path = await write([]);
    const bytes = readFileSync(path);
    expect(bytes.length).toBe(3 * 4096);
    // Root leaf: ten elements, each an inline bucket of one empty page.
    expect(bytes.readUInt16LE(2 * 4096 + 10)).toBe(10);
    expect(await read(path)).toEqual([]);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(
      "76b6cbf42d1985d7a8e9fce15218075277bf6ccb27edf0ab888086e3c5f962b9",
    );
  });

  test("tells which state it holds, and takes overrides", async () => {
    const written = await writeDatabaseFile({
      path: newPath(),
      rows: chunked(
        [
          ["cluster", "clusterVersion", "3.7.0"],
          ["meta", "consistent_index", "\0\0\0\0\0\0\0\x05"],
          ["meta", "zzz", "kept"],
        ],
        1,
      ),
      overrides: [
        counterRow("consistent_index", 9),
        counterRow("term", 3),
        textRow("meta", "confState", '{"voters":[18446744073709551615],"auto_leave":false}'),
        textRow("members", "ab", "{}"),
      ],
    });
    expect(written).toMatchObject({
      index: 9,
      term: 3,
      storageVersion: "3.7.0",
      confState: { voters: [0xffff_ffff_ffff_ffffn], learners: [], autoLeave: false },
    });
  });

  test("names no storage version for clusters before 3.6", async () => {
    const path = newPath();
    const rows: Row[] = [["cluster", "clusterVersion", "3.5.0"]];
    expect((await writeDatabaseFile({ path, rows: chunked(rows, 1) })).storageVersion).toBeUndefined();
    expect(await read(path)).toEqual(rows);
  });

  test("is not written when rows are out of order", async () => {
    const path = newPath();
    const rows: Row[] = [
      ["lease", "b", ""],
      ["lease", "a", ""],
    ];
    await expect(write(rows, path)).rejects.toThrow(CorruptionError);
    await expect(
      write(
        [
          ["lease", "b", ""],
          ["key", "a", ""],
        ],
        path,
      ),
    ).rejects.toThrow("come after");
    await expect(openDatabaseFile(path)).rejects.toMatchObject({ code: "missing" });
  });

  test("leaves what the source of rows throws as it is", async () => {
    const failing = async function* (): AsyncGenerator<TableChunk> {
      yield* chunked([["alarm", "a", ""]], 1);
      throw new RangeError("no more");
    };
    const path = newPath();
    await expect(writeDatabaseFile({ path, rows: failing() })).rejects.toThrow(RangeError);
    await expect(openDatabaseFile(path)).rejects.toMatchObject({ code: "missing" });
  });

  test.runIf(process.platform === "linux")("on a full disk fails with that reason", async () => {
    const path = newPath();
    symlinkSync("/dev/full", path);
    await expect(write([["alarm", "a", ""]], path)).rejects.toMatchObject({ code: "no-space" });
  });
});

describe("database file, read", () => {
  test("by the older meta when the newer is damaged, and refused without any", async () => {
    const path = await write([["alarm", "a", "1"]]);
    const bytes = readFileSync(path);
    bytes[20] = 0xff;
    writeFileSync(path, bytes);
    expect(await read(path)).toEqual([["alarm", "a", "1"]]);
    bytes[4096 + 20] = 0xff;
    writeFileSync(path, bytes);
    await expect(openDatabaseFile(path)).rejects.toThrow(/neither of its two meta pages/);
  });

  test("is refused when its end is missing", async () => {
    const path = await write([["alarm", "a", "1"]]);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect(await checkDatabaseFile(path)).toMatch(/the file ends here/);
  });

  test("may carry a digest, which is checked", async () => {
    const path = await write([["alarm", "a", "1"]]);
    const digest = createHash("sha256").update(readFileSync(path)).digest();
    appendFileSync(path, digest);
    expect(await checkDatabaseFile(path)).toBeUndefined();
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(path, bytes);
    expect(await checkDatabaseFile(path)).toMatch(/checksum/);
    expect(await read(path)).toEqual([["alarm", "a", "1"]]);
  });

  test("is refused when two parts share a page, and when it points in circles", async () => {
    const rows: Row[] = [];
    for (let i = 0; i < 400; i++) rows.push(["lease", i.toString().padStart(8, "0"), "v".repeat(100)]);
    const path = await write(rows);
    const bytes = readFileSync(path);
    const branch = findPage(bytes, 1);
    const at = branch * 4096 + 16;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 8), at + 16 + 8);
    writeFileSync(path, bytes);
    expect(await checkDatabaseFile(path)).toMatch(/used in two places/);
    bytes.writeBigUInt64LE(BigInt(branch), at + 8);
    writeFileSync(path, bytes);
    expect(await checkDatabaseFile(path)).toMatch(/used in two places/);
  });

  test("when damaged anywhere, ends with rows or with a corruption", async () => {
    const rows = randomRows(new Prng(7));
    const path = await write(rows);
    const sound = readFileSync(path);
    const prng = new Prng(99);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(sound);
      // Mostly into the page headers and elements, where the structure is.
      const pageAt = prng.below(bytes.length / 4096) * 4096;
      for (let flips = 1 + prng.below(3); flips > 0; flips--) {
        const at = pageAt + prng.below(prng.chance(0.8) ? 200 : 4096);
        bytes[at] = prng.chance(0.5) ? prng.below(256) : 0xff;
      }
      writeFileSync(path, bytes);
      const outcome = await checkDatabaseFile(path);
      if (outcome === undefined) await read(path);
      else refused += 1;
    }
    expect(refused).toBeGreaterThan(25);
  });
});

function findPage(bytes: Buffer, flags: number): number {
  for (let page = 2; page < bytes.length / 4096; page++) {
    if (bytes.readUInt16LE(page * 4096 + 8) === flags) return page;
  }
  throw new Error("no such page");
}
