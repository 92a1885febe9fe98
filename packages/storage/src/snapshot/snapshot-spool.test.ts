import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TableChunk } from "@quorate/machine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chunked } from "../testing/database-fixtures.js";
import { checkDatabaseFile } from "./database-file.js";
import { FILES_MAX, SnapshotSpool } from "./snapshot-spool.js";

let snapPath: string;
beforeEach(() => {
  snapPath = mkdtempSync(join(tmpdir(), "quorate-spool-"));
});
afterEach(() => rmSync(snapPath, { recursive: true, force: true }));

/** A store whose only row is its index; `gate` holds up the reading of rows. */
class FakeStore {
  index = 1;
  reads = 0;
  gate: Promise<void> = Promise.resolve();

  spool(): SnapshotSpool {
    return new SnapshotSpool({ snapPath, rows: () => this.#rows(), appliedIndex: () => this.index });
  }

  async *#rows(): AsyncGenerator<TableChunk> {
    this.reads += 1;
    const { index } = this;
    await this.gate;
    yield* chunked([["meta", "consistent_index", String.fromCharCode(0, 0, 0, 0, 0, 0, 0, index)]], 1);
  }
}

function createGate(): { gate: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return { gate, open };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("snapshot spool", () => {
  test("hands out the state as a whole file, which goes when it is released", async () => {
    const spool = new FakeStore().spool();
    const file = await spool.open();
    expect(file.index).toBe(1);
    expect(await checkDatabaseFile(file.path)).toBeUndefined();
    let bytes = 0;
    for await (const chunk of file.chunks()) bytes += chunk.length;
    expect(bytes).toBe(file.sizeBytes);
    file.release();
    file.release();
    await until(() => readdirSync(snapPath).length === 0);
  });

  test("requests of one state share one file, which stays until the last of them has let go", async () => {
    const store = new FakeStore();
    const spool = store.spool();
    const [a, b] = await Promise.all([spool.open(), spool.open()]);
    const c = await spool.open();
    expect([b.path, c.path]).toEqual([a.path, a.path]);
    expect(store.reads).toBe(1);
    a.release();
    b.release();
    expect(readdirSync(snapPath).length).toBe(1);
    c.release();
    await until(() => readdirSync(snapPath).length === 0);
  });

  test("nobody gets a state older than the request: all that come during a write share the next", async () => {
    const store = new FakeStore();
    const spool = store.spool();
    const { gate, open } = createGate();
    store.gate = gate;
    const first = spool.open();
    await until(() => store.reads === 1);
    store.index = 2;
    const later = [spool.open(), spool.open()];
    store.index = 3;
    later.push(spool.open());
    open();
    expect((await first).index).toBe(1);
    expect((await Promise.all(later)).map((file) => file.index)).toEqual([3, 3, 3]);
    expect(store.reads).toBe(2);
  });

  test("files that are still read are bounded in number", async () => {
    const store = new FakeStore();
    const spool = store.spool();
    const files = [];
    for (; files.length < FILES_MAX; store.index += 1) files.push(await spool.open());
    await expect(spool.open()).rejects.toMatchObject({ code: "overloaded", retryable: true });
    files[0]?.release();
    expect((await spool.open()).index).toBe(store.index);
  });

  test.runIf(process.platform === "linux")(
    "a full disk is told, and the next request tries again",
    async () => {
      const spool = new FakeStore().spool();
      symlinkSync("/dev/full", join(snapPath, "tmp-database-1"));
      await expect(spool.open()).rejects.toMatchObject({ code: "no-space" });
      expect(readdirSync(snapPath)).toEqual([]);
      (await spool.open()).release();
    },
  );
});
