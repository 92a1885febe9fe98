/** One contract for the disk in memory and the real one, so that crash tests on the first say something about the second. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FaultyFiles, tearAfter } from "./faulty-files.js";
import type { FileSystem } from "./file-system.js";
import { writeFully } from "./file-system.js";
import { MemoryFiles } from "./memory-files.js";
import { NodeFiles } from "./node-files.js";

const root = mkdtempSync(join(tmpdir(), "quorate-vfs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const never = { kind: "crash", tear: tearAfter(0) } as const;
const systems: [string, () => FileSystem, string][] = [
  ["NodeFiles", () => new NodeFiles(), root],
  ["MemoryFiles", () => new MemoryFiles(), "/root"],
  [
    "FaultyFiles without a fault",
    () => new FaultyFiles(new MemoryFiles(), Number.POSITIVE_INFINITY, never),
    "/root",
  ],
];

describe.each(systems)("%s", (_, create, base) => {
  let folders = 0;
  async function prepare(): Promise<{ files: FileSystem; dir: string }> {
    const files = create();
    const dir = `${base}/f${folders++}/nested`;
    await files.makeDirectory(dir);
    return { files, dir };
  }

  test("writes at positions, extends, overwrites and reads back", async () => {
    const { files, dir } = await prepare();
    const file = await files.open(`${dir}/a`, "create");
    await writeFully(file, Buffer.from("world"), 6);
    await writeFully(file, Buffer.from("hello"), 0);
    const bytes = Buffer.alloc(20, 0xff);
    expect(await file.read(bytes, 0)).toBe(11);
    expect(bytes.subarray(0, 11).toString("latin1")).toBe("hello\0world");
    expect(await file.read(bytes, 100)).toBe(0);
    expect(await file.size()).toBe(11);
    await file.close();
  });

  test("writes a range of a buffer, and answers after the call", async () => {
    const { files, dir } = await prepare();
    const file = await files.open(`${dir}/a`, "create");
    let returned = false;
    const answer = new Promise<boolean>((resolve) =>
      file.write(Buffer.from("0123456789"), 2, 6, 0, (error) => {
        expect(error).toBeNull();
        resolve(returned);
      }),
    );
    returned = true;
    expect(await answer).toBe(true);
    const bytes = Buffer.alloc(10);
    expect(await file.read(bytes, 0)).toBe(4);
    expect(bytes.subarray(0, 4).toString()).toBe("2345");
    await file.close();
  });

  test("truncates, and extends by truncation with zeros", async () => {
    const { files, dir } = await prepare();
    const file = await files.open(`${dir}/a`, "create");
    await writeFully(file, Buffer.from("0123456789"), 0);
    await file.truncate(4);
    await file.truncate(6);
    const bytes = Buffer.alloc(10);
    expect(await file.read(bytes, 0)).toBe(6);
    expect(bytes.subarray(0, 6).toString("latin1")).toBe("0123\0\0");
    await file.close();
  });

  test("`create` empties, `write` keeps, `read` finds", async () => {
    const { files, dir } = await prepare();
    for (const [mode, size] of [
      ["create", 0],
      ["write", 3],
      ["read", 3],
      ["create", 0],
    ] as const) {
      const file = await files.open(`${dir}/a`, mode);
      expect(await file.size()).toBe(size);
      if (mode === "create") await writeFully(file, Buffer.from("abc"), 0);
      await file.close();
    }
    await expect(files.open(`${dir}/missing`, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(files.open(`${dir}/missing`, "write")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("lists, renames over files, and removes with all content", async () => {
    const { files, dir } = await prepare();
    for (const name of ["a", "b", "sub/c"]) {
      if (name.includes("/")) await files.makeDirectory(`${dir}/sub`);
      await (await files.open(`${dir}/${name}`, "create")).close();
    }
    expect((await files.list(dir)).sort()).toEqual(["a", "b", "sub"]);
    await files.rename(`${dir}/a`, `${dir}/b`);
    await files.rename(`${dir}/sub`, `${dir}/moved`);
    await files.syncDirectory(dir);
    expect((await files.list(dir)).sort()).toEqual(["b", "moved"]);
    expect(await files.list(`${dir}/moved`)).toEqual(["c"]);
    expect(await files.exists(`${dir}/moved/c`)).toBe(true);
    await files.remove(`${dir}/moved`);
    await files.remove(`${dir}/never-there`);
    expect(await files.exists(`${dir}/moved/c`)).toBe(false);
    await expect(files.list(`${dir}/moved`)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(files.rename(`${dir}/x`, `${dir}/y`)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a crash of MemoryFiles", () => {
  test("keeps names only as of the last sync of their folder, contents as of the last answer", async () => {
    const files = new MemoryFiles();
    await files.makeDirectory("/d");
    await files.syncDirectory("");
    const kept = await files.open("/d/kept", "create");
    await files.syncDirectory("/d");
    await writeFully(kept, Buffer.from("after the sync"), 0);
    await (await files.open("/d/lost", "create")).close();
    await files.rename("/d/kept", "/d/renamed");

    const lost = files.crashed("lost");
    expect(await lost.list("/d")).toEqual(["kept"]);
    expect(Buffer.from(lost.contents("/d/kept")).toString()).toBe("after the sync");
    expect((await files.crashed("kept").list("/d")).sort()).toEqual(["lost", "renamed"]);
  });
});
