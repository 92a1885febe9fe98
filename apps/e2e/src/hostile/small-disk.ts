/** A file system of a few megabytes, for as long as a test needs a disk that can be filled. */
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../harness/run-command.js";

const CHUNK_BYTES = 1_000_000;

export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @returns a text that says why there can be none here, when that is so. */
  static async mount(megabytes: number): Promise<SmallDisk | string> {
    if (process.platform !== "linux") return "mounting a small disk is only known on Linux";
    if (process.getuid?.() !== 0) return "mounting a small disk needs root";
    const folder = mkdtempSync(join(tmpdir(), "e2e-disk-"));
    const result = await runCommand("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
    if (result.exitCode === 0) return new SmallDisk(folder);
    rmSync(folder, { recursive: true });
    return `a small disk cannot be mounted here: ${result.stderr.trim()}`;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes all space but `bytes`, or all of it when the server takes some at the same time. */
  fillUpTo(bytes: number): void {
    const filler = openSync(join(this.folder, "filler"), "w");
    try {
      while (this.freeBytes > bytes) {
        writeSync(filler, Buffer.alloc(Math.min(CHUNK_BYTES, this.freeBytes - bytes)));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(filler);
    }
  }

  giveBack(): void {
    rmSync(join(this.folder, "filler"), { force: true });
  }

  async unmount(): Promise<void> {
    await runCommand("umount", [this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
