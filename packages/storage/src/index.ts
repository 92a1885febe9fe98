/** Write-ahead log, RocksDB engine, data directory. */

// Failures
export { CorruptionError, OperationalError } from "./errors.js";
export type { StorageErrorCode } from "./errors.js";

// The directory of a member
export { DataDir, openDataDir } from "./data-dir.js";
export { DirectoryLock } from "./directory-lock.js";

// The log
export { createWal, openWal, walExists } from "./wal/create-wal.js";
export type { OpenedWal } from "./wal/create-wal.js";
export { readLog } from "./wal/log-contents.js";
export type { LogContents, LogStart } from "./wal/log-contents.js";
export { defaultWalLimits } from "./wal/limits.js";
export type { WalLimits } from "./wal/limits.js";
export type { WalMetadata, WalSnapshot } from "./wal/record.js";
export type { Wal } from "./wal/wal.js";
export type { AppendDone, WalBatch } from "./wal/wal-writer.js";

// The disk under the log
export type { File, FileSystem } from "./vfs/file-system.js";
export { NodeFiles } from "./vfs/node-files.js";

// The engine
export { RocksEngine } from "./rocks/rocks-engine.js";
export { WorkerEngine } from "./rocks/worker-engine.js";
