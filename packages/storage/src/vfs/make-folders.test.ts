import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolders } from "./make-folders.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-folders-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("creates what is missing and says where it began", async () => {
  expect(await makeFolders(join(root, "a/b/c"), 0o700)).toBe(join(root, "a"));
  expect(statSync(join(root, "a/b/c")).mode & 0o777).toBe(0o700);
  expect(await makeFolders(join(root, "a/b/c"), 0o700)).toBeUndefined();
});

test("a file in the way is named", async () => {
  writeFileSync(join(root, "f"), "");
  await expect(makeFolders(join(root, "f"), 0o700)).rejects.toThrow("is not a directory");
  await expect(makeFolders(join(root, "f/g"), 0o700)).rejects.toMatchObject({ code: "ENOTDIR" });
});

test.skipIf(!existsSync("/proc/self"))(
  "where nothing can be created it fails instead of trying for ever (needs /proc)",
  async () => {
    await expect(makeFolders("/proc/nowhere/at/all", 0o700)).rejects.toMatchObject({ code: "ENOENT" });
  },
);
