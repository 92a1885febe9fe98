import { describe, expect, test } from "vitest";
import { FaultyFiles, tearNothing } from "../vfs/faulty-files.js";
import { writeFully, type FileSystem } from "../vfs/file-system.js";
import { MemoryFiles } from "../vfs/memory-files.js";
import { DatabaseFolders } from "./database-folders.js";

const MEMBER = "/data/member";

/** A member whose first database holds "old", all of it durable. */
async function createMember(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  await files.makeDirectory(`${MEMBER}/quorate`);
  await writeState(files, `${MEMBER}/quorate`, "old");
  for (const folder of ["/", "/data", MEMBER]) await files.syncDirectory(folder);
  return files;
}

async function writeState(files: FileSystem, folder: string, state: string): Promise<void> {
  const file = await files.open(`${folder}/state`, "create");
  await writeFully(file, Buffer.from(state), 0);
  await file.close();
  await files.syncDirectory(folder);
}

async function found(files: FileSystem): Promise<DatabaseFolders> {
  const folders = await DatabaseFolders.find(files, MEMBER);
  if (folders === undefined) throw new Error("the member has no database");
  return folders;
}

function stateOf(files: MemoryFiles, folder: string): string {
  return Buffer.from(files.contents(`${folder}/state`)).toString();
}

async function replace(files: FileSystem): Promise<void> {
  const folders = await found(files);
  const path = await folders.prepare();
  await writeState(files, path, "new");
  await folders.activate(path);
}

describe("database folders", () => {
  test("without a pointer, the first counts; without a folder, none", async () => {
    expect((await found(await createMember())).activePath).toBe(`${MEMBER}/quorate`);
    const empty = new MemoryFiles();
    await empty.makeDirectory(MEMBER);
    expect(await DatabaseFolders.find(empty, MEMBER)).toBeUndefined();
  });

  test("the activated one counts, also after the next start, and the old one goes when told", async () => {
    const files = await createMember();
    await replace(files);
    const folders = await found(files);
    expect(folders.activePath).toBe(`${MEMBER}/quorate.1`);
    await folders.removeInactive();
    expect((await files.list(MEMBER)).sort()).toEqual(["database", "quorate.1"]);
    await replace(files);
    expect(stateOf(files, (await found(files)).activePath)).toBe("new");
  });

  test("what is prepared stays while others go, until the next is prepared", async () => {
    const files = await createMember();
    const folders = await found(files);
    const first = await folders.prepare();
    await folders.removeInactive();
    expect(await files.exists(first)).toBe(true);
    const second = await folders.prepare();
    expect(second).not.toBe(first);
    expect(await files.exists(first)).toBe(false);
    await expect(folders.activate(first)).rejects.toThrow("was not prepared");
    await folders.activate(second);
    expect(folders.activePath).toBe(second);
  });

  test("a crash at any step leaves one whole database, old or new; never the old one after activation", async () => {
    let steps = 0;
    for (let at = 0; ; at++) {
      const disk = await createMember();
      const files = new FaultyFiles(disk, at, { kind: "crash", tear: tearNothing });
      const replaced = await Promise.race([replace(files).then(() => true), crash(files)]);
      for (const names of ["lost", "kept"] as const) {
        const after = disk.crashed(names);
        const folders = await found(after);
        const state = stateOf(after, folders.activePath);
        if (replaced) expect(state, `${names} at ${at}`).toBe("new");
        else expect(["old", "new"], `${names} at ${at}`).toContain(state);
        // Recovery itself works, and the member can replace its database again.
        await folders.removeInactive();
        expect(stateOf(after, folders.activePath)).toBe(state);
        await replace(after);
        expect(stateOf(after, (await found(after)).activePath)).toBe("new");
      }
      if (replaced) break;
      steps += 1;
    }
    expect(steps).toBeGreaterThan(6);
  });

  test("an error at any step leaves one whole database", async () => {
    for (let at = 0; ; at++) {
      const disk = await createMember();
      const files = new FaultyFiles(disk, at, { kind: "error", code: "EIO", tear: tearNothing, once: false });
      const outcome = await replace(files).then(
        () => "done",
        () => "failed",
      );
      expect(["old", "new"]).toContain(stateOf(disk, (await found(disk)).activePath));
      if (outcome === "done") break;
    }
  });

  test("a pointer to nothing, or to nonsense, is refused", async () => {
    const files = await createMember();
    await replace(files);
    await files.remove(`${MEMBER}/quorate.1`);
    await expect(found(files)).rejects.toThrow(/quorate\.1 that it names is missing/);
    const file = await files.open(`${MEMBER}/database`, "create");
    await writeFully(file, Buffer.from("../../etc\n"), 0);
    await expect(found(files)).rejects.toThrow(/should name a database/);
  });
});

async function crash(files: FaultyFiles): Promise<false> {
  while (!files.crashed) await new Promise((resolve) => setImmediate(resolve));
  return false;
}
