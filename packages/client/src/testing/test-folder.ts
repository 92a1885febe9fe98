/** Folders for the data of test servers: in memory where the system has a file system there, and gone when the process is. */
import { rmSync } from "node:fs";
import { access, constants, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux' file system in memory. */
const MEMORY_FOLDER = "/dev/shm";
/** What a member and a test's keys need at most; containers often have 64 MB there, which a log alone may fill. */
const MEMORY_FREE_BYTES_MIN = 256 * 1024 * 1024;

export interface TestFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Folders not removed yet: a process that ends in the middle of a test leaves none either. */
const present = new Set<string>();

/** @param place `memory` falls back to the system's folder for temporary files, where that is all there is. */
export async function makeTestFolder(place: "memory" | "disk"): Promise<TestFolder> {
  const parent = place === "memory" && (await hasMemoryFolder()) ? MEMORY_FOLDER : tmpdir();
  const path = await mkdtemp(join(parent, "quorate-test-"));
  if (present.size === 0) process.on("exit", removeAll);
  present.add(path);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      present.delete(path);
      if (present.size === 0) process.removeListener("exit", removeAll);
    },
  };
}

async function hasMemoryFolder(): Promise<boolean> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY_FOLDER);
    return bavail * bsize >= MEMORY_FREE_BYTES_MIN;
  } catch {
    return false;
  }
}

function removeAll(): void {
  for (const path of present) rmSync(path, { recursive: true, force: true });
}
