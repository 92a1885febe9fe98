/**
 * Creates a folder and its missing parents, one by one. Node's own `recursive` starts again from the top whenever the system
 * says ENOENT, which it does for ever where nothing can be created (below /proc, for example).
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errnoOf } from "../errors.js";

/** @returns the topmost folder that was created, undefined when all were there. Errors: the operating system's. */
export async function makeFolders(path: string, mode: number): Promise<string | undefined> {
  const missing: string[] = [];
  let folder = resolve(path);
  while (!(await isThere(folder))) {
    missing.unshift(folder);
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  for (const each of missing) {
    try {
      await mkdir(each, { mode });
    } catch (error) {
      // Somebody else may have been faster.
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
  if (!(await stat(path)).isDirectory()) {
    throw Object.assign(new Error(`${path} is not a directory`), { code: "ENOTDIR" });
  }
  return missing[0];
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
