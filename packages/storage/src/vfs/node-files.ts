/**
 * The real disk. Files open with O_DSYNC where the platform has it; elsewhere (Windows, macOS) each write is followed by
 * an fdatasync, which keeps the promise of the port at the price of a second trip to the thread pool.
 */
import fs from "node:fs";
import { errnoOf } from "../errors.js";
import type { File, FileSystem, OpenMode, WriteDone } from "./file-system.js";
import { makeFolders } from "./make-folders.js";

// Only on Linux is O_DSYNC known to reach the platter by itself; macOS accepts the flag and stops at the drive's cache.
const DSYNC = process.platform === "linux" ? fs.constants.O_DSYNC : 0;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export class NodeFiles implements FileSystem {
  async makeDirectory(path: string): Promise<void> {
    await makeFolders(path, FOLDER_MODE);
  }

  list(path: string): Promise<string[]> {
    return fs.promises.readdir(path);
  }

  async exists(path: string): Promise<boolean> {
    try {
      await fs.promises.stat(path);
      return true;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  open(path: string, mode: OpenMode): Promise<File> {
    const flags = openFlags(mode);
    return new Promise((resolve, reject) => {
      fs.open(path, flags, FILE_MODE, (error, fd) =>
        error === null ? resolve(new NodeFile(fd)) : reject(error),
      );
    });
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return fs.promises.rm(path, { recursive: true, force: true });
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot open a folder, and needs no such thing: NTFS journals names.
    if (process.platform === "win32") return;
    const folder = await fs.promises.open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function openFlags(mode: OpenMode): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
  if (mode === "read") return O_RDONLY;
  return mode === "write" ? O_RDWR | DSYNC : O_RDWR | O_CREAT | O_TRUNC | DSYNC;
}

/** Plain descriptors and callbacks: `fs.promises` costs several microseconds a write on the main thread. */
class NodeFile implements File {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array, start: number, end: number, position: number, done: WriteDone): void {
    fs.write(this.#fd, bytes, start, end - start, position, (error, written) => {
      if (error !== null) done(error);
      // A short write is legal (it is how a nearly full disk answers); going on yields the rest or the reason.
      else if (written < end - start) this.write(bytes, start + written, end, position + written, done);
      else if (DSYNC === 0) fs.fdatasync(this.#fd, done);
      else done(null);
    });
  }

  async read(bytes: Uint8Array, position: number): Promise<number> {
    let count = 0;
    while (count < bytes.length) {
      const got = await this.#readOnce(bytes, count, position + count);
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  #readOnce(bytes: Uint8Array, start: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, bytes, start, bytes.length - start, position, (error, got) =>
        error === null ? resolve(got) : reject(error),
      );
    });
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    });
  }

  truncate(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => (error === null ? resolve() : reject(error));
      fs.ftruncate(this.#fd, size, (error) => (error === null ? fs.fsync(this.#fd, settle) : settle(error)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.#fd, (error) => (error == null ? resolve() : reject(error)));
    });
  }
}
