import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engineSuite } from "../testing/engine-suite.js";
import { packedSize, packRows, unpackRows } from "./packed-rows.js";
import { WorkerEngine } from "./worker-engine.js";

const threadFile = fileURLToPath(new URL("../../dist/engine-thread.test.cjs", import.meta.url));
const folders: string[] = [];

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL("./engine-thread.ts", import.meta.url))],
    outfile: threadFile,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["@quorate/source"],
    external: ["rocksdb-native"],
  });
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  rmSync(threadFile, { force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "quorate-thread-"));
  folders.push(folder);
  return folder;
}

engineSuite("WorkerEngine", () => WorkerEngine.open(newFolder(), threadFile));

test("a database that can't be opened says why, and leaves no thread behind", async () => {
  await expect(WorkerEngine.open("/dev/null/nowhere", threadFile)).rejects.toMatchObject({
    name: "OperationalError",
  });
});

test("what was written is there for the next thread", async () => {
  const folder = newFolder();
  const key = Buffer.from("k");
  const first = await WorkerEngine.open(folder, threadFile);
  await first.write([key], [Buffer.from("v")]);
  await first.close();
  await expect(first.write([key], [undefined])).rejects.toMatchObject({ code: "closed" });
  const second = await WorkerEngine.open(folder, threadFile);
  expect(await second.getMany([key])).toEqual([Buffer.from("v")]);
  expect(second.sizeBytes).toBeGreaterThan(0);
  await second.close();
});

test("packed rows come back as they were: empty, missing and large values", () => {
  const keys = ["", "a", "bb"].map((text) => Buffer.from(text));
  const values = [Buffer.alloc(0), undefined, Buffer.alloc(100_000, 7)];
  const size = packedSize(keys, values);
  const target = Buffer.alloc(size + 3);
  expect(packRows(keys, values, target, 0)).toBe(size);
  expect(unpackRows(target, size)).toEqual({ keys, values });
});
