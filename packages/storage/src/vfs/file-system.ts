/**
 * Port: the disk as the write-ahead log sees it. Three implementations: `NodeFiles` (real), `MemoryFiles` (fast, can crash)
 * and `FaultyFiles` (lies and fails on command, around any of them).
 *
 * Durability is part of the contract, because it is all the log is about:
 * - a `write` is durable when its callback runs without an error (the real one opens with O_DSYNC: one trip to the thread
 *   pool where write and fdatasync would take two);
 * - `truncate` is durable when it resolves;
 * - the name of a created, renamed or removed file is durable only after `syncDirectory` of its folder.
 *
 * Errors are those of the operating system, with `code` (`ENOENT`, `ENOSPC`, ...).
 */
export interface FileSystem {
  /** Creates the folder and its parents, readable by the owner alone (0700); content when it exists already. */
  makeDirectory(path: string): Promise<void>;
  /** Names in the folder, in no order. */
  list(path: string): Promise<string[]>;
  exists(path: string): Promise<boolean>;
  open(path: string, mode: OpenMode): Promise<File>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all it holds; content when it does not exist. */
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

/** `create` empties a file that exists; `write` also reads. */
export type OpenMode = "read" | "write" | "create";

export interface File {
  /**
   * Writes `bytes[start, end)` at `position`, extending the file if need be. The bytes must not change before `done` runs,
   * which happens exactly once and never within the call. After an error any part of the range may have been written.
   */
  write(bytes: Uint8Array, start: number, end: number, position: number, done: WriteDone): void;
  /** Fills `bytes` from `position`. @returns the count read: less than asked only at the end of the file. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** In bytes. */
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export type WriteDone = (error: Error | null) => void;

/** `write` as a promise, for everything that is not the hot path. */
export function writeFully(file: File, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    file.write(bytes, 0, bytes.length, position, (error) => (error === null ? resolve() : reject(error)));
  });
}
